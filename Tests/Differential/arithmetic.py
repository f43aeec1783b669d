for a in [7, -7, 0, 12345678901]:
    for b in [3, -3, 1000]:
        print(a + b, a - b, a * b, a // b, a % b, str(a < b).lower())
print(len("日本語"), sum(range(10)), sorted([3, 1, 2]), 1 / 4)
