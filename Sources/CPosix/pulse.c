// Messages that a timer's handler sends for code that computes for too long to do so itself.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "brood_heart.h"

enum { most = 256 };

static struct {
  volatile int32_t used;
  volatile int32_t between;
  volatile int32_t sent;  // -1: in part
  int32_t fd;
  uint8_t *bytes;
  size_t size;
} places[most];
static timer_t timer;
static pid_t owner;  // fork does not copy timers

// A forked child has none of its parent's sockets.
static int32_t renew(void) {
  if (owner == getpid()) return 0;
  for (int32_t i = 0; i < most; i++) {
    if (places[i].used) free(places[i].bytes);
    places[i].used = 0;
  }
  int32_t failure = brood_heart_timer(brood_pulse_mark, &timer);
  if (failure < 0) return failure;
  owner = getpid();
  return 0;
}

void brood_pulse_send(void) {
  for (int32_t i = 0; i < most; i++) {
    if (!places[i].used || !places[i].between || places[i].sent < 0) continue;
    ssize_t count =
        send(places[i].fd, places[i].bytes, places[i].size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count == (ssize_t)places[i].size)
      places[i].sent++;
    else if (count >= 0)
      places[i].sent = -1;
  }
}

int32_t brood_pulse_add(int32_t fd, const void *bytes, size_t size) {
  int32_t failure = renew();
  if (failure < 0) return failure;
  for (int32_t i = 0; i < most; i++) {
    if (places[i].used) continue;
    uint8_t *copy = malloc(size);
    if (!copy) return -ENOMEM;
    memcpy(copy, bytes, size);
    places[i].between = 0;
    places[i].sent = 0;
    places[i].fd = fd;
    places[i].bytes = copy;
    places[i].size = size;
    places[i].used = 1;
    return i;
  }
  return -ENOSPC;
}

void brood_pulse_between(int32_t place, bool between) {
  if (owner == getpid() && place >= 0 && place < most) places[place].between = between;
}

int32_t brood_pulse_take(int32_t place) {
  if (owner != getpid() || place < 0 || place >= most || !places[place].used) return 0;
  int32_t sent = places[place].sent;
  if (sent > 0) places[place].sent = 0;
  return sent;
}

void brood_pulse_remove(int32_t place) {
  if (owner != getpid() || place < 0 || place >= most || !places[place].used) return;
  places[place].used = 0;
  free(places[place].bytes);
}

int32_t brood_pulse_arm(int64_t delay, int64_t period) {
  int32_t failure = renew();
  if (failure < 0) return failure;
  struct itimerspec when = {
      .it_interval = {period / 1000000000, period % 1000000000},
      .it_value = {delay / 1000000000, delay % 1000000000}};
  return timer_settime(timer, 0, &when, NULL) < 0 ? -errno : 0;
}
