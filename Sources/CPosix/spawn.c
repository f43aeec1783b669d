// Programs: vfork(2) and execve(2), with the shell's own settings taken back.
#include "brood_files.h"
#include "brood_process.h"
#include "brood_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void to_set(uint64_t mask, sigset_t *set) {
  sigemptyset(set);
  for (; mask; mask &= mask - 1) sigaddset(set, __builtin_ctzll(mask) + 1);
}

// Sets a soft limit and yields the one before, so that a program inherits another than the shell.
static struct rlimit swap_soft(int resource, rlim_t soft) {
  struct rlimit old, new;
  getrlimit(resource, &old);
  new = old;
  new.rlim_cur = soft < old.rlim_max ? soft : old.rlim_max;
  if (new.rlim_cur != old.rlim_cur) setrlimit(resource, &new);
  return old;
}

// The child of vfork(2) runs in this process's memory while this process waits, so a child that a key
// stops before its exec would stop both for ever. A handler, which exec(2) takes away, keeps that off.
static volatile sig_atomic_t stopped_by;

static void note_stop(int signal) { stopped_by = signal; }

static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};

static void set_handlers(uint64_t defaults, bool is_alone) {
  struct sigaction action, ignore = {.sa_handler = SIG_IGN}, note = {.sa_handler = note_stop};
  sigfillset(&note.sa_mask);
  for (int signal = 1; signal <= 64; signal++) {
    bool is_default = defaults >> (signal - 1) & 1;
    if (sigaction(signal, NULL, &action) < 0) continue;
    bool is_ignored = action.sa_handler == SIG_IGN;
    if (action.sa_handler == SIG_DFL || (is_ignored && !is_default)) continue;
    action = (struct sigaction){.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
  }
  for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
    if (sigaction(stops[i], NULL, &action) < 0 || action.sa_handler == SIG_IGN) continue;
    // What has come was for the group that the child has left; one that it joins may have had it, too.
    if (is_alone) sigaction(stops[i], &ignore, NULL);
    sigaction(stops[i], &note, NULL);
  }
}

static int move_descriptor(int from, int to) {
  if (from != to) return dup2(from, to);
  int flags = fcntl(from, F_GETFD);
  return flags < 0 ? -1 : fcntl(from, F_SETFD, flags & ~FD_CLOEXEC);
}

// In the child, with all signals blocked; yields only if it failed.
static int become(const struct brood_spawn *request) {
  sigset_t mask;
  if (request->new_session) {
    if (setsid() < 0) return errno;
  } else if (request->group >= 0 && setpgid(0, request->group) < 0) {
    return errno;
  }
  set_handlers(request->defaults, request->new_session || request->group == 0);
  if (request->terminal >= 0 && tcsetpgrp(request->terminal, getpgrp()) < 0) return errno;
  for (int32_t i = 0; i < request->move_count; i++)
    if (move_descriptor(request->moves[2 * i], request->moves[2 * i + 1]) < 0) return errno;
  if (request->directory && chdir(request->directory) < 0) return errno;
  to_set(request->mask, &mask);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  execve(request->path, request->arguments, request->environment);
  return errno;
}

// A function of its own, whose variables the child may change.
__attribute__((noinline)) static pid_t start(const struct brood_spawn *request, volatile int *failure) {
  pid_t pid = vfork();
  if (pid < 0) *failure = errno;
  if (pid != 0) return pid;
  *failure = become(request);
  _exit(127);
}

static pid_t start_with_limits(const struct brood_spawn *request, volatile int *failure) {
  struct rlimit files = swap_soft(RLIMIT_NOFILE, brood_original_nofile());
  struct rlimit locks;
  if (request->mark) locks = swap_soft(RLIMIT_LOCKS, request->soft_mark);
  pid_t pid = start(request, failure);
  if (files.rlim_cur != brood_original_nofile()) setrlimit(RLIMIT_NOFILE, &files);
  if (request->mark) setrlimit(RLIMIT_LOCKS, &locks);
  return pid;
}

int32_t brood_spawn(const struct brood_spawn *request, int32_t *pidfd) {
  sigset_t all, old;
  volatile int failure = 0;
  *pidfd = -1;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  stopped_by = 0;
  pid_t pid = start_with_limits(request, &failure);
  if (failure) {
    if (pid > 0) waitpid(pid, NULL, 0);
  } else {
    if (stopped_by) kill(pid, stopped_by);
    *pidfd = brood_pidfd_open(pid);
    if (*pidfd < 0) {
      failure = -*pidfd;
      kill(pid, SIGKILL);
      waitpid(pid, NULL, 0);
    }
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return failure ? -failure : pid;
}

int32_t brood_exec(
  const char *path, char *const *arguments, char *const *environment, uint64_t defaults,
  uint64_t mask) {
  struct sigaction saved[65], action = {.sa_handler = SIG_DFL};
  sigset_t set, all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  // What was recorded would be lost with this image.
  if (brood_attention) {
    sigprocmask(SIG_SETMASK, &old, NULL);
    return -EINTR;
  }
  // What ends a program ends this process from now on.
  const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
    if (brood_signal_get(ending[i]) == brood_disposition_record)
      defaults |= 1ULL << (ending[i] - 1);
  for (uint64_t rest = defaults; rest; rest &= rest - 1) {
    int signal = __builtin_ctzll(rest) + 1;
    sigaction(signal, &action, &saved[signal]);
  }
  struct rlimit files = swap_soft(RLIMIT_NOFILE, brood_original_nofile());
  to_set(mask, &set);
  sigprocmask(SIG_SETMASK, &set, NULL);
  execve(path, arguments, environment);
  int32_t result = -errno;
  sigprocmask(SIG_SETMASK, &all, NULL);
  if (files.rlim_cur != brood_original_nofile()) setrlimit(RLIMIT_NOFILE, &files);
  for (uint64_t rest = defaults; rest; rest &= rest - 1) {
    int signal = __builtin_ctzll(rest) + 1;
    sigaction(signal, &saved[signal], NULL);
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}
