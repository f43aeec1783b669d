// Timers and descriptors that reach a program which computes and does not look.
#include "brood_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static timer_t timer;
static pid_t timer_owner;  // fork does not copy timers

int32_t brood_timer_signal(void) { return SIGRTMAX; }

int32_t brood_io_signal(void) { return SIGRTMAX - 1; }

static pid_t alarm_owner;

bool brood_alarm_is_pending(void) {
  struct itimerval left;
  if (alarm_owner != getpid() || getitimer(ITIMER_REAL, &left) < 0) return false;
  return left.it_value.tv_sec || left.it_value.tv_usec;
}

int64_t brood_alarm(int64_t nanoseconds) {
  alarm_owner = getpid();
  int64_t micro = nanoseconds / 1000 + (nanoseconds % 1000 > 0);  // rounded up: never too early
  struct itimerval old, new = {.it_value = {micro / 1000000, micro % 1000000}};
  if (setitimer(ITIMER_REAL, &new, &old) < 0) return -errno;
  // An alarm of the program before this one may be further away than ns can tell.
  if (old.it_value.tv_sec >= INT64_MAX / 1000000000) return INT64_MAX;
  return old.it_value.tv_sec * 1000000000LL + old.it_value.tv_usec * 1000LL;
}

int32_t brood_attention_timer(int64_t deadline) {
  if (timer_owner != getpid()) {
    if (deadline == 0) return 0;
    int32_t result = brood_signal_set(brood_timer_signal(), brood_disposition_record, false);
    if (result < 0) return result;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = brood_timer_signal()};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) return -errno;
    timer_owner = getpid();
  }
  struct itimerspec when = {.it_value = {deadline / 1000000000, deadline % 1000000000}};
  return timer_settime(timer, TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

int32_t brood_signal_when_ready(int32_t fd) {
  int32_t result = brood_signal_set(brood_io_signal(), brood_disposition_record, false);
  if (result < 0) return result;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETOWN, getpid()) < 0 ||
      fcntl(fd, F_SETSIG, brood_io_signal()) < 0 || fcntl(fd, F_SETFL, flags | O_ASYNC) < 0)
    return -errno;
  return 0;
}

int32_t brood_silence(int32_t fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_ASYNC) < 0 ? -errno : 0;
}
