// The guardian: a child that outlives the session and takes down whatever is left of it.
// Only async-signal-safe calls and no malloc: it is a fork that never execs.
#include "brood_guardian.h"
#include "brood_files.h"
#include "brood_loop.h"
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_pids = 1 << 18, session_fd = 3 };
static const int64_t grace_of_guardians = 500000000, patience = 60000000000;

static void pause_for(long nanoseconds) {
  struct timespec time = {0, nanoseconds};
  nanosleep(&time, NULL);
}

static bool is_ours(struct brood_mark mark, int32_t pid, bool guardians_too) {
  uint64_t soft, hard;
  if (brood_mark_of(pid, &soft, &hard) < 0) return false;
  if ((hard ^ mark.value) >> mark.shift) return false;
  uint32_t part = (uint32_t)soft;
  if (part == brood_soft_detached || (int64_t)(soft >> 32) > mark.level) return false;
  return part != brood_soft_guardian || guardians_too;
}

// The pidfd is opened before the mark is read again, so a reused pid cannot be hit.
static bool kill_if_ours(struct brood_mark mark, int32_t pid, bool guardians_too) {
  if (!is_ours(mark, pid, guardians_too) || !brood_is_living(pid)) return false;
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return errno != ESRCH;
  bool ours = is_ours(mark, pid, guardians_too);
  if (ours) syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
  close(fd);
  return ours;
}

static void kill_the_rest(struct brood_mark mark) {
  static int32_t pids[most_pids];
  int64_t began = brood_monotonic();
  int clean = 0;
  long delay = 200000;
  while (clean < 2 && brood_monotonic() - began < patience) {
    // Inner guardians get time to unlink their sockets; their processes die here anyway.
    bool guardians_too = brood_monotonic() - began > grace_of_guardians;
    int32_t number = brood_proc_pids(pids, most_pids), hit = 0;
    for (int32_t i = 0; i < number && i < most_pids; i++)
      if (pids[i] != getpid() && kill_if_ours(mark, pids[i], guardians_too)) hit++;
    clean = hit ? 0 : clean + 1;
    if (!hit) continue;
    pause_for(delay);
    if (delay < 50000000) delay *= 2;  // only what cannot die at once is left
  }
}

static void ignore_everything(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};
  for (int signal = 1; signal <= 64; signal++) sigaction(signal, &ignore, NULL);
  int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  for (unsigned i = 0; i < sizeof own / sizeof *own; i++) sigaction(own[i], &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void let_go_of_descriptors(int session) {
  if (session != session_fd) dup2(session, session_fd);
  close_range(session_fd + 1, ~0U, 0);
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  if (null > session_fd) close(null);
  if (chdir("/") < 0) return;  // only to release the file system
}

static void watch(struct brood_mark mark, int session) {
  prctl(PR_SET_NAME, "brood-guardian", 0, 0, 0);
  ignore_everything();
  setsid();
  struct rlimit limit;
  getrlimit(RLIMIT_LOCKS, &limit);
  limit.rlim_cur = (limit.rlim_cur & ~0xffffffffULL) | brood_soft_guardian;
  setrlimit(RLIMIT_LOCKS, &limit);
  let_go_of_descriptors(session);
  struct pollfd entry = {.fd = session_fd, .events = POLLIN};
  while (poll(&entry, 1, -1) <= 0)
    if (errno != EINTR && errno != EAGAIN) pause_for(100000000);
  kill_the_rest(mark);
  brood_guardian_unlink_all();
}

int32_t brood_guardian_start(int32_t *pidfd) {
  struct brood_mark mark = brood_mark_current();
  sigset_t all, old;
  *pidfd = -1;
  if (mark.level < 0) return -ENOTSUP;
  // Opened here, since the session might be gone before its child could.
  int32_t session = brood_pidfd_open(getpid());
  if (session < 0) return session;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  pid_t pid = fork();
  if (pid == 0) {
    watch(mark, session);
    _exit(0);
  }
  int32_t result = pid < 0 ? -errno : pid;
  close(session);
  if (pid > 0) {
    *pidfd = brood_pidfd_open(pid);
    if (*pidfd < 0) {
      result = *pidfd;
      kill(pid, SIGKILL);
      waitpid(pid, NULL, 0);
    }
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}
