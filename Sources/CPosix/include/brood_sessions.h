// A session's memory as others look at it: read-only, by a descriptor from /proc/PID/fd.
//
// It is a memfd called "brood session" whose first page says how the rest is laid out. A session
// of another layout cannot be looked at this way.
#ifndef BROOD_SESSIONS_H
#define BROOD_SESSIONS_H

#include "brood_slots.h"
#include "brood_waits.h"

#include <stdbool.h>
#include <stdint.h>

/// Changes with anything that others read: the table of processes, and the memory of channels.
enum { BROOD_LAYOUT = 4 };

/// The descriptor of a session's memory in its processes, where there is room for so many.
enum { BROOD_SESSION_DESCRIPTOR = 62 };

/// The memory of this process's session; null before it has one.
const void *brood_session_own(void);

/// Maps the memory of a session, read-only, and yields where its table stands in it. Null: `code` is
/// -EPROTO for another layout, else a negated errno.
const void *brood_session_map(int32_t fd, void **base, int64_t *size, int32_t *code);

/// Opens a file of /proc/PID/fd or the like to read it.
int32_t brood_session_open(const char *path);

/// What there is to know of a process of the table.
struct brood_process_look {
  int32_t pid;    // 0 while its fork is under way
  int32_t owner;  // its maker, 0 for the session's own process
  uint32_t generation;
  int32_t manager;  // as `brood_slot_manager` tells it
  int32_t pool;    // which of its maker's pools it works in, 0 for none
  int32_t ending, last;  // how the slot's last process ended, as `brood_slot_ending` tells it
  int64_t ended;
  bool is_free;   // the slot has no process, but may have had one
  bool has_wait;  // it is asleep, in `wait`
  bool was_cut;   // it was until Ctrl-C ended that
  char name[40];
  char waits[BROOD_WAITS_SIZE];
  struct brood_wait wait;
  uint32_t fork_text, fork_line;  // where it was forked; a line of 0 is none
  struct brood_handled handled[BROOD_HANDLED];
};

/// All slots in use lie below this number.
int32_t brood_session_top(const void *session);

/// Looks at a slot; that of the session's own process has its record.
void brood_session_slot(const void *session, int32_t slot, struct brood_process_look *look);

/// The session's own process, also before it has a slot; the slot, or -1.
int32_t brood_session_root(const void *session, struct brood_process_look *look);

/// Copies the name of a source text, `BROOD_TEXT_SIZE` bytes; false if the number is none.
bool brood_session_text(const void *session, uint32_t number, char *name);

#endif
