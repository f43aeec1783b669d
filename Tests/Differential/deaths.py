import os, signal, time
for name in ["HUP", "INT", "QUIT", "KILL", "USR1", "PIPE", "ALRM", "TERM"]:
    number = getattr(signal, "SIG" + name)
    pid = os.fork()
    if pid == 0:
        if name != "KILL":
            signal.signal(number, signal.SIG_DFL)
        time.sleep(3600)
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    print(name, signal.Signals(os.WTERMSIG(status)).name[3:], str(os.WIFSIGNALED(status)).lower())
