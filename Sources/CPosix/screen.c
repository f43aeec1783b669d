// A terminal that a command has for itself, and a process that gives it back after a KILL.
#include "brood_screen.h"
#include "brood_guardian.h"
#include "brood_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct {
  pid_t owner, keeper;
  int32_t fd;
  struct termios modes;
  char leave[255];
  size_t size;
} screen;

// What ends the shell's group leaves it alone.
static void keep(int32_t shell) {
  sigset_t deaths;
  sigemptyset(&deaths);
  sigaddset(&deaths, SIGUSR1);
  prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
  prctl(PR_SET_NAME, "brood-screen", 0, 0, 0);
  // Without a controlling terminal nothing stops it for setting modes from the background.
  setsid();
  // The guardian ends what is left of the session; this has to come after that has ended.
  if (brood_mark_current().level >= 0) brood_mark_detach(getpid());
  dup2(screen.fd, 0);
  // Pipes must not stay open because of it.
  syscall(SYS_close_range, 1, ~0U, 0);
  while (getppid() == shell) sigwaitinfo(&deaths, NULL);
  tcsetattr(0, TCSANOW, &screen.modes);
  struct pollfd entry = {.fd = 0, .events = POLLOUT};
  if (poll(&entry, 1, 1000) > 0) (void)!write(0, screen.leave, screen.size);
}

static void end_keeper(void) {
  if (screen.keeper) brood_hidden_end(screen.keeper);
  screen.keeper = 0;
}

int32_t brood_screen_enter(int32_t fd, const char *leave, size_t size) {
  struct termios own;
  if (size > sizeof screen.leave) return -EINVAL;
  if (screen.owner == getpid()) return -EBUSY;
  if (tcgetattr(fd, &screen.modes) < 0) return -errno;
  screen.fd = fd;
  memcpy(screen.leave, leave, size);
  screen.size = size;
  own = screen.modes;
  cfmakeraw(&own);
  own.c_oflag = screen.modes.c_oflag;
  int32_t keeper = brood_hidden_start(keep);
  screen.keeper = keeper > 0 ? keeper : 0;
  while (tcsetattr(fd, TCSADRAIN, &own) < 0) {
    int error = errno;
    if (error == EINTR) continue;
    end_keeper();
    return -error;
  }
  screen.owner = getpid();
  return 0;
}

int32_t brood_screen_leave(void) {
  // A forked child has not taken it.
  if (screen.owner != getpid()) return 0;
  screen.owner = 0;
  int32_t result = 0;
  while (tcsetattr(screen.fd, TCSADRAIN, &screen.modes) < 0) {
    if (errno == EINTR) continue;
    result = -errno;
    break;
  }
  end_keeper();
  return result;
}

int32_t brood_screen_keeper(void) { return screen.owner == getpid() ? screen.keeper : 0; }
