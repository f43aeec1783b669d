"""Small ints through multiprocessing.Queue, or faster-fifo: seconds for each.

Arguments: producers, items in all, items at a time, and "fifo" for faster-fifo.
"""
import multiprocessing
import sys
import time
from queue import Empty

producers, total, batch = map(int, sys.argv[1:4])
each_one = total // producers
context = multiprocessing.get_context("fork")
if sys.argv[4:] == ["fifo"]:
    import faster_fifo
    queue = faster_fifo.Queue(max_size_bytes=200_000_000)
else:
    queue = context.Queue()


def produce():
    if batch == 1:
        for i in range(each_one):
            queue.put(i)
    elif hasattr(queue, "put_many"):
        some = list(range(batch))
        for _ in range(each_one // batch):
            queue.put_many(some)
    else:
        for i in range(each_one):
            queue.put(i)


workers = [context.Process(target=produce) for _ in range(producers)]
for worker in workers:
    worker.start()
left = each_one * producers
queue.get()
left -= 1
start = time.perf_counter()
if batch > 1 and hasattr(queue, "get_many"):
    while left > 0:
        try:
            left -= len(queue.get_many(max_messages_to_get=batch))
        except Empty:
            pass
else:
    while left > 0:
        try:
            queue.get()
            left -= 1
        except Empty:
            pass
print((time.perf_counter() - start) / (each_one * producers))
for worker in workers:
    worker.join()
