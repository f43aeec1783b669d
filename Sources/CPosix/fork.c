// The one fork point.
#include "brood_events.h"
#include "brood_files.h"
#include "brood_process.h"
#include "brood_signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Another thread's locks would stay locked in the child for ever.
static void require_one_thread(void) {
#ifdef DEBUG
  struct stat info;
  if (stat("/proc/self/task", &info) == 0 && info.st_nlink > 3) {
    fprintf(stderr, "brood: fork with %d threads\n", (int)info.st_nlink - 2);
    abort();
  }
#endif
}

_Noreturn void brood_exit_now(int32_t status) {
  if (brood_forks() == 0) brood_events_remove();
  for (;;) syscall(SYS_exit_group, status);
}

int32_t brood_fork(int32_t *pidfd, uint64_t number) {
  sigset_t all, old;
  if (pidfd) *pidfd = -1;
  require_one_thread();
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  pid_t pid = fork();
  int32_t result = pid < 0 ? -errno : pid;
  if (pid == 0) {
    brood_signals_forget();
    brood_events_forked();
    brood_extend_fork_path(number);
    // By syscall(2), which the parent has used: a lazily bound name costs each child 30 us.
    syscall(SYS_close_range, (unsigned)brood_private_base(), ~0U, 0);
  } else if (pid > 0 && pidfd) {
    *pidfd = brood_pidfd_open(pid);
    if (*pidfd < 0) {  // a child that could not be watched must not live
      result = *pidfd;
      kill(pid, SIGKILL);
      waitpid(pid, NULL, 0);
    }
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}
