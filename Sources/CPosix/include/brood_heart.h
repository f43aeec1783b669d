// Signs of life for other machines, whatever the program computes.
// Every function returns a value >= 0, or a negated errno.
#ifndef BROOD_HEART_H
#define BROOD_HEART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Writes a frame to each descriptor that was added, as often as the period says (ns), from a
/// timer's handler; a second call changes the period. A forked child does not go on with it.
int32_t brood_heart_begin(const void *frame, size_t size, int64_t period);

/// Adds a pipe or socket that does not block; ENOSPC if there are too many.
int32_t brood_heart_add(int32_t fd);

/// Removes it, before it is closed.
void brood_heart_remove(int32_t fd);

/// Whether nothing would be torn apart by a frame now; false at first.
void brood_heart_between(int32_t fd, bool between);

/// Makes a timer (a timer_t) of this process that the handler tells apart by a mark.
int32_t brood_heart_timer(int mark, void *timer);

/// Adds a message that is sent on a socket when `brood_pulse_arm` was not called again in time; it is
/// copied. Yields its place; ENOSPC if there are too many.
int32_t brood_pulse_add(int32_t fd, const void *bytes, size_t size);

/// Whether nothing would be torn apart by the message now; false at first.
void brood_pulse_between(int32_t place, bool between);

/// How often it was sent since this was asked last; -1 if it was once sent in part.
int32_t brood_pulse_take(int32_t place);

/// Removes it, before its socket is closed.
void brood_pulse_remove(int32_t place);

/// All messages are sent after a while, and then once in each period (ns), unless this is called before.
int32_t brood_pulse_arm(int64_t delay, int64_t period);

/// For the handler.
enum { brood_pulse_mark = 1 };
void brood_pulse_send(void);

/// Divides this process: the caller goes on in the child's parent, and a process beside it kills
/// the caller when its counter has stood still for so long (ns), and ends with it. Yields the
/// counter, which the caller raises.
int32_t brood_watchdog(int64_t timeout, volatile uint64_t **counter);

#endif
