#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int support_spawn(
    pid_t *pid, const char *path, char *const arguments[], char *const environment[],
    const char *directory, const int descriptors[3], const char *tty) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);

  posix_spawn_file_actions_init(&actions);
  if (directory) posix_spawn_file_actions_addchdir_np(&actions, directory);
  // A session leader without a terminal gets the first one that it opens.
  if (tty) posix_spawn_file_actions_addopen(&actions, 0, tty, O_RDWR, 0);
  for (int i = tty ? 1 : 0; i < 3; i++)
    posix_spawn_file_actions_adddup2(&actions, tty ? 0 : descriptors[i], i);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);

  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);

  int failure = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

int support_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int support_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int support_open_pty(char *name, size_t capacity, int columns, int rows) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -1;
  if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, capacity)
      || support_resize_pty(master, columns, rows)) {
    close(master);
    return -1;
  }
  return master;
}

int support_resize_pty(int master, int columns, int rows) {
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
  return ioctl(master, TIOCSWINSZ, &size);
}

// As many cases run at a time as libdispatch has threads, one for each processor. A case blocks its
// thread and waits for programs most of its time, so two for each are right.
long sysconf(int name) {
  static long (*real)(int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sysconf");
  long value = real(name);
  return name == _SC_NPROCESSORS_CONF || name == _SC_NPROCESSORS_ONLN ? 2 * value : value;
}
