// Large amounts of output, moved by the kernel.
#include "brood_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>

int64_t brood_splice(int32_t from, int32_t to, size_t size) {
  ssize_t moved = splice(from, NULL, to, NULL, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  return moved < 0 ? -errno : moved;
}

int64_t brood_splice_from(int32_t from, int64_t place, int32_t to, size_t size) {
  off_t offset = place;
  ssize_t moved = splice(from, &offset, to, NULL, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  return moved < 0 ? -errno : moved;
}

int32_t brood_widen_pipe(int32_t fd, int32_t size) {
  int got = fcntl(fd, F_SETPIPE_SZ, size);
  return got < 0 ? -errno : got;
}
