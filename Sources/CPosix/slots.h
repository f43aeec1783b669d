// The layout of the session's table, which its processes share and others look at. What changes in it
// changes `BROOD_LAYOUT`.
#ifndef BROOD_SLOTS_PRIVATE_H
#define BROOD_SLOTS_PRIVATE_H

#include "brood_slots.h"
#include "brood_waits.h"

#include <stdatomic.h>
#include <stdint.h>

// More than there can be pids, since zombies keep their slots.
enum { slot_count = 65536 };

// A wait record: even asleep, odd awake. The rest is written while it is odd.
struct brood_wait_cell {
  _Atomic uint32_t number;
  _Atomic uint16_t verb, flags;
  _Atomic int64_t since, deadline;
  _Atomic uint32_t text, line;
  _Atomic uint32_t kinds[BROOD_WAIT_TARGETS];
  _Atomic uint64_t ids[BROOD_WAIT_TARGETS];
} __attribute__((aligned(128)));

_Static_assert(sizeof(struct brood_wait_cell) == 128, "one record");

// The name of a source text, written once.
struct text {
  _Atomic uint32_t state;  // 0 free, 1 being written, 2 there
  uint32_t hash;
  char name[BROOD_TEXT_SIZE];
};

struct slot {
  _Atomic int32_t owner;    // the parent; 0 is free
  _Atomic int32_t pid;      // 0 while the fork is under way
  _Atomic int64_t began;    // when the fork began
  _Atomic int32_t state;
  _Atomic int64_t size;     // of the value, plus one
  _Atomic uint32_t generation;  // counts the slot's processes
  _Atomic int32_t reported;  // whether it printed its error
  _Atomic int32_t ending;   // of the last one, as brood_slot_ending tells it
  _Atomic int32_t last;     // its pid
  _Atomic int64_t ended;    // when that was seen
  _Atomic int32_t manager;   // as brood_slot_manager tells it
  _Atomic int32_t pool;     // as brood_slot_enter_pool has it
  _Atomic int32_t detached;
  _Atomic uint32_t chosen;  // as brood_wait_choose tells it
  _Atomic int64_t begun, made;  // the process started between these (ns after boot); 0: unknown
  char name[40];
  char maker[40];           // the name of the parent, empty for the session's own process
  char waits[BROOD_WAITS_SIZE];
  char work[BROOD_WORK_SIZE];
  struct brood_wait_cell wait;
  _Atomic uint64_t born;    // counts births and ends together
  _Atomic uint64_t locks;   // as brood_order_use has it
  _Atomic uint32_t order;   // as brood_order_self tells it
  _Atomic uint32_t fork_line, fork_text;  // where its maker forked it
  _Atomic int64_t stayed;   // as brood_wait_stayed tells it
  struct brood_handled handled[BROOD_HANDLED];
};

struct table {
  _Atomic int32_t live, used, limit, hint, top, reported, guardian;
  _Atomic int64_t swept;    // when the table was last swept
  _Atomic int64_t hit;      // when the limit was last reached
  _Atomic int64_t refused;  // when a process was last refused
  _Atomic int64_t nested;   // when a forked child was
  _Atomic uint32_t deaths;  // how many ends were seen
  _Atomic uint32_t entries; // as brood_slots_entries tells it
  _Atomic int32_t root, root_slot;  // the session's own process; its slot plus one, 0 for none yet
  _Atomic int64_t look_due, looked;  // as brood_look_* tell them
  _Atomic uint32_t look_changes, had_stops;
  _Atomic uint64_t lives;   // births and ends so far
  _Atomic uint64_t told[BROOD_TOLD];  // as brood_look_tell has it
  _Atomic uint32_t told_count, root_chosen;
  _Atomic int64_t root_stayed;
  char root_waits[BROOD_WAITS_SIZE];
  struct brood_wait_cell root_wait;
  struct text texts[BROOD_TEXTS];
  struct slot slots[slot_count];
};

// What the first page of a session's memory says.
static const uint64_t brood_session_magic = 0x6E6F697373656F62;  // "bosessin", as bytes
struct brood_session_header {
  uint64_t magic;
  uint32_t layout, table;
};

/// Tells others where the table is.
void brood_session_publish(const void *table);

/// Copies a record; false if its process is awake or keeps changing it.
bool brood_wait_read_cell(const struct brood_wait_cell *cell, struct brood_wait *wait);

/// Copies the record of a wait that Ctrl-C has ended, if that was the last one; false if not.
bool brood_wait_read_cut(const struct brood_wait_cell *cell, struct brood_wait *wait);

/// Reserves the memory for the order of locks, and notes that a process has ended, and when it was
/// reaped (0: not yet).
void brood_order_start(void);
void brood_order_note_end(uint32_t number, uint64_t gone);

/// The table; null before the session has one.
struct table *brood_slots_table(void);

/// Whether a process of this session has this pid, and lives.
bool brood_slots_know(int32_t pid);

/// The words of the call that this process slept in last; null if it has no slot.
const char *brood_slot_own_words(void);

/// This process's slot plus one, without taking one.
int32_t brood_slot_own_plus_one(void);

#endif
