import os, sys
a = os.fork()
if a == 0:
    b = os.fork()
    if b == 0:
        print("grandchild", flush=True)
        os._exit(2)
    _, status = os.waitpid(b, 0)
    print("child sees", os.WEXITSTATUS(status), flush=True)
    os._exit(3)
_, status = os.waitpid(a, 0)
print("parent sees", os.WEXITSTATUS(status))
