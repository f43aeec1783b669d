"""Brings about one situation in which processes wait, and says who is in it.

usage: situations.py NAME[:keeps|:receives] [PROGRAM ARG…]

With `:keeps` or `:receives` a process that has no part in it has descriptors on their way.

Prints `ready OWN PID [PID…]`: its own pid, that of the process to ask about, and those that could
wake it. Then it runs the program, in whose words PID is the process to ask about, and prints
`status N`; without a program it stays until its standard input is closed. All processes that it
makes end with it.
"""

import ctypes
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
children = []
keep = []
place = tempfile.mkdtemp(prefix="brood-situation-")


def child(body):
    """Runs a function in a forked process, which dies with this one."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        os.close(0)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        if os.getppid() != parent:
            os._exit(1)
        try:
            body()
        finally:
            os._exit(0)
    children.append(pid)
    return pid


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def until(condition, pause=lambda: time.sleep(0.01)):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            sys.exit("the situation did not come about")
        pause()


def meet(mine, yours):
    """Waits for another process without a sleep that could be taken for the one to come."""
    open(mine, "w").close()
    until(lambda: os.path.exists(yours), os.sched_yield)


def switches(pid):
    """How often a process went to sleep so far; None unless it sleeps now."""
    if state(pid) not in "SD":
        return None
    with open(f"/proc/{pid}/status") as file:
        return [line for line in file if line.startswith("voluntary")]


def asleep(*pids):
    """Waits until each process stays in one sleep."""

    def settled():
        before = [switches(pid) for pid in pids]
        time.sleep(0.1)
        return None not in before and before == [switches(pid) for pid in pids]

    until(settled)


def sleep():
    time.sleep(3600)


def path(name):
    return os.path.join(place, name)


# One process asleep.


def pipe_read():
    r, w = os.pipe()

    def reader():
        os.close(w)
        os.read(r, 1)

    def writer():
        os.close(r)
        sleep()

    one, other = child(reader), child(writer)
    os.close(r)
    os.close(w)
    return one, other


def pipe_write():
    r, w = os.pipe()

    def writer():
        os.close(r)
        while True:
            os.write(w, bytes(65536))

    def reader():
        os.close(w)
        sleep()

    one, other = child(writer), child(reader)
    os.close(r)
    os.close(w)
    return one, other


def socket_read():
    a, b = socket.socketpair()
    one = child(lambda: (b.close(), a.recv(1)))
    other = child(lambda: (a.close(), sleep()))
    a.close()
    b.close()
    return one, other


def tcp_read():
    listener = socket.create_server(("127.0.0.1", 0))
    a = socket.create_connection(listener.getsockname())
    b = listener.accept()[0]
    listener.close()
    one = child(lambda: (b.close(), a.recv(1)))
    other = child(lambda: (a.close(), sleep()))
    a.close()
    b.close()
    return one, other


def accept():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path("door"))
    listener.listen()
    return (child(listener.accept),)


def wait_any():
    def parent():
        child(sleep)
        child(sleep)
        os.wait()

    return (child(parent),)


def wait_one():
    r, w = os.pipe()

    def parent():
        kid = child(sleep)
        os.write(w, struct.pack("i", kid))
        os.waitpid(kid, 0)

    one = child(parent)
    return one, struct.unpack("i", os.read(r, 4))[0]


def wait_id():
    r, w = os.pipe()

    def parent():
        kid = child(sleep)
        os.write(w, struct.pack("i", kid))
        os.waitid(os.P_PIDFD, os.pidfd_open(kid), os.WEXITED)

    one = child(parent)
    return one, struct.unpack("i", os.read(r, 4))[0]


def nap():
    return (child(sleep),)


def pause():
    return (child(signal.pause),)


def sigsuspend():
    return (child(lambda: libc.sigsuspend(ctypes.byref(ctypes.create_string_buffer(128)))),)


def sigwait():
    def waiter():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        signal.sigwait([signal.SIGUSR1])

    return (child(waiter),)


def semaphore():
    """Of multiprocessing: a word in memory that both share."""
    memory = mmap.mmap(-1, 4096)
    word = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc.sem_init(ctypes.c_void_p(word), 1, 0)
    one = child(lambda: libc.sem_wait(ctypes.c_void_p(word)))
    other = child(sleep)
    keep.append(memory)
    return one, other


def mutex():
    """Of one process, which locks it twice."""

    def locker():
        lock = ctypes.create_string_buffer(64)
        libc.pthread_mutex_init(lock, None)
        libc.pthread_mutex_lock(lock)
        libc.pthread_mutex_lock(lock)

    return (child(locker),)


def whole_lock():
    name = path("lock")

    def holder():
        file = open(name, "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        open(path("held"), "w").close()
        sleep()

    other = child(holder)
    until(lambda: os.path.exists(path("held")))
    one = child(lambda: fcntl.flock(open(name, "w"), fcntl.LOCK_EX))
    return one, other


def record_lock():
    name = path("lock")

    def holder():
        file = open(name, "w")
        fcntl.lockf(file, fcntl.LOCK_EX)
        open(path("held"), "w").close()
        sleep()

    other = child(holder)
    until(lambda: os.path.exists(path("held")))
    one = child(lambda: fcntl.lockf(open(name, "w"), fcntl.LOCK_EX))
    return one, other


def open_lock():
    name = path("lock")
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)

    def holder():
        file = open(name, "w")
        fcntl.fcntl(file, 37, request)  # F_OFD_SETLK
        open(path("held"), "w").close()
        sleep()

    other = child(holder)
    until(lambda: os.path.exists(path("held")))
    one = child(lambda: fcntl.fcntl(open(name, "w"), 38, request))  # F_OFD_SETLKW
    return one, other


def message():
    queue = libc.msgget(0, 0o600)
    keep.append(lambda: libc.msgctl(queue, 0, None))
    return (child(lambda: libc.msgrcv(queue, ctypes.create_string_buffer(64), 8, 0, 0)),)


def semop():
    semaphores = libc.semget(0, 1, 0o600)
    keep.append(lambda: libc.semctl(semaphores, 0, 0))
    take = struct.pack("Hhh", 0, -1, 0)
    return (child(lambda: libc.semop(semaphores, take, 1)),)


def posted():
    name = f"/brood-situation-{os.getpid()}".encode()
    queue = libc.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
    if queue < 0:
        sys.exit("no POSIX queues here")
    keep.append(lambda: libc.mq_unlink(name))
    return (
        child(lambda: libc.mq_receive(queue, ctypes.create_string_buffer(65536), 65536, None)),
    )


def polls(wait):
    r, w = os.pipe()
    one = child(lambda: (os.close(w), wait(r)))
    other = child(lambda: (os.close(r), sleep()))
    os.close(r)
    os.close(w)
    return one, other


def poll():
    def wait(r):
        poll = select.poll()
        poll.register(r, select.POLLIN)
        poll.poll()

    return polls(wait)


def selects():
    return polls(lambda r: select.select([r], [], []))


def epoll():
    def wait(r):
        epoll = select.epoll()
        epoll.register(r, select.EPOLLIN)
        epoll.poll()

    return polls(wait)


def fifo_open():
    os.mkfifo(path("fifo"))
    return (child(lambda: open(path("fifo"))),)


def eventfd():
    event = os.eventfd(0)
    one = child(lambda: os.eventfd_read(event))
    other = child(sleep)
    os.close(event)
    return one, other


def terminal():
    master, slave = os.openpty()
    keep.append(master)

    def reader():
        os.setsid()
        fcntl.ioctl(slave, 0x540E, 0)  # TIOCSCTTY
        os.read(slave, 1)

    return (child(reader),)


def lent_memory():
    os.mkfifo(path("fifo"))

    def spawner():
        actions = [(os.POSIX_SPAWN_OPEN, 5, path("fifo"), os.O_RDONLY, 0)]
        os.posix_spawn("/bin/true", ["true"], {}, file_actions=actions)

    one = child(spawner)
    # Who opened it before it became a program would be left.
    keep.append(lambda: open(path("fifo"), "w").close())
    return (one,)


def running():
    def spinner():
        while True:
            pass

    return (child(spinner),)


def stopped():
    one = child(sleep)
    asleep(one)
    os.kill(one, signal.SIGSTOP)
    until(lambda: state(one) == "T")
    os.kill(one, signal.SIGTERM)
    return (one,)


def zombie():
    def parent():
        child(lambda: os._exit(42))
        sleep()

    one = child(parent)
    with open(f"/proc/{one}/task/{one}/children") as file:
        pass
    kids = lambda: open(f"/proc/{one}/task/{one}/children").read().split()
    until(lambda: kids() and state(int(kids()[0])) == "Z")
    return int(kids()[0]), one


# Several processes that hold each other.


def crossed_pipes():
    r1, w1 = os.pipe()
    r2, w2 = os.pipe()

    def one():
        os.close(r1)
        os.close(w2)
        os.read(r2, 1)

    def other():
        os.close(r2)
        os.close(w1)
        os.read(r1, 1)

    pids = child(one), child(other)
    for end in (r1, w1, r2, w2):
        os.close(end)
    return pids


def own_end():
    r, w = os.pipe()
    one = child(lambda: os.read(r, 1))
    os.close(r)
    os.close(w)
    return (one,)


def join_before_drain():
    def parent():
        r, w = os.pipe()
        kid = child(lambda: os.write(w, bytes(200000)))
        os.close(w)
        os.waitpid(kid, 0)

    return (child(parent),)


def crossed_locks():
    a, b = path("a"), path("b")

    def taker(first, second, mine, yours):
        one = open(first, "w")
        fcntl.flock(one, fcntl.LOCK_EX)
        meet(mine, yours)
        fcntl.flock(open(second, "w"), fcntl.LOCK_EX)

    return (
        child(lambda: taker(a, b, path("1"), path("2"))),
        child(lambda: taker(b, a, path("2"), path("1"))),
    )


def crossed_semaphores():
    """In memory that only their parent shares, and that waits for them."""
    r, w = os.pipe()

    def parent():
        memory = mmap.mmap(-1, 4096)
        base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        a, b = ctypes.c_void_p(base), ctypes.c_void_p(base + 64)
        libc.sem_init(a, 1, 1)
        libc.sem_init(b, 1, 1)

        def taker(first, second, mine, yours):
            os.close(w)
            libc.sem_wait(first)
            meet(mine, yours)
            libc.sem_wait(second)

        one = child(lambda: taker(a, b, path("1"), path("2")))
        other = child(lambda: taker(b, a, path("2"), path("1")))
        os.write(w, struct.pack("ii", one, other))
        os.close(w)
        os.waitpid(one, 0)
        os.waitpid(other, 0)

    child(parent)
    os.close(w)
    return struct.unpack("ii", os.read(r, 8))


# No deadlock, whatever it looks like.


def bystander():
    """A third process has inherited the end that could still write."""
    r, w = os.pipe()
    one = child(lambda: os.read(r, 1))
    other = child(sleep)
    os.close(r)
    os.close(w)
    return one, other


def alarmed():
    """A handler that a timer could call."""
    r, w = os.pipe()

    def reader():
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.alarm(3600)
        os.read(r, 1)

    one = child(reader)
    os.close(r)
    os.close(w)
    return (one,)


def timed():
    """A time limit."""
    r, w = os.pipe()
    one = child(lambda: select.select([r], [], [], 3600))
    os.close(r)
    os.close(w)
    return (one,)


def in_flight():
    """The only other end is in a message that has not been received."""
    a, b = socket.socketpair()
    r, w = os.pipe()
    socket.send_fds(a, [b"w"], [w])
    os.close(w)
    one = child(lambda: (a.close(), b.close(), os.read(r, 1)))
    other = child(lambda: (a.close(), os.close(r), sleep()))
    a.close()
    b.close()
    os.close(r)
    return one, other


def own_end_in_flight():
    """It has an end itself, and another is in a message to somebody else."""
    a, b = socket.socketpair()
    r, w = os.pipe()
    socket.send_fds(a, [b"w"], [w])
    one = child(lambda: (a.close(), b.close(), os.read(r, 1)))
    other = child(lambda: (a.close(), os.close(r), os.close(w), sleep()))
    a.close()
    b.close()
    os.close(r)
    os.close(w)
    return one, other


def two_threads():
    """Another thread could write."""
    import threading

    def process():
        r, w = os.pipe()
        threading.Thread(target=sleep).start()
        os.read(r, 1)

    return (child(process),)


def messenger(keeps):
    """Has a descriptor on its way to itself, for ever or again and again for a moment."""
    a, b = socket.socketpair()
    r, w = os.pipe()
    while True:
        socket.send_fds(a, [b"w"], [w])
        if keeps:
            sleep()
        time.sleep(0.01)
        _, received, _, _ = socket.recv_fds(b, 1, 1)
        os.close(received[0])
        time.sleep(0.05)


def main():
    name, program = sys.argv[1], sys.argv[2:]
    if name.endswith((":keeps", ":receives")):
        name, how = name.split(":")
        child(lambda: messenger(how == "keeps"))
    pids = globals()[name]()
    if name not in ("running", "stopped", "zombie"):
        asleep(*pids)
    print("ready", os.getpid(), *pids, flush=True)
    try:
        if program:
            words = [str(pids[0]) if word == "PID" else word for word in program]
            told = subprocess.run(words, stdin=subprocess.DEVNULL, check=False)
            print("status", told.returncode, flush=True)
        else:
            sys.stdin.read()
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for thing in keep:
            if callable(thing):
                try:
                    thing()
                except OSError:
                    pass
        subprocess.run(["rm", "-rf", place], check=False)


main()
