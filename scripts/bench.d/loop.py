import time


def main():
    start = time.perf_counter()
    i = total = 0
    while i < 1_000_000:
        i += 1
        total += i % 7
    assert total == 2_999_998, total
    print(time.perf_counter() - start)


main()
