import time
from multiprocessing import Pool


def square(x):
    return x * x


with Pool(2) as pool:
    pool.map(square, range(1000))
    start = time.perf_counter()
    pool.map(square, range(1_000_000))
    print((time.perf_counter() - start) / 1_000_000)
