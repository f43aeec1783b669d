// Names of the system calls in which a process is commonly seen.
#include "brood_loop.h"

#include <sys/syscall.h>

#define ROW(name) [SYS_##name] = #name,

static const char *const names[512] = {
  // Transfers.
  ROW(read) ROW(write) ROW(readv) ROW(writev) ROW(pread64) ROW(pwrite64) ROW(preadv) ROW(pwritev)
  ROW(preadv2) ROW(pwritev2) ROW(sendfile) ROW(splice) ROW(tee) ROW(vmsplice) ROW(copy_file_range)
  // Files.
  ROW(openat) ROW(close) ROW(lseek) ROW(fsync) ROW(fdatasync) ROW(sync) ROW(syncfs) ROW(ftruncate)
  ROW(fallocate) ROW(flock) ROW(fcntl) ROW(ioctl) ROW(getdents64) ROW(newfstatat) ROW(fstat)
  ROW(statx) ROW(readlinkat) ROW(unlinkat) ROW(renameat2) ROW(mkdirat) ROW(faccessat) ROW(chdir)
  ROW(pipe2) ROW(dup) ROW(dup3) ROW(close_range) ROW(mount) ROW(umount2)
  // Sockets.
  ROW(socket) ROW(socketpair) ROW(bind) ROW(listen) ROW(accept) ROW(accept4) ROW(connect)
  ROW(sendto) ROW(recvfrom) ROW(sendmsg) ROW(recvmsg) ROW(sendmmsg) ROW(recvmmsg) ROW(shutdown)
  // Waiting for several things.
  ROW(ppoll) ROW(pselect6) ROW(epoll_pwait) ROW(epoll_pwait2) ROW(epoll_ctl) ROW(epoll_create1)
  ROW(io_getevents) ROW(io_uring_enter) ROW(eventfd2) ROW(signalfd4) ROW(inotify_init1)
  // Processes.
  ROW(clone) ROW(clone3) ROW(execve) ROW(execveat) ROW(exit) ROW(exit_group) ROW(wait4)
  ROW(waitid) ROW(kill) ROW(tkill) ROW(tgkill) ROW(ptrace) ROW(prctl) ROW(pidfd_open)
  ROW(pidfd_send_signal) ROW(process_vm_readv) ROW(setpgid) ROW(setsid) ROW(prlimit64)
  // Signals.
  ROW(rt_sigsuspend) ROW(rt_sigtimedwait) ROW(rt_sigaction) ROW(rt_sigprocmask)
  ROW(rt_sigreturn) ROW(rt_sigpending) ROW(rt_sigqueueinfo) ROW(restart_syscall) ROW(sigaltstack)
  // Time.
  ROW(nanosleep) ROW(clock_nanosleep) ROW(clock_gettime) ROW(timer_create) ROW(timer_settime)
  ROW(setitimer) ROW(getitimer) ROW(timerfd_create) ROW(timerfd_settime) ROW(sched_yield)
  // Memory and locks.
  ROW(futex) ROW(futex_waitv) ROW(mmap) ROW(munmap) ROW(mprotect) ROW(mremap) ROW(madvise)
  ROW(msync) ROW(brk) ROW(memfd_create) ROW(userfaultfd) ROW(mlock) ROW(membarrier)
  // System V and POSIX messages.
  ROW(msgsnd) ROW(msgrcv) ROW(semop) ROW(semtimedop) ROW(mq_timedsend) ROW(mq_timedreceive)
  ROW(mq_open) ROW(msgget) ROW(semget) ROW(shmat) ROW(shmdt) ROW(shmget)
#ifdef __x86_64__
  ROW(open) ROW(stat) ROW(lstat) ROW(access) ROW(pipe) ROW(dup2) ROW(poll) ROW(select)
  ROW(epoll_wait) ROW(pause) ROW(alarm) ROW(fork) ROW(vfork) ROW(unlink) ROW(rename) ROW(mkdir)
  ROW(readlink) ROW(getdents) ROW(eventfd) ROW(signalfd) ROW(epoll_create)
#endif
};

const char *brood_syscall_name(int64_t number) {
  return number >= 0 && number < 512 ? names[number] : 0;
}
