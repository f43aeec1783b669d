import multiprocessing
import time

lock = multiprocessing.Lock()
x = 0
start = time.perf_counter()
for _ in range(500_000):
    with lock:
        x += 1
print((time.perf_counter() - start) / 500_000)
