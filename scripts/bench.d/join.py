import time


def main():
    start = time.perf_counter()
    parts = []
    for i in range(200_000):
        parts += [f"item {i}"]
    text = ",".join(parts)
    assert len(text) == 2_288_889, len(text)
    print(time.perf_counter() - start)


main()
