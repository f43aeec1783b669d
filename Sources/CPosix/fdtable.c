// The descriptors and mappings of other processes, from /proc with few system calls and no malloc.
#include "brood_inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <dirent.h>

static uint64_t number_after(const char *text, const char *end) {
  uint64_t value = 0;
  while (text < end && *text >= '0' && *text <= '9') value = value * 10 + (uint64_t)(*text++ - '0');
  return value;
}

static bool begins(const char *text, size_t length, const char *prefix) {
  size_t count = strlen(prefix);
  return length >= count && memcmp(text, prefix, count) == 0;
}

static uint8_t kind_of_anonymous(const char *text, size_t length) {
  static const struct {
    const char *prefix;
    uint8_t kind;
  } kinds[] = {
    {"anon_inode:[eventfd]", BROOD_FD_EVENT},   {"anon_inode:[eventpoll]", BROOD_FD_EPOLL},
    {"anon_inode:[pidfd]", BROOD_FD_PROCESS},   {"pidfd:[", BROOD_FD_PROCESS},
    {"anon_inode:[timerfd]", BROOD_FD_TIMER},   {"anon_inode:[signalfd]", BROOD_FD_SIGNAL},
    {"anon_inode:inotify", BROOD_FD_WATCH},     {"anon_inode:[inotify]", BROOD_FD_WATCH},
    {"anon_inode:[fanotify]", BROOD_FD_WATCH},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (begins(text, length, kinds[i].prefix)) return kinds[i].kind;
  return BROOD_FD_OTHER;
}

// False if the descriptor is gone.
static bool describe(int directory, const char *name, struct brood_fd_entry *entry) {
  char target[64];
  ssize_t length = readlinkat(directory, name, target, sizeof target);
  if (length < 0) return false;
  const char *end = target + length;
  entry->device = entry->special = entry->inode = 0;
  if (begins(target, (size_t)length, "pipe:[")) {
    entry->kind = BROOD_FD_PIPE;
    entry->inode = number_after(target + 6, end);
  } else if (begins(target, (size_t)length, "socket:[")) {
    entry->kind = BROOD_FD_SOCKET;
    entry->inode = number_after(target + 8, end);
  } else if (target[0] == '/') {
    // Without asking a server for news, which could take for ever.
    struct statx found;
    unsigned wanted = STATX_TYPE | STATX_INO;
    if (statx(directory, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, wanted, &found) < 0)
      return errno != ENOENT;
    entry->device = makedev(found.stx_dev_major, found.stx_dev_minor);
    entry->special = makedev(found.stx_rdev_major, found.stx_rdev_minor);
    entry->inode = found.stx_ino;
    entry->kind = S_ISFIFO(found.stx_mode)  ? BROOD_FD_FIFO
                  : S_ISCHR(found.stx_mode) ? BROOD_FD_CHARACTER
                  : S_ISREG(found.stx_mode) ? BROOD_FD_FILE
                                            : BROOD_FD_OTHER;
  } else {
    entry->kind = kind_of_anonymous(target, (size_t)length);
  }
  // The permissions of the link are the way in which it was opened.
  struct stat link;
  if (fstatat(directory, name, &link, AT_SYMLINK_NOFOLLOW) < 0) return false;
  entry->access =
    (uint8_t)((link.st_mode & S_IRUSR ? 1 : 0) | (link.st_mode & S_IWUSR ? 2 : 0));
  return true;
}

int32_t brood_proc_fds(int32_t pid, struct brood_fd_entry *entries, int32_t capacity) {
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -errno;
  _Alignas(8) char buffer[8192];
  int32_t count = 0;
  for (;;) {
    long got = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
    if (got < 0) count = -errno;
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      struct dirent64 *found = (struct dirent64 *)(buffer + at);
      at += found->d_reclen;
      if (found->d_name[0] < '0' || found->d_name[0] > '9') continue;
      struct brood_fd_entry spare, *entry = count < capacity ? &entries[count] : &spare;
      entry->fd = (int32_t)number_after(found->d_name, found->d_name + strlen(found->d_name));
      if (count >= capacity || describe(directory, found->d_name, entry)) count++;
    }
  }
  close(directory);
  return count;
}

// Calls `body` for each line of the maps, until it returns something.
static int32_t each_mapping(
  int32_t pid, int32_t (*body)(const struct brood_mapping *, void *), void *context) {
  char path[40], buffer[16384];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t used = 0;
  int32_t result = 0;
  while (result == 0) {
    ssize_t got = read(fd, buffer + used, sizeof buffer - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) result = -errno;
    if (got <= 0) break;
    used += (size_t)got;
    char *line = buffer, *end;
    while (result == 0 && (end = memchr(line, '\n', used - (size_t)(line - buffer))) != 0) {
      // START-END rwxs OFFSET MAJOR:MINOR INODE PATH
      struct brood_mapping mapping = {0};
      char *at = line;
      mapping.start = strtoull(at, &at, 16);
      if (*at == '-') mapping.end = strtoull(at + 1, &at, 16);
      if (end - at > 6) {
        mapping.is_shared = at[4] == 's';
        mapping.offset = strtoull(at + 6, &at, 16);
        unsigned major = (unsigned)strtoul(at, &at, 16);
        unsigned minor = *at == ':' ? (unsigned)strtoul(at + 1, &at, 16) : 0;
        mapping.device = makedev(major, minor);
        mapping.inode = strtoull(at, &at, 10);
        while (at < end && *at == ' ') at++;
        size_t length = (size_t)(end - at);
        if (length >= sizeof mapping.path) length = sizeof mapping.path - 1;
        memcpy(mapping.path, at, length);
        result = body(&mapping, context);
      }
      line = end + 1;
    }
    used -= (size_t)(line - buffer);
    memmove(buffer, line, used);
    // A line that does not fit has a path as long as no kernel makes it.
    if (used == sizeof buffer) used = 0;
  }
  close(fd);
  return result;
}

struct search {
  uint64_t address, device, inode, offset;
  struct brood_mapping *found;
};

static int32_t contains(const struct brood_mapping *mapping, void *context) {
  struct search *search = context;
  if (search->address < mapping->start || search->address >= mapping->end) return 0;
  *search->found = *mapping;
  return 1;
}

static int32_t shows(const struct brood_mapping *mapping, void *context) {
  struct search *search = context;
  if (!mapping->is_shared || mapping->inode != search->inode || mapping->device != search->device)
    return 0;
  if (search->offset < mapping->offset) return 0;
  uint64_t distance = search->offset - mapping->offset;
  if (distance >= mapping->end - mapping->start) return 0;
  search->address = mapping->start + distance;
  return 1;
}

int32_t brood_proc_mapping(int32_t pid, uint64_t address, struct brood_mapping *found) {
  struct search search = {.address = address, .found = found};
  return each_mapping(pid, contains, &search);
}

int32_t brood_proc_maps(
  int32_t pid, uint64_t device, uint64_t inode, uint64_t offset, uint64_t *address) {
  struct search search = {.device = device, .inode = inode, .offset = offset};
  int32_t result = each_mapping(pid, shows, &search);
  if (result == 1) *address = search.address;
  return result;
}

int64_t brood_sched_on(int32_t cpu, void *buffer, size_t size) {
  cpu_set_t usual, wanted;
  if (cpu < 0 || cpu >= CPU_SETSIZE) return -EINVAL;
  if (sched_getaffinity(0, sizeof usual, &usual) < 0) return -errno;
  CPU_ZERO(&wanted);
  CPU_SET((size_t)cpu, &wanted);
  if (sched_setaffinity(0, sizeof wanted, &wanted) < 0) return -errno;
  int64_t result = -EIO;
  int fd = open("/proc/self/sched", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    result = read(fd, buffer, size);
    close(fd);
  }
  if (result < 0) result = -errno;
  sched_setaffinity(0, sizeof usual, &usual);
  return result;
}

int32_t brood_named_pipe(const char *path, uint64_t *device, uint64_t *inode) {
  struct statx found;
  int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  if (statx(AT_FDCWD, path, flags, STATX_TYPE | STATX_INO, &found) < 0) return -errno;
  *device = makedev(found.stx_dev_major, found.stx_dev_minor);
  *inode = found.stx_ino;
  return S_ISFIFO(found.stx_mode);
}

int64_t brood_read_memory(int32_t pid, uint64_t address, void *buffer, size_t size) {
  struct iovec here = {buffer, size}, there = {(void *)(uintptr_t)address, size};
  ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
  return got < 0 ? -errno : got;
}

static int32_t compare(int32_t one, int32_t other, int what, unsigned long a, unsigned long b) {
  long result = syscall(SYS_kcmp, one, other, what, a, b);
  return result < 0 ? -errno : result == 0;
}

int32_t brood_share_memory(int32_t one, int32_t other) {
  return compare(one, other, KCMP_VM, 0, 0);
}

int32_t brood_semaphore_user(int32_t set, int32_t number) {
  int pid = semctl(set, number, GETPID);
  return pid < 0 ? -errno : pid;
}

int64_t brood_find(const void *bytes, size_t count, const void *text, size_t length) {
  const char *found = bytes ? memmem(bytes, count, text, length) : 0;
  return found ? found - (const char *)bytes : -1;
}
