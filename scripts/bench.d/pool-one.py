import time
from multiprocessing import Pool


def square(x):
    return x * x


with Pool(2) as pool:
    pool.map(square, range(1000), chunksize=1)
    start = time.perf_counter()
    pool.map(square, range(20000), chunksize=1)
    print((time.perf_counter() - start) / 20000)
