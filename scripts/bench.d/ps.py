"""Read /proc/PID/stat of 1000 sleeping children; the whole of `ps` from procps is another peer."""
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
start = time.perf_counter()
if sys.argv[1:] == ["procps"]:
    subprocess.run(["ps", "-o", "pid,stat,comm", "--ppid", str(os.getpid())], stdout=subprocess.DEVNULL)
else:
    for pid in children:
        with open(f"/proc/{pid}/stat") as stat:
            assert stat.read().split()[2] in "SRD"
elapsed = time.perf_counter() - start
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
print(elapsed)
