import multiprocessing
import time

value = multiprocessing.Value("q", 0)
start = time.perf_counter()
for _ in range(200_000):
    with value.get_lock():
        value.value += 1
print((time.perf_counter() - start) / 200_000)
