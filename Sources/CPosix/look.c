// Looking at what a pipe or socket holds, without taking it.
#include "brood_files.h"
#include "brood_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

// A pipe of one's own, into which tee(2) copies; empty but during a call.
static int32_t ends[2] = {-1, -1};
static uint32_t ends_depth;

static int32_t open_ends(void) {
  // The fork point has closed those of the parent.
  if (ends[0] >= 0 && ends_depth == brood_forks()) return 0;
  int32_t code = brood_pipe(&ends[0], &ends[1]);
  if (code < 0) return code;
  for (int i = 0; i < 2; i++) {
    ends[i] = brood_move_to_private(ends[i]);
    if (ends[i] >= 0) continue;
    code = ends[i];
    close(ends[1 - i]);
    ends[0] = -1;
    return code;
  }
  ends_depth = brood_forks();
  return 0;
}

static int64_t peek_pipe(int32_t fd, void *buffer, size_t size) {
  int32_t code = open_ends();
  if (code < 0) return code;
  ssize_t there = tee(fd, ends[1], size, SPLICE_F_NONBLOCK);
  if (there <= 0) return there < 0 ? -errno : 0;
  ssize_t got = read(ends[0], buffer, (size_t)there);
  if (got == there) return got;
  code = got < 0 ? -errno : -EIO;
  close(ends[0]);
  close(ends[1]);
  ends[0] = -1;
  return code;
}

int64_t brood_look(int32_t fd, void *buffer, size_t size, bool is_pipe) {
  if (is_pipe) return peek_pipe(fd, buffer, size);
  ssize_t got = recv(fd, buffer, size, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 ? -errno : got;
}
