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
};

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
enum { BROOD_OPERATION_SLEPT = 1, BROOD_OPERATION_HEARD = 2 };

static inline uint32_t brood_operations(void) { return brood_operation_flags; }
void brood_operations_hear(bool on);

/// Writes this process's record, all but its number, and says that it is asleep.
void brood_wait_begin(const struct brood_wait *wait);

/// Says that it is awake.
void brood_wait_end(void);

/// Copies this process's record; false if it is awake.
bool brood_wait_own(struct brood_wait *wait);

/// Copies the record of a slot's process; false if that is awake or keeps changing it.
bool brood_wait_read(int32_t slot, struct brood_wait *wait);

/// The number of a text's name, of which the end is kept where it is long; 0 if there is no room for
/// another one.
uint32_t brood_text_number(const char *name, size_t size);

#endif
