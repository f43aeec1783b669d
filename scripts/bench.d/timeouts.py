"""The same with multiprocessing."""
import multiprocessing
import queue
import time

context = multiprocessing.get_context("fork")
items = context.Queue()
ours, theirs = context.Pipe()
lock = context.Lock()
lock.acquire()
latest = 0
for i in range(200):
    timeout = 0.01 * (1 + i % 5)
    start = time.perf_counter()
    kind = i // 5 % 4
    if kind == 0:
        try:
            items.get(timeout=timeout)
        except queue.Empty:
            pass
    elif kind == 1:
        ours.poll(timeout)
    elif kind == 2:
        lock.acquire(timeout=timeout)
    else:
        time.sleep(timeout)
    latest = max(latest, time.perf_counter() - start - timeout)
print(latest)
