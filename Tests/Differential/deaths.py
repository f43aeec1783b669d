import os, resource, signal, time
for name in ["HUP", "INT", "QUIT", "KILL", "USR1", "PIPE", "ALRM", "TERM", "SEGV", "XCPU"]:
    number = getattr(signal, "SIG" + name)
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if name != "KILL":
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(3600)
    _, status = os.waitpid(pid, 0)
    print(name, signal.Signals(os.WTERMSIG(status)).name[3:], str(os.WIFSIGNALED(status)).lower())
