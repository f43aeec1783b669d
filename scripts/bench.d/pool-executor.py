import time
from concurrent.futures import ProcessPoolExecutor


def square(x):
    return x * x


with ProcessPoolExecutor(2) as pool:
    list(pool.map(square, range(200)))
    start = time.perf_counter()
    list(pool.map(square, range(4000)))
    print((time.perf_counter() - start) / 4000)
