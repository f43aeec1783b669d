import os, signal
def names(s):
    return "[" + ", ".join('"%s"' % x.name[3:] for x in sorted(s)) + "]"
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
print(names(signal.sigpending()))
count = 0
def handler(*_):
    global count
    count += 1
signal.signal(signal.SIGUSR1, handler)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
print(count, names(signal.sigpending()))
