// The private descriptor range: everything of the session itself lies at or above one number,
// so that the fork point closes it with one close_range.
#include "brood_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int32_t private_base = 256;
static rlim_t original_soft = 1024;

int32_t brood_files_start(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  original_soft = limit.rlim_cur;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = original_soft;
  }
  if (limit.rlim_cur < BROOD_LEAST_FILES) return -EMFILE;
  // Higher would make each fork copy a longer table, lower would leave users fewer channels.
  private_base = limit.rlim_cur >= 8192 ? 4096 : (int32_t)(limit.rlim_cur / 2);
  return 0;
}

int32_t brood_private_base(void) { return private_base; }

uint64_t brood_original_nofile(void) { return original_soft; }

int32_t brood_copy_to_private(int32_t fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, private_base);
  return copy < 0 ? -errno : copy;
}

int32_t brood_move_to_private(int32_t fd) {
  if (fd >= private_base) return fd;
  int32_t copy = brood_copy_to_private(fd);
  close(fd);
  return copy;
}

int32_t brood_move_up(int32_t fd, int32_t number) {
  int32_t most = number < private_base ? number : private_base - 1;
  for (int32_t wanted = most; wanted > fd; wanted--) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, wanted);
    if (copy < 0) break;
    close(copy <= most ? fd : copy);
    if (copy <= most) return copy;
  }
  if (fd < private_base) return fd;
  close(fd);
  return -EMFILE;
}

int32_t brood_pidfd_open(int32_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : brood_move_to_private(fd);
}

int32_t brood_pipe(int32_t *read_end, int32_t *write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  *read_end = ends[0];
  *write_end = ends[1];
  return 0;
}

const char *brood_error_name(int32_t code) { return strerrorname_np(code); }

int32_t brood_open(const char *path, int32_t flags, uint32_t mode) {
  int fd = open(path, flags, mode);
  return fd < 0 ? -errno : fd;
}

int32_t brood_lock_file(int32_t fd, bool lock) {
  struct flock whole = {.l_type = lock ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_OFD_SETLK, &whole) < 0 ? -errno : 0;
}
