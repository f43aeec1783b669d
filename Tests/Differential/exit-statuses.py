import os
for n in [0, 1, 2, 42, 127, 128, 255]:
    pid = os.fork()
    if pid == 0:
        os._exit(n)
    _, status = os.waitpid(pid, 0)
    print(n, os.WEXITSTATUS(status), str(not os.WIFSIGNALED(status)).lower())
