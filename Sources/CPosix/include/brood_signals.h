// Signals: handlers that only record. Sets are 64-bit masks, bit n-1 for signal n.
// Every function returns a value >= 0, or a negated errno.
#ifndef BROOD_SIGNALS_H
#define BROOD_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/// Nonzero while a recorded signal has not been looked at.
extern volatile int32_t brood_attention;

/// One volatile load, for the back edges of loops.
static inline bool brood_attention_pending(void) { return brood_attention != 0; }

/// Address of the attention flag.
int32_t *brood_attention_address(void);

/// Sets the attention flag and rings the wake descriptor.
void brood_raise_attention(void);

/// Clears the attention flag; call it before taking the counts.
void brood_clear_attention(void);

/// Remembers what was inherited, then records CHLD and ignores PIPE and XFSZ.
void brood_signals_start(void);

/// Whether this program runs is looked up at once when an INT comes; 0 for none.
void brood_foreground(int32_t pid);

/// Whether it did at the last INT since it was set.
bool brood_foreground_ran(void);

/// In a fresh child, signals blocked: drops the counts and the parent's wake descriptor.
void brood_signals_forget(void);

/// In a child that has just left its parent's process group: forgets the INT and QUIT that keys of
/// the terminal sent to that group since the fork.
void brood_signals_forget_keys(void);

/// How many forks lie between the session's own process and this one.
extern uint32_t brood_fork_count;
uint32_t brood_forks(void);

/// By which forks this process came about, as one number: those of the processes before it, each
/// counted by its parent.
uint64_t brood_fork_path(void);

/// In a fresh child: its parent's path, and the fork's number.
void brood_extend_fork_path(uint64_t number);

/// Paths begin here.
void brood_forget_fork_path(void);

/// The same where a call would be felt.
static inline uint32_t brood_fork_depth(void) { return brood_fork_count; }

/// Wakes another process of this session in whatever it sleeps, by a queued SIGURG: it looks again.
int32_t brood_nudge(int32_t pid);

/// Whether this process was woken so since it last asked.
bool brood_nudge_take(void);

/// The wake eventfd of this process, made at first use in the private range.
int32_t brood_wake_fd(void);

/// Empties the wake eventfd.
void brood_wake_drain(void);

enum { brood_disposition_default, brood_disposition_ignore, brood_disposition_record };

/// Sets one signal's disposition; `by_user` makes an ignore last in programs.
int32_t brood_signal_set(int32_t signal, int32_t disposition, bool by_user);

/// The disposition that is in force.
int32_t brood_signal_get(int32_t signal);

/// Takes the set of signals recorded since the last call.
uint64_t brood_signals_take(void);

// Sets recorded signals to their default for the rest of the process; which of them have come.
uint64_t brood_signals_end(uint64_t set);

/// Takes one signal's count; `sender` gets the pid that sent the last one (0: the kernel).
uint32_t brood_signal_take(int32_t signal, int32_t *sender);

/// sigprocmask(2): how is SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK.
int32_t brood_mask(int32_t how, uint64_t set, uint64_t *old);

/// sigpending(2).
uint64_t brood_pending(void);

/// sigtimedwait(2): the signal, or -EAGAIN when the time (ns) is over.
int32_t brood_wait_signal(uint64_t set, int64_t timeout, int32_t *sender);

/// signalfd(2), non-blocking, in the private range.
int32_t brood_signalfd(uint64_t set);

/// Set of signals that were ignored when the session started.
uint64_t brood_ignored_on_entry(void);

/// The signal mask that the session was started with.
uint64_t brood_mask_on_entry(void);

/// Signals that the shell ignores for itself and that programs must find at their default.
uint64_t brood_defaults_for_programs(void);

/// First and last real-time signal of this C library.
int32_t brood_rtmin(void);
int32_t brood_rtmax(void);

/// setitimer(ITIMER_REAL) in nanoseconds, 0 cancels; yields what was left.
int64_t brood_alarm(int64_t nanoseconds);

/// Whether an alarm that this process has set is pending.
bool brood_alarm_is_pending(void);

/// A CLOCK_MONOTONIC timer that sends a recorded signal at `deadline` (ns), 0 disarms.
int32_t brood_attention_timer(int64_t deadline);

/// The signal that the attention timer sends, and the one meant for O_ASYNC descriptors.
int32_t brood_timer_signal(void);
int32_t brood_io_signal(void);

/// Makes readiness of a descriptor send the I/O signal to this process (O_ASYNC, F_SETSIG).
int32_t brood_signal_when_ready(int32_t fd);

/// Ends that.
int32_t brood_silence(int32_t fd);

#endif
