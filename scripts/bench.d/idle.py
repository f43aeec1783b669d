"""The same with multiprocessing.Queue."""
import multiprocessing
import pathlib
import time

context = multiprocessing.get_context("fork")
queue = context.Queue()
waiting = [context.Process(target=queue.get) for _ in range(100)]
for process in waiting:
    process.start()


def cpu():
    return sum(
        int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[0])
        for process in waiting)


time.sleep(1)
before = cpu()
time.sleep(3)
print((cpu() - before) / 1e9)
for process in waiting:
    process.kill()
