import time


def main():
    words = "the quick brown fox jumps over the lazy dog and the cat".split()
    start = time.perf_counter()
    counts = {}
    for _ in range(20_000):
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    assert counts["the"] == 60_000
    print(time.perf_counter() - start)


main()
