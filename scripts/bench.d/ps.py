"""Read of 1000 sleeping children what Brood's `ps` reads; the whole of `ps` from procps is another peer.

That is /proc/PID/stat of all processes, since children of children count, and /proc/PID/syscall of those
that sleep, which says what they wait for.
"""
import os
import signal
import subprocess
import sys
import time

children = []
for _ in range(1000):
    pid = os.fork()
    if pid == 0:
        signal.pause()
    children.append(pid)


def read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}") as file:
            return file.read().split()
    except OSError:  # it has ended meanwhile
        return []


start = time.perf_counter()
if sys.argv[1:] == ["procps"]:
    subprocess.run(["ps", "-o", "pid,stat,comm", "--ppid", str(os.getpid())], stdout=subprocess.DEVNULL)
else:
    stats = {int(pid): read(pid, "stat") for pid in os.listdir("/proc") if pid.isdigit()}
    for pid in children:
        assert stats[pid][2] in "SRD" and read(pid, "syscall")
elapsed = time.perf_counter() - start
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
print(elapsed)
