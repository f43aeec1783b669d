// Reading /proc with as few system calls as it takes. Safe in the guardian: no malloc.
#include "brood_loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// "/proc/PID/NAME" or "/proc/NAME"; 0 if it does not fit.
static size_t make_path(char *path, size_t size, int32_t pid, const char *name) {
  char digits[12];
  size_t used = 6, count = 0, length = strlen(name);
  if (pid < 0 || used + sizeof digits + length + 2 > size) return 0;
  memcpy(path, "/proc/", used);
  for (int32_t rest = pid; rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count > 0) path[used++] = digits[--count];
  if (pid > 0) path[used++] = '/';
  memcpy(path + used, name, length + 1);
  return used + length;
}

int64_t brood_proc_read(int32_t pid, const char *name, void *buffer, size_t size) {
  return brood_proc_read_at(-1, pid, name, buffer, size);
}

int64_t brood_proc_read_at(int32_t proc, int32_t pid, const char *name, void *buffer, size_t size) {
  char path[320];
  if (make_path(path, sizeof path, pid, name) == 0) return -ENAMETOOLONG;
  int fd = proc < 0 ? open(path, O_RDONLY | O_CLOEXEC)
                    : openat(proc, path + strlen("/proc/"), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t used = 0;
  int64_t result = 0;
  while (used < size) {
    ssize_t got = read(fd, (char *)buffer + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) result = -errno;
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(fd);
  return result < 0 ? result : (int64_t)used;
}

int64_t brood_proc_link(int32_t pid, const char *name, char *buffer, size_t size) {
  char path[320];
  if (make_path(path, sizeof path, pid, name) == 0) return -ENAMETOOLONG;
  ssize_t got = readlink(path, buffer, size);
  return got < 0 ? -errno : got;
}

bool brood_has_ended(int32_t pid) {
  if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH)) return true;
  siginfo_t info = {.si_pid = 0};
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid)
    return true;
  // What has no memory any more has no program file, while its directory is there until it is reaped.
  char path[320], target[8];
  if (make_path(path, sizeof path, pid, "exe") == 0) return false;
  if (readlink(path, target, sizeof target) >= 0 || errno != ENOENT) return false;
  return make_path(path, sizeof path, pid, "stat") > 0 && access(path, F_OK) == 0;
}

static int32_t number_of(const char *name) {
  int64_t value = 0;
  for (; *name; name++) {
    if (*name < '0' || *name > '9' || value > 400000000) return 0;
    value = value * 10 + (*name - '0');
  }
  return (int32_t)value;
}

int32_t brood_proc_pids(int32_t *pids, int32_t capacity) {
  int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int32_t result = brood_proc_pids_at(fd, pids, capacity);
  close(fd);
  return result;
}

int32_t brood_proc_pids_at(int32_t proc, int32_t *pids, int32_t capacity) {
  _Alignas(8) char buffer[32768];
  int32_t count = 0;
  if (lseek(proc, 0, SEEK_SET) < 0) return -errno;
  for (;;) {
    long got = syscall(SYS_getdents64, proc, buffer, sizeof buffer);
    if (got < 0) return -errno;
    if (got == 0) return count;
    for (long at = 0; at < got;) {
      struct dirent64 *entry = (struct dirent64 *)(buffer + at);
      at += entry->d_reclen;
      int32_t pid = number_of(entry->d_name);
      if (pid == 0) continue;
      if (count < capacity) pids[count] = pid;
      count++;
    }
  }
}

int32_t brood_tried_pids(int32_t *pids, int32_t capacity) {
  int32_t count = 0;
  for (int32_t pid = 2; pid < brood_pid_end && count < capacity; pid++)
    if (kill(pid, 0) == 0) pids[count++] = pid;
  return count;
}

int64_t brood_clock_ticks(void) { return sysconf(_SC_CLK_TCK); }

int64_t brood_page_size(void) { return sysconf(_SC_PAGESIZE); }
