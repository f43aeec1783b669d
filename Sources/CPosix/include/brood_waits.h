// What the processes of a session wait for, in the table that they share (brood_slots.h).
//
// A process writes its record before it sleeps, by single stores: the number is odd while it is awake
// or writes, and even while the rest is true. A reader tries three times, and takes odd for awake.
#ifndef BROOD_WAITS_H
#define BROOD_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  BROOD_WAIT_TARGETS = 8,
  BROOD_TEXTS = 256,
  BROOD_TEXT_SIZE = 120,

  /// All targets are needed, not one of them.
  BROOD_WAIT_ALL = 1,
  /// There are more targets than are listed.
  BROOD_WAIT_MORE = 2,
  /// A handler of the user's could act meanwhile.
  BROOD_WAIT_HANDLER = 4,
  /// A timer of the process is pending.
  BROOD_WAIT_ALARM = 8,
  /// A person at a prompt can end it.
  BROOD_WAIT_PROMPT = 16,
  /// Work of the session's own goes on meanwhile, as that of a pool.
  BROOD_WAIT_BUSY = 32,
  /// Ctrl-C has ended it.
  BROOD_WAIT_CUT = 64,
};

/// A signal whose block has run.
struct brood_handled {
  uint32_t signal, count;  // 0: none
  int64_t when;            // the last time (monotonic ns)
  uint32_t text, line;     // of the block
};
enum { BROOD_HANDLED = 4 };

struct brood_wait {
  uint32_t number;
  uint16_t verb, flags;
  int64_t since, deadline;  // monotonic ns; a deadline of INT64_MAX is none
  uint32_t text, line;      // a number of `brood_text_number`; 0 for none
  uint32_t kinds[BROOD_WAIT_TARGETS];  // 0 ends the list
  uint64_t ids[BROOD_WAIT_TARGETS];
};

/// Nonzero while a record is open, or something listens to operations; see `brood_operation_*`.
extern uint32_t brood_operation_flags;
enum {
  BROOD_OPERATION_SLEPT = 1,
  BROOD_OPERATION_HEARD = 2,
  BROOD_OPERATION_RECORDED = 4,
};

static inline uint32_t brood_operations(void) { return brood_operation_flags; }
void brood_operations_hear(bool on);

/// Writes this process's record, all but its number, and says that it is asleep.
void brood_wait_begin(const struct brood_wait *wait);

/// Says that it is awake.
void brood_wait_end(void);

/// Which process has woken this one, for the recording of the wait that runs.
void brood_woken_by(int32_t pid);

/// Ctrl-C ends this process's wait, or has done so; it is remembered until the next one.
void brood_wait_cut(void);

/// Copies this process's record; false if it is awake.
bool brood_wait_own(struct brood_wait *wait);

/// Copies the record of a slot's process; false if that is awake or keeps changing it.
bool brood_wait_read(int32_t slot, struct brood_wait *wait);

// Who looks at all waits, and when: mostly the session's own process (KERNEL.md). Its times are those
// of the monotonic clock (ns).

/// When a process will look, or should have; INT64_MAX for never.
int64_t brood_look_due(void);

/// Asks for a look at a moment, unless one is due before it; false if there is. One that is late by
/// more than half a second does not count: who should have looked may be unable to.
bool brood_look_ask(int64_t now, int64_t moment);

/// Who has looked says when it will do so again, unless it was asked since it saw the last moment;
/// INT64_MAX is never.
void brood_look_plan(int64_t last, int64_t moment);

/// Notes a look, and tells when the last one was (0: never).
void brood_look_note(int64_t now);
int64_t brood_looked(void);

/// A process has ended, stopped or gone on, so that the next look counts as the first.
void brood_look_changed(bool stopped);

/// Whether a process of the session was ever seen to stop: what the records say is not all then.
bool brood_look_had_stops(void);

/// Whether a set of waits is told of for the first time, as far as is remembered.
bool brood_look_tell(uint64_t set);
enum { BROOD_TOLD = 64 };

/// The number of a process's wait record; 0 if it has none that is open.
uint32_t brood_wait_number(int32_t pid);

/// Chooses the wait that a process is in now to be ended by an error.
void brood_wait_choose(int32_t pid);

/// This process has looked whether its wait can end by itself, and goes on with it.
void brood_wait_stay(int64_t now);

/// When a process did that last (ns); 0 for never.
int64_t brood_wait_stayed(int32_t pid);

/// How many ends, stops and continuations of processes were seen.
uint64_t brood_look_changes(void);

/// Whether this process's wait was chosen, which is asked once.
bool brood_wait_is_chosen(void);

/// What the records say together. Only waits without a deadline count.
struct brood_look_scan {
  uint64_t signature;  // of those that are old, and of what has changed
  int32_t old;         // how many are
  int64_t next;        // when the next one is; INT64_MAX for none
};

/// Reads all records: a wait of a certain age is old.
void brood_look_scan(int64_t now, int64_t age, struct brood_look_scan *scan);

/// Notes that this process's block for a signal has begun to run: the last few signals are kept.
void brood_handled_note(int32_t signal, uint32_t text, uint32_t line);

/// The number of a text's name, of which the end is kept where it is long; 0 if there is no room for
/// another one.
uint32_t brood_text_number(const char *name, size_t size);

#endif
