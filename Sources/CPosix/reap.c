// Waiting on children, and what one process may set on another.
#include "brood_process.h"
#include "brood_loop.h"
#include "brood_signals.h"
#include "record.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t nanoseconds(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

// The system call itself, since the library's waitid has no rusage.
static int32_t wait_for(idtype_t type, id_t id, int options, struct brood_end *end) {
  siginfo_t info;
  struct rusage usage;
  long result;
  memset(&info, 0, sizeof info);
  memset(&usage, 0, sizeof usage);
  do result = syscall(SYS_waitid, type, id, &info, options, &usage);
  while (result < 0 && errno == EINTR && (options & WNOHANG));
  if (result < 0) return -errno;
  end->pid = info.si_pid;
  end->code = info.si_code;
  end->status = info.si_status;
  end->user_time = nanoseconds(usage.ru_utime);
  end->system_time = nanoseconds(usage.ru_stime);
  end->max_rss = usage.ru_maxrss * 1024LL;
  return info.si_pid;
}

static int end_options(bool keep, bool now) {
  return WEXITED | (keep ? WNOWAIT : 0) | (now ? WNOHANG : 0);
}

int32_t brood_wait_pidfd(int32_t pidfd, bool keep, bool now, struct brood_end *end) {
  return wait_for(P_PIDFD, (id_t)pidfd, end_options(keep, now), end);
}

int32_t brood_wait_pid(int32_t pid, bool keep, bool now, struct brood_end *end) {
  return wait_for(P_PID, (id_t)pid, end_options(keep, now), end);
}

int32_t brood_wait_any(struct brood_end *end) {
  return wait_for(P_ALL, 0, end_options(false, true), end);
}

// Signals are blocked and taken by hand, so that none is lost between the look and the sleep, and
// so that the child's own SIGCHLD costs no handler, no eventfd and no epoll.
int32_t brood_wait_child(int32_t pid, bool keep, int64_t deadline, struct brood_end *end) {
  sigset_t set, old;
  int32_t result;
  brood_caught(&set);
  sigprocmask(SIG_BLOCK, &set, &old);
  set.__val[0] &= ~old.__val[0];  // what the user has blocked stays pending
  for (;;) {
    result = wait_for(P_PID, (id_t)pid, end_options(keep, true), end);
    if (result) break;
    result = -EINTR;
    if (brood_attention) break;
    struct timespec time, *limit = NULL;
    if (deadline != INT64_MAX) {
      int64_t rest = deadline - brood_monotonic();
      result = 0;
      if (rest <= 0) break;
      time.tv_sec = rest / 1000000000;
      time.tv_nsec = rest % 1000000000;
      limit = &time;
    }
    siginfo_t info;
    int signal = sigtimedwait(&set, &info, limit);
    // Another child's end is found when this one's has been.
    if (signal > 0 && (signal != SIGCHLD || info.si_pid != pid || info.si_code == CLD_STOPPED ||
        info.si_code == CLD_CONTINUED))
      brood_record(&info);
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}

int32_t brood_next_stop(struct brood_end *end) {
  return wait_for(P_ALL, 0, WSTOPPED | WCONTINUED | WNOHANG, end);
}

int32_t brood_pidfd_signal(int32_t pidfd, int32_t signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int32_t brood_subreaper(bool on) {
  return prctl(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0) < 0 ? -errno : 0;
}

int32_t brood_die_with(int32_t parent, int32_t signal) {
  if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) < 0) return -errno;
  return getppid() == parent ? 0 : -ESRCH;
}

int32_t brood_get_nice(int32_t pid, int32_t *nice) {
  errno = 0;
  int value = getpriority(PRIO_PROCESS, (id_t)pid);
  if (value == -1 && errno) return -errno;
  *nice = value;
  return 0;
}

int32_t brood_set_nice(int32_t pid, int32_t nice) {
  return setpriority(PRIO_PROCESS, (id_t)pid, nice) < 0 ? -errno : 0;
}

int32_t brood_limit_data(int32_t pid, uint64_t bytes) {
  struct rlimit limit;
  if (prlimit(pid, RLIMIT_DATA, NULL, &limit) < 0) return -errno;
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  return prlimit(pid, RLIMIT_DATA, &limit, NULL) < 0 ? -errno : 0;
}

char *const *brood_environment(void) { return environ; }
