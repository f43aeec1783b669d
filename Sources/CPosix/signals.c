// Signals: a handler only counts, sets the attention flag and rings the wake descriptor.
#include "brood_signals.h"
#include "brood_files.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

volatile int32_t brood_attention;
static _Atomic uint32_t counts[65];
static _Atomic int32_t senders[65];
static _Atomic uint64_t recorded;
// Plus one, so that it lies with the rest in memory that starts as zero: one page for a child to copy.
static volatile int wake_plus_one;
uint32_t brood_fork_count;
static uint64_t ignored_on_entry, mask_on_entry, ignored_by_shell, caught;

_Static_assert(ATOMIC_LONG_LOCK_FREE == 2, "handlers need lock-free counters");

static uint64_t bit(int32_t signal) { return 1ULL << (signal - 1); }

static bool valid(int32_t signal) { return signal >= 1 && signal <= 64; }

static void from_set(const sigset_t *set, uint64_t *mask) {
  *mask = 0;
  for (int signal = 1; signal <= 64; signal++)
    if (sigismember(set, signal) == 1) *mask |= bit(signal);
}

static void to_set(uint64_t mask, sigset_t *set) {
  sigemptyset(set);
  for (; mask; mask &= mask - 1) sigaddset(set, __builtin_ctzll(mask) + 1);
}

static void ring(void) {
  uint64_t one = 1;
  int fd = wake_plus_one - 1;
  if (fd >= 0 && write(fd, &one, sizeof one) < 0) return;  // full: it is readable anyway
}

// 0 for the kernel, and for what only hands on a key.
static int32_t sender_of(int signal, const siginfo_t *info) {
  bool from_process = info->si_code <= 0 || signal == SIGCHLD;
  return from_process && info->si_pid != brood_forwarder() ? info->si_pid : 0;
}

// The program that Ctrl-C is for as well, and whether it ran when one came.
static volatile int32_t foreground;
static volatile bool foreground_ran;

static bool runs(int32_t pid) {
  char text[512];
  int64_t length = brood_proc_read(pid, "stat", text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = 0;
  const char *at = strrchr(text, ')');
  if (!at || !at[1] || at[2] == 'Z' || at[2] == 'X') return false;
  for (int field = 0; *at && field < 7; at++) field += *at == ' ';
  return !(strtoul(at, NULL, 10) & 0x4);  // PF_EXITING of the kernel
}

void brood_foreground(int32_t pid) {
  foreground_ran = false;
  foreground = pid;
}

bool brood_foreground_ran(void) { return foreground_ran; }

// A signal that nothing but a handler notices, should it reach a program that a process has become.
enum { nudge_signal = SIGURG, nudge_value = 0x62726f6f };
static volatile bool nudged;

static bool is_nudge(int signal, const siginfo_t *info) {
  return signal == nudge_signal && info->si_code == SI_QUEUE && info->si_int == nudge_value;
}

int32_t brood_nudge(int32_t pid) {
  union sigval value = {.sival_int = nudge_value};
  return sigqueue(pid, nudge_signal, value) < 0 ? -errno : 0;
}

bool brood_nudge_take(void) {
  bool was = nudged;
  if (was) nudged = false;
  return was;
}

static void record(int signal, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  if (is_nudge(signal, info)) {
    nudged = true;
    brood_attention = 1;
    ring();
    errno = saved;
    return;
  }
  if (signal == SIGINT && foreground) foreground_ran = runs(foreground);
  atomic_store(&senders[signal], sender_of(signal, info));
  atomic_fetch_add(&counts[signal], 1);
  atomic_fetch_or(&recorded, bit(signal));
  brood_attention = 1;
  ring();
  errno = saved;
}

void brood_record(siginfo_t *info) { record(info->si_signo, info, NULL); }

void brood_caught(sigset_t *set) { to_set(caught, set); }

int32_t *brood_attention_address(void) { return (int32_t *)&brood_attention; }

void brood_raise_attention(void) {
  brood_attention = 1;
  ring();
}

void brood_clear_attention(void) { brood_attention = 0; }

int32_t brood_wake_fd(void) {
  if (wake_plus_one) return wake_plus_one - 1;
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) return -errno;
  fd = brood_move_to_private(fd);
  if (fd < 0) return fd;
  wake_plus_one = fd + 1;
  if (brood_attention) ring();  // recorded while there was nothing to ring
  return fd;
}

void brood_wake_drain(void) {
  uint64_t value;
  if (wake_plus_one && read(wake_plus_one - 1, &value, sizeof value) < 0) return;
}

int32_t brood_signal_set(int32_t signal, int32_t disposition, bool by_user) {
  if (!valid(signal)) return -EINVAL;
  struct sigaction action = {0};
  if (disposition == brood_disposition_record) {
    action.sa_sigaction = record;
    action.sa_flags = SA_SIGINFO;  // no SA_RESTART: a blocked open or write must end
    sigfillset(&action.sa_mask);
  } else {
    action.sa_handler = disposition == brood_disposition_ignore ? SIG_IGN : SIG_DFL;
  }
  if (sigaction(signal, &action, NULL) < 0) return -errno;
  if (disposition == brood_disposition_record) caught |= bit(signal);
  else caught &= ~bit(signal);
  if (disposition == brood_disposition_ignore && !by_user) ignored_by_shell |= bit(signal);
  else ignored_by_shell &= ~bit(signal);
  return 0;
}

int32_t brood_signal_get(int32_t signal) {
  struct sigaction action;
  if (!valid(signal)) return -EINVAL;
  if (sigaction(signal, NULL, &action) < 0) return -errno;
  if (action.sa_flags & SA_SIGINFO) return brood_disposition_record;
  return action.sa_handler == SIG_IGN ? brood_disposition_ignore : brood_disposition_default;
}

void brood_signals_start(void) {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  from_set(&mask, &mask_on_entry);
  for (int signal = 1; signal <= 64; signal++) {
    int32_t found = brood_signal_get(signal);
    if (found == brood_disposition_ignore) ignored_on_entry |= bit(signal);
    // The Swift runtime's own handlers print a backtrace and delay the death.
    if (found == brood_disposition_record) brood_signal_set(signal, brood_disposition_default, false);
  }
  // An inherited ignore of CHLD would destroy every exit status.
  brood_signal_set(SIGCHLD, brood_disposition_record, false);
  brood_signal_set(SIGPIPE, brood_disposition_ignore, false);
  brood_signal_set(SIGXFSZ, brood_disposition_ignore, false);
  brood_mask(SIG_UNBLOCK, bit(SIGCHLD), NULL);
  if (!(ignored_on_entry & bit(nudge_signal)))
    brood_signal_set(nudge_signal, brood_disposition_record, false);
}

void brood_signals_forget(void) {
  for (uint64_t rest = recorded; rest; rest &= rest - 1) counts[__builtin_ctzll(rest) + 1] = 0;
  atomic_store(&recorded, 0);
  brood_attention = 0;
  if (nudged) nudged = false;
  brood_forwarder_forget();
  if (foreground) foreground = 0;
  wake_plus_one = 0;  // the number was in the private range and is closed
  brood_fork_count++;
}

void brood_signals_forget_keys(void) {
  const uint64_t keys = bit(SIGINT) | bit(SIGQUIT);
  for (uint64_t rest = recorded & keys; rest; rest &= rest - 1) {
    int signal = __builtin_ctzll(rest) + 1;
    if (senders[signal]) continue;  // a process sent it
    counts[signal] = 0;
    atomic_fetch_and(&recorded, ~bit(signal));
  }
}

// With what else each child writes.
static uint64_t fork_path;

void brood_extend_fork_path(uint64_t number) {
  fork_path = (fork_path + number + 1) * 0x9e3779b97f4a7c15ULL;
  fork_path ^= fork_path >> 29;
}

uint64_t brood_fork_path(void) { return fork_path; }

void brood_forget_fork_path(void) { fork_path = 0; }

uint32_t brood_forks(void) { return brood_fork_count; }

uint64_t brood_signals_end(uint64_t set) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (uint64_t rest = set & caught; rest; rest &= rest - 1)
    sigaction(__builtin_ctzll(rest) + 1, &action, NULL);
  return atomic_load(&recorded) & set;
}

uint64_t brood_signals_take(void) { return atomic_exchange(&recorded, 0); }

uint32_t brood_signal_take(int32_t signal, int32_t *sender) {
  if (!valid(signal)) return 0;
  *sender = atomic_load(&senders[signal]);
  return atomic_exchange(&counts[signal], 0);
}

int32_t brood_mask(int32_t how, uint64_t set, uint64_t *old) {
  sigset_t new_set, old_set;
  to_set(set, &new_set);
  if (sigprocmask(how, &new_set, &old_set) < 0) return -errno;
  if (old) from_set(&old_set, old);
  return 0;
}

uint64_t brood_pending(void) {
  sigset_t set;
  uint64_t mask = 0;
  if (sigpending(&set) == 0) from_set(&set, &mask);
  return mask;
}

int32_t brood_wait_signal(uint64_t set, int64_t timeout, int32_t *sender) {
  sigset_t signals;
  siginfo_t info;
  to_set(set, &signals);
  struct timespec time = {timeout / 1000000000, timeout % 1000000000};
  int signal = sigtimedwait(&signals, &info, &time);
  if (signal < 0) return -errno;
  *sender = sender_of(signal, &info);
  return signal;
}

int32_t brood_signalfd(uint64_t set) {
  sigset_t signals;
  to_set(set, &signals);
  int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  return fd < 0 ? -errno : brood_move_to_private(fd);
}

uint64_t brood_ignored_on_entry(void) { return ignored_on_entry; }

uint64_t brood_mask_on_entry(void) { return mask_on_entry; }

uint64_t brood_defaults_for_programs(void) {
  return (ignored_by_shell & ~ignored_on_entry) | bit(SIGCHLD);
}

int32_t brood_rtmin(void) { return SIGRTMIN; }

int32_t brood_rtmax(void) { return SIGRTMAX; }
