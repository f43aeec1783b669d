import time


def main():
    start = time.perf_counter()
    xs = []
    for i in range(1_000_000):
        xs += [i]
    total = 0
    for x in xs:
        total += x
    assert total == 499_999_500_000
    print(time.perf_counter() - start)


main()
