import time
from multiprocessing import Pool


def square(x):
    return x * x


start = time.perf_counter()
pool = Pool(4)
pool.apply(square, (3,))
print(time.perf_counter() - start)
pool.terminate()
