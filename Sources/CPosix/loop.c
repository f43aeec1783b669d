// epoll and clocks.
#include "brood_loop.h"
#include "brood_files.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int32_t brood_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : brood_move_to_private(fd);
}

_Static_assert(brood_ready_read == EPOLLIN && brood_ready_write == EPOLLOUT, "same bits");
_Static_assert(brood_ready_error == EPOLLERR && brood_ready_hangup == EPOLLHUP, "same bits");

int32_t brood_epoll_set(int32_t epoll, bool add, int32_t fd, uint32_t events, uint64_t key) {
  struct epoll_event event = {.events = events, .data.u64 = key};
  return epoll_ctl(epoll, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

int32_t brood_epoll_remove(int32_t epoll, int32_t fd) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

static int wait_events(int epoll, struct epoll_event *events, int capacity, int64_t timeout) {
  if (timeout < 0) return epoll_wait(epoll, events, capacity, -1);
  if (timeout == 0) return epoll_wait(epoll, events, capacity, 0);
  struct timespec time = {timeout / 1000000000, timeout % 1000000000};
  int number = epoll_pwait2(epoll, events, capacity, &time, NULL);
  if (number >= 0 || errno != ENOSYS) return number;
  int64_t milli = timeout / 1000000 + (timeout % 1000000 > 0);  // rounded up: never too early
  return epoll_wait(epoll, events, capacity, milli > 2000000000 ? 2000000000 : (int)milli);
}

int32_t brood_epoll_wait(
  int32_t epoll, struct brood_event *events, int32_t capacity, int64_t timeout) {
  struct epoll_event found[64];
  int number = wait_events(epoll, found, capacity > 64 ? 64 : capacity, timeout);
  if (number < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < number; i++) {
    events[i].key = found[i].data.u64;
    events[i].events = found[i].events;
  }
  return number;
}

static int64_t read_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int64_t brood_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t brood_monotonic_coarse(void) { return read_clock(CLOCK_MONOTONIC_COARSE); }

int64_t brood_realtime(void) { return read_clock(CLOCK_REALTIME); }
