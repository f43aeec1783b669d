import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER, as Brood does
pid = os.fork()
if pid == 0:
    before = os.getpid()
    if os.fork() == 0:
        while os.getppid() == before:
            time.sleep(0.002)
        print(str(os.getppid() != before).lower(), flush=True)
        os._exit(0)
    os._exit(0)
os.waitpid(pid, 0)
os.wait()
