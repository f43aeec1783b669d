// Blocks of shared memory that are lent to one message each.
#include "brood_shared.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int32_t brood_lease_make(int32_t memory) {
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int32_t brood_lease_claim(int32_t lease, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1};
    if (fcntl(lease, F_OFD_SETLK, &range) == 0) return i;
    if (errno != EAGAIN && errno != EACCES) return -errno;
  }
  return -EAGAIN;
}

void brood_word_sleep(const uint32_t *word, uint32_t value, int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0);
}

void brood_word_wake(const uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void brood_widen(int32_t socket, int32_t size) {
  if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0) return;
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

int32_t brood_limit_waits(int32_t socket, int64_t nanoseconds) {
  struct timeval time = {nanoseconds / 1000000000, nanoseconds % 1000000000 / 1000};
  if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) < 0) return -errno;
  return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) < 0 ? -errno : 0;
}
