import os
n = 1
pid = os.fork()
if pid == 0:
    n += 41
    os._exit(n)
_, status = os.waitpid(pid, 0)
print("child", os.WEXITSTATUS(status), "parent", n)
