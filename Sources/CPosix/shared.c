// Locks, bells and memory that processes share.
#include "brood_shared.h"
#include "brood_files.h"
#include "brood_loop.h"
#include "brood_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct brood_robust_head brood_robust = {&brood_robust, 0, NULL};
struct brood_identity brood_self;
uint32_t brood_lock_self;
uint32_t brood_lock_forks;

_Static_assert(sizeof(struct brood_robust_head) == sizeof(struct robust_list_head), "kernel's layout");

// A waiter looks up this often, since a signal that comes just before it sleeps does not wake it.
static const int64_t longest_sleep = 50000000;
enum { spins = 200 };

void brood_lock_register(void) {
  // The C library's own robust mutexes lose their list; nothing in a Brood process uses one.
  syscall(SYS_set_robust_list, &brood_robust, sizeof brood_robust);
  brood_lock_self = (uint32_t)syscall(SYS_gettid);
  brood_lock_forks = brood_fork_count;
}

static bool is_free(uint32_t value) { return (value & FUTEX_TID_MASK) == 0; }

// Others may sleep: their bit stays.
static bool take(uint32_t *word, uint32_t value, uint32_t bits) {
  return brood_cas32(word, value, brood_lock_self | bits);
}

static void sleep_on(uint32_t *word, uint32_t value, int64_t until) {
  struct timespec time = {until / 1000000000, until % 1000000000};
  syscall(
    SYS_futex, word, FUTEX_WAIT_BITSET, value, &time, NULL, FUTEX_BITSET_MATCH_ANY);
}

static int32_t given_up(int32_t code) {
  brood_robust.pending = NULL;
  return code;
}

int32_t brood_lock_contended(uint32_t *word, int64_t deadline) {
  for (int i = 0; i < spins; i++) {
    uint32_t value = brood_load32(word);
    if (is_free(value) && take(word, value, value & FUTEX_WAITERS))
      return (value & FUTEX_OWNER_DIED) != 0;
    brood_relax();
  }
  for (;;) {
    uint32_t value = brood_load32(word);
    if (is_free(value)) {
      if (take(word, value, FUTEX_WAITERS)) return (value & FUTEX_OWNER_DIED) != 0;
      continue;
    }
    if ((value & FUTEX_TID_MASK) == brood_lock_self) return given_up(-EDEADLK);
    if (!(value & FUTEX_WAITERS)) {
      if (!brood_cas32(word, value, value | FUTEX_WAITERS)) continue;
      value |= FUTEX_WAITERS;
    }
    int64_t now = brood_monotonic();
    if (now >= deadline) return given_up(-ETIMEDOUT);
    if (brood_attention) return given_up(-EINTR);
    sleep_on(word, value, deadline < now + longest_sleep ? deadline : now + longest_sleep);
  }
}

void brood_lock_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0); }

int32_t brood_bell_make(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void brood_bell_ring(int32_t bell) {
  uint64_t one = 1;
  if (write(bell, &one, sizeof one) < 0) return;  // full: it is ringing
}

void brood_bell_silence(int32_t bell) {
  uint64_t value;
  if (read(bell, &value, sizeof value) < 0) return;  // it was silent
}

int32_t brood_memory_make(const char *name, int64_t size) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  if (ftruncate(fd, size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
    int code = errno;
    close(fd);
    return -code;
  }
  return fd;
}

void *brood_memory_map(int32_t fd, size_t size, int32_t *code) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base != MAP_FAILED) return base;
  *code = errno;
  return NULL;
}

void *brood_memory_map_to_read(int32_t fd, size_t size, int32_t *code) {
  void *base = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base != MAP_FAILED) return base;
  *code = errno;
  return NULL;
}

void brood_memory_unmap(void *base, size_t size) { munmap(base, size); }

int64_t brood_memory_size(int32_t fd) {
  struct stat info;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &info) < 0) return -EBADMSG;
  return info.st_size;
}

int32_t brood_memory_commit(int32_t fd, int64_t offset, int64_t size) {
  for (;;) {
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, size) == 0) return 0;
    if (errno != EINTR) return -errno;
  }
}

void brood_memory_release(int32_t fd, int64_t offset, int64_t size) {
  fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
}

int64_t brood_memory_used(int32_t fd) {
  struct stat info;
  return fstat(fd, &info) < 0 ? -errno : (int64_t)info.st_blocks * 512;
}

int32_t brood_wait_readable(
  const int32_t *fds, int32_t count, uint8_t *ready, int64_t deadline) {
  struct pollfd few[16], *entries = few;
  if (count > 16 && !(entries = malloc((size_t)count * sizeof *entries))) return -ENOMEM;
  for (int32_t i = 0; i < count; i++) entries[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  struct timespec time, *limit = NULL;
  if (deadline != INT64_MAX) {
    int64_t rest = deadline - brood_monotonic();
    if (rest < 0) rest = 0;
    time = (struct timespec){rest / 1000000000, rest % 1000000000};
    limit = &time;
  }
  int number = ppoll(entries, (nfds_t)count, limit, NULL);
  int code = errno;
  for (int32_t i = 0; i < count; i++) ready[i] = number > 0 && entries[i].revents != 0;
  if (entries != few) free(entries);
  if (number < 0) return code == EINTR ? 0 : -code;
  return number;
}

int32_t brood_edge_make(int32_t bell) {
  int32_t edge = brood_epoll_create();
  if (edge < 0) return edge;
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  int error = epoll_ctl(edge, EPOLL_CTL_ADD, bell, &event) < 0 ? errno : 0;
  // The rings before now are one edge: it is taken off.
  if (error == 0 && epoll_wait(edge, &event, 1, 0) < 0 && errno != EINTR) error = errno;
  if (error == 0) return edge;
  close(edge);
  return -error;
}
