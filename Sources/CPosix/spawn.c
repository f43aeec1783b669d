// Programs: posix_spawn(3) and execve(2), with the shell's own settings taken back.
#include "brood_files.h"
#include "brood_process.h"
#include "brood_signals.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
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

static int add_actions(posix_spawn_file_actions_t *actions, const struct brood_spawn *request) {
  int error = 0;
  if (request->terminal >= 0)
    error = posix_spawn_file_actions_addtcsetpgrp_np(actions, request->terminal);
  for (int32_t i = 0; i < request->move_count && !error; i++)
    error = posix_spawn_file_actions_adddup2(
      actions, request->moves[2 * i], request->moves[2 * i + 1]);
  if (request->directory && !error)
    error = posix_spawn_file_actions_addchdir_np(actions, request->directory);
  return error;
}

static int set_attributes(posix_spawnattr_t *attributes, const struct brood_spawn *request) {
  sigset_t set;
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  to_set(request->defaults, &set);
  posix_spawnattr_setsigdefault(attributes, &set);
  to_set(request->mask, &set);
  posix_spawnattr_setsigmask(attributes, &set);
  if (request->new_session) {
    flags |= POSIX_SPAWN_SETSID;
  } else if (request->group >= 0) {
    flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setpgroup(attributes, request->group);
  }
  return posix_spawnattr_setflags(attributes, flags);
}

static int spawn_with_limits(
  pid_t *pid, const struct brood_spawn *request, const posix_spawn_file_actions_t *actions,
  const posix_spawnattr_t *attributes) {
  struct rlimit files = swap_soft(RLIMIT_NOFILE, brood_original_nofile());
  struct rlimit locks;
  if (request->mark) locks = swap_soft(RLIMIT_LOCKS, request->soft_mark);
  int error = posix_spawn(
    pid, request->path, actions, attributes, request->arguments, request->environment);
  if (files.rlim_cur != brood_original_nofile()) setrlimit(RLIMIT_NOFILE, &files);
  if (request->mark) setrlimit(RLIMIT_LOCKS, &locks);
  return error;
}

int32_t brood_spawn(const struct brood_spawn *request, int32_t *pidfd) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t pid = -1;
  *pidfd = -1;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int error = add_actions(&actions, request);
  if (!error) error = set_attributes(&attributes, request);
  if (!error) error = spawn_with_limits(&pid, request, &actions, &attributes);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) return -error;
  *pidfd = brood_pidfd_open(pid);
  if (*pidfd >= 0) return pid;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return *pidfd;
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
