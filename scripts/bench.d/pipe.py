"""The same through multiprocessing.Pipe."""
import multiprocessing
import sys
import time

size, turns, one_way = int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3
context = multiprocessing.get_context("fork")
ours, theirs = context.Pipe()
message = 1 if size < 10 else "x" * size


def echo():
    for i in range(turns + 1):
        m = theirs.recv()
        if not one_way or i in (0, turns):
            theirs.send(m)


child = context.Process(target=echo)
child.start()
ours.send(1)
ours.recv()
start = time.perf_counter()
for _ in range(turns):
    ours.send(message)
    if not one_way:
        ours.recv()
if one_way:
    ours.recv()
print((time.perf_counter() - start) / turns)
child.join()
