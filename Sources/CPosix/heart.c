// Signs of life for other machines, and a watchdog for who gives them.
#include "brood_heart.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { most = 1024, most_bytes = 64 };

static struct {
  volatile int32_t fd;  // -1: free
  volatile int32_t between;
} places[most];
static volatile int32_t count;
static uint8_t frame[most_bytes];
static size_t frame_size;
static timer_t timer;
static pid_t owner;  // fork does not copy timers

// A pipe takes so little whole or not at all (pipe(7)); what is full is not read, and hears nothing.
static void beat(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  int saved = errno;
  if (info->si_code == SI_TIMER && info->si_value.sival_int == brood_pulse_mark)
    brood_pulse_send();
  else
    for (int32_t i = 0; i < count; i++)
      if (places[i].fd >= 0 && places[i].between) (void)!write(places[i].fd, frame, frame_size);
  errno = saved;
}

int32_t brood_heart_timer(int mark, void *timer) {
  struct sigaction action = {.sa_sigaction = beat, .sa_flags = SA_RESTART | SA_SIGINFO};
  sigfillset(&action.sa_mask);
  struct sigevent event = {
      .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX - 2, .sigev_value.sival_int = mark};
  if (sigaction(SIGRTMAX - 2, &action, NULL) < 0) return -errno;
  return timer_create(CLOCK_MONOTONIC, &event, (timer_t *)timer) < 0 ? -errno : 0;
}

int32_t brood_heart_begin(const void *bytes, size_t size, int64_t period) {
  if (size > most_bytes) return -EINVAL;
  if (owner != getpid()) {
    memcpy(frame, bytes, size);
    frame_size = size;
    count = 0;
    int32_t failure = brood_heart_timer(0, &timer);
    if (failure < 0) return failure;
    owner = getpid();
  }
  struct timespec time = {period / 1000000000, period % 1000000000};
  struct itimerspec when = {.it_interval = time, .it_value = time};
  return timer_settime(timer, 0, &when, NULL) < 0 ? -errno : 0;
}

int32_t brood_heart_add(int32_t fd) {
  for (int32_t i = 0; i < most; i++) {
    if (i < count && places[i].fd >= 0) continue;
    places[i].between = 0;
    places[i].fd = fd;
    if (i >= count) count = i + 1;
    return 0;
  }
  return -ENOSPC;
}

void brood_heart_remove(int32_t fd) {
  for (int32_t i = 0; i < count; i++)
    if (places[i].fd == fd) places[i].fd = -1;
}

void brood_heart_between(int32_t fd, bool between) {
  for (int32_t i = 0; i < count; i++)
    if (places[i].fd == fd) places[i].between = between;
}

int32_t brood_watchdog(int64_t timeout, volatile uint64_t **counter) {
  volatile uint64_t *shared =
    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return -errno;
  *counter = shared;
  pid_t watched = getpid();
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid > 0) return pid;
  // It must have no end of a pipe that others wait for the end of.
  close_range(0, ~0U, 0);
  setsid();
  prctl(PR_SET_NAME, "brood watchdog");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct timespec pause = {timeout / 8 / 1000000000, timeout / 8 % 1000000000};
  uint64_t last = *shared;
  int still = 0;
  while (getppid() == watched) {
    nanosleep(&pause, NULL);
    uint64_t now = *shared;
    still = now == last ? still + 1 : 0;
    last = now;
    if (still >= 8) {
      kill(watched, SIGKILL);
      break;
    }
  }
  _exit(0);
}
