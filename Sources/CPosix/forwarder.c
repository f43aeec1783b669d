// A process in the group of a terminal's foreground programs that tells the shell of Ctrl-C.
//
// The key sends INT to that group alone. Where all programs of it have just ended, and are zombies,
// the kernel drops the signal, and the shell, which is in another group, would never know.
#include "brood_loop.h"
#include "brood_process.h"
#include "brood_signals.h"
#include "record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int32_t forwarder, forwarder_group;

int32_t brood_hidden_start(void (*body)(int32_t shell)) {
  sigset_t all, old;
  pid_t shell = getpid();
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  long pid = syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
  int32_t result = pid < 0 ? -errno : (int32_t)pid;
  if (pid == 0) {
    body(shell);
    brood_exit_now(0);
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}

void brood_hidden_end(int32_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

// TSTP and HUP leave it alone, and a key that comes before it waits is kept.
static void forward(int32_t shell) {
  sigset_t keys;
  sigemptyset(&keys);
  sigaddset(&keys, SIGINT);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_NAME, "brood-keys", 0, 0, 0);
  // Pipes must not stay open because of it.
  syscall(SYS_close_range, 0, ~0U, 0);
  while (getppid() == shell)
    if (sigwaitinfo(&keys, NULL) == SIGINT) kill(shell, SIGINT);
}

int32_t brood_forwarder_start(int32_t group) {
  brood_forwarder_end();
  int32_t result = brood_hidden_start(forward);
  if (result < 0) return result;
  forwarder = result;
  if (setpgid(forwarder, group) < 0) {
    result = -errno;
    brood_forwarder_end();
    return result;
  }
  return forwarder_group = group ? group : forwarder;
}

int32_t brood_forwarder_group(void) {
  if (forwarder && waitpid(forwarder, NULL, __WALL | WNOHANG) != 0) forwarder = 0;
  return forwarder ? forwarder_group : 0;
}

int32_t brood_forwarder(void) { return forwarder; }

void brood_forwarder_end(void) {
  if (!forwarder) return;
  brood_hidden_end(forwarder);
  forwarder = 0;
}

void brood_forwarder_forget(void) {
  if (forwarder) forwarder = 0;
}

// Whether it sleeps and no key waits for it; also where that cannot be told.
static bool is_idle(void) {
  char text[4096];
  int64_t length = brood_proc_read(forwarder, "status", text, sizeof text - 1);
  if (length <= 0) return true;
  text[length] = 0;
  const char *state = strstr(text, "\nState:\t"), *pending = strstr(text, "\nShdPnd:\t");
  if (!state || !pending) return true;
  if (strchr("ZXTt", state[8])) return true;
  return state[8] == 'S' && !(strtoull(pending + 9, NULL, 16) & 1ULL << (SIGINT - 1));
}

void brood_forwarder_settle(int64_t limit) {
  const struct timespec moment = {.tv_nsec = 50000};
  if (!forwarder) return;
  int64_t deadline = brood_monotonic() + limit;
  while (!is_idle() && brood_monotonic() < deadline) nanosleep(&moment, NULL);
}
