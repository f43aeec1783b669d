// Terminals: window size, pty pairs, the foreground group.
#include "brood_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int32_t brood_window_size(int32_t fd, uint16_t *rows, uint16_t *columns) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 0;
}

int32_t brood_set_window_size(int32_t fd, uint16_t rows, uint16_t columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

static int32_t open_slave(int main) {
  char name[64];
  if (grantpt(main) < 0 || unlockpt(main) < 0) return -errno;
  int error = ptsname_r(main, name, sizeof name);
  if (error) return -error;
  int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return -errno;
  struct termios modes;
  if (tcgetattr(slave, &modes) == 0) {
    cfmakeraw(&modes);
    tcsetattr(slave, TCSANOW, &modes);
  }
  return slave;
}

int32_t brood_open_pty(int32_t *main, int32_t *slave) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int32_t other = open_slave(fd);
  if (other < 0) {
    close(fd);
    return other;
  }
  *main = fd;
  *slave = other;
  return 0;
}

int32_t brood_take_terminal(int32_t fd) {
  if (setsid() < 0) return -errno;
  return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

int32_t brood_set_foreground(int32_t fd, int32_t pgid) {
  sigset_t block, old;
  sigemptyset(&block);
  sigaddset(&block, SIGTTOU);
  sigprocmask(SIG_BLOCK, &block, &old);
  int32_t result = tcsetpgrp(fd, pgid) < 0 ? -errno : 0;
  sigprocmask(SIG_SETMASK, &old, NULL);
  return result;
}
