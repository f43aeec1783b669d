// The guardian: a child that outlives the session and takes down whatever is left of it.
// Only async-signal-safe calls and no malloc: it is a fork that never execs.
#include "brood_guardian.h"
#include "brood_box.h"
#include "brood_events.h"
#include "brood_files.h"
#include "brood_loop.h"
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { session_fd = 3, proc_fd = 4, token_pipe_fd = 5, token_home_fd = 6 };
static const int64_t patience_of_guardian = 60000000000;

static void ignore_everything(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};
  for (int signal = 1; signal <= 64; signal++) sigaction(signal, &ignore, NULL);
  int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  for (unsigned i = 0; i < sizeof own / sizeof *own; i++) sigaction(own[i], &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Copies a descriptor to a number; the one that it has now, where the kernel refuses.
static int move_to(int fd, int number) {
  if (fd < 0 || fd == number) return fd;
  int result;
  do
    result = dup2(fd, number);
  while (result < 0 && (errno == EINTR || errno == EBUSY));
  return result < 0 ? fd : number;
}

// Tokens that the session has taken, and where they belong; -1 for none.
static int token_pipe = -1, token_home = -1;

void brood_guardian_hold_tokens(int32_t pipe, int32_t home) {
  token_pipe = pipe;
  token_home = home;
}

static void return_tokens(void) {
  if (token_pipe < 0 || token_home < 0) return;
  ssize_t moved;
  do
    moved = splice(token_pipe, NULL, token_home, NULL, 4096, SPLICE_F_NONBLOCK);
  while (moved > 0 || (moved < 0 && errno == EINTR));
}

// Closes all above standard error but these, of which any may be -1.
static void close_others(int a, int b, int c) {
  unsigned next = 3;
  for (int fd = 3; fd >= 0;) {
    fd = -1;
    int kept[] = {a, b, c};
    for (int i = 0; i < 3; i++)
      if (kept[i] >= (int)next && (fd < 0 || kept[i] < fd)) fd = kept[i];
    if (fd < 0) break;
    if ((unsigned)fd > next) close_range(next, fd - 1, 0);
    next = fd + 1;
  }
  close_range(next, ~0U, 0);
}

// Keeps the session's pidfd, whose number it yields, its tokens, and /proc, which may be out of reach
// later.
static int keep_descriptors(int session, int *proc) {
  // What it has is private, so above these numbers.
  session = move_to(session, session_fd);
  token_pipe = move_to(token_pipe, token_pipe_fd);
  token_home = move_to(token_home, token_home_fd);
  close_others(session, token_pipe, token_home);
  int opened = open("/proc", O_RDONLY | O_DIRECTORY);
  *proc = move_to(opened, proc_fd);
  if (opened >= 0 && opened != *proc) close(opened);
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) {
    // Better none than the terminal or a pipe of the session.
    if (move_to(null, fd) != fd) close(fd);
  }
  if (null > 2) close(null);
  if (chdir("/") < 0) return session;  // only to release the file system
  return session;
}

// Waits for the session's end. Only a pidfd that says so, or another parent, is one.
static void await_end(int session, pid_t parent) {
  struct pollfd entry = {.fd = session, .events = POLLIN};
  struct timespec moment = {0, 100000000};
  while (getppid() == parent) {
    int count = poll(&entry, 1, -1);
    if (count > 0 && (entry.revents & POLLIN)) return;
    if (count >= 0 || (errno != EINTR && errno != EAGAIN)) nanosleep(&moment, NULL);
  }
}

static void take_part_of_guardian(void) {
  struct rlimit limit;
  if (brood_mark_current().level < 0 || getrlimit(RLIMIT_LOCKS, &limit) < 0) return;
  limit.rlim_cur = brood_mark_with_part(limit.rlim_cur, brood_soft_guardian);
  setrlimit(RLIMIT_LOCKS, &limit);
}

static void watch(struct brood_mark mark, int session, pid_t parent) {
  prctl(PR_SET_NAME, "brood-guardian", 0, 0, 0);
  // Were it stopped when the session ends, the kernel lets it go on.
  prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);
  ignore_everything();
  setsid();
  take_part_of_guardian();
  int proc = -1;
  session = keep_descriptors(session, &proc);
  // Taken now, since it may be scarce later; without it one tries again then.
  brood_end_rest_prepare();
  await_end(session, parent);
  return_tokens();
  if (brood_box_write(0) == 0) brood_events_remove();
  struct timespec moment = {0, 100000000};
  while (!brood_end_rest_prepare()) nanosleep(&moment, NULL);
  brood_end_rest(mark, 0, 0, proc, patience_of_guardian);
  brood_guardian_unlink_all();
}

int32_t brood_guardian_start(int32_t *pidfd) {
  static bool was_started;
  sigset_t all, old;
  *pidfd = -1;
  // Without a mark of its own the session does with its table.
  if (!was_started) brood_mark_make_unique();
  was_started = true;
  struct brood_mark mark = brood_mark_current();
  // Opened here, since the session might be gone before its child could.
  int32_t session = brood_pidfd_open(getpid());
  if (session < 0) return session;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    watch(mark, session, parent);
    _exit(0);
  }
  int32_t result = pid < 0 ? -errno : pid;
  if (pid > 0) brood_events_note_guardian(pid);
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

int32_t brood_guardian_end_rest(int32_t guardian, int64_t timeout) {
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool is_clean = brood_end_rest(brood_mark_current(), getpid(), guardian, proc, timeout);
  if (proc >= 0) close(proc);
  return is_clean ? 0 : -ETIME;
}
