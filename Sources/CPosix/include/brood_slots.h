// The session's table of forked processes, in memory that all of them share (KERNEL.md), and
// the values that forked blocks return. Functions return >= 0, or a negated errno.
//
// A parent reserves a slot before it forks and frees it when it has reaped the child. Only slots
// of living processes count against the limit: when it is reached, slots of zombies are taken off
// the count, and slots whose parent is gone are freed. A value lies in a memfd, in the GiB that
// belongs to the slot; its length is published after it, so a killed child has returned nothing.
#ifndef BROOD_SLOTS_H
#define BROOD_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Makes the table; once, before the first fork.
int32_t brood_slots_start(void);

/// How many live processes there may be.
void brood_slots_set_limit(int32_t limit);
int32_t brood_slots_limit(void);

/// The session's guardian, 0 for none: its parent tells all.
void brood_slots_set_guardian(int32_t pid);
int32_t brood_slots_guardian(void);

/// Reserves a slot; -EDQUOT at the limit. `nested`: asked by a forked child.
int32_t brood_slot_reserve(bool nested);

/// Tells the name of the process that a slot is for (at most 39 bytes are kept).
void brood_slot_name(int32_t slot, const char *name, size_t size);

/// In the parent: tells which process has the slot.
void brood_slot_fill(int32_t slot, int32_t pid);

/// Notes that the process of a slot outlives the session, and what it will make, too.
void brood_slot_detach(int32_t slot);

/// The same by pid.
void brood_slots_detach(int32_t pid);

/// Whether a number is that of a process of the table, now or before.
bool brood_slots_list(int32_t pid);

/// Whether a process that began at this tick after boot is one of the table, which tells it from
/// others that have had its pid; and whether it is detached.
bool brood_slots_have(int32_t pid, uint64_t start_ticks, bool *detached);

/// In the child: the slot is its own, and has its pid from now on.
void brood_slot_take(int32_t slot);

/// This process's slot; the session's own process gets an uncounted one at the first call. -1: none.
int32_t brood_slot_own(void);

/// How many processes a slot has had, which tells its process from earlier ones.
uint32_t brood_slot_generation(int32_t slot);

/// In the parent: the process of a slot only does what it is told here, and waits for that, or not.
void brood_slot_set_manager(int32_t slot, bool waits);

/// In the parent: where the process of a slot is forked, as a number of the table of texts and a line.
void brood_slot_note_fork(int32_t slot, uint32_t text, uint32_t line);

/// In the parent: the process of a slot works in one of the parent's pools, which are counted from 1.
void brood_slot_enter_pool(int32_t slot, int32_t pool);

/// Whether the process of a slot only does what its parent tells it: 0 no; -1 it does so now; else
/// it waits to be told, and this is the parent's slot plus one.
int32_t brood_slot_manager(int32_t slot);

/// Whether the process of a slot without a pid may have been forked just now and not have come to tell
/// its pid; true where it has told it meanwhile.
bool brood_slot_begins(int32_t slot);

/// Whether a slot belongs to a process, alive or not reaped.
bool brood_slot_occupied(int32_t slot);

/// Records how the process of a slot ended, when it is reaped.
void brood_slot_end(int32_t slot, int32_t signal, int32_t status);

/// How the last process of a slot ended: 0 unknown, 256 + signal, or 1001 + exit status; its pid,
/// and when its end was seen (monotonic ns).
int32_t brood_slot_ending(int32_t slot, int32_t *pid, int64_t *when);

/// How many ends were recorded; a change says that a process died.
uint32_t brood_slots_deaths(void);

/// How often a process was entered that may act on a channel. Who finds nobody in the table looks again
/// if one was entered meanwhile: it may lie in a part that was looked at before, and who entered it,
/// and was still to be looked at, may have been killed.
uint32_t brood_slots_entries(void);

/// Counts such an entry, which stands already.
void brood_slots_note_entry(void);

/// The pid of a slot's process that has not been reaped, 0 for none.
int32_t brood_slot_occupant(int32_t slot);

/// The name that this forked process was given, null in the session's own.
const char *brood_own_name(void);

/// Who forked this process, and that process's name (40 bytes; empty for the session's own); 0 in
/// the session's own process.
int32_t brood_slot_maker(char *name);

/// Whether a slot still belongs to this process, which was not reaped then.
bool brood_slot_holds(int32_t slot, int32_t pid);

/// All slots in use lie below this number.
int32_t brood_slots_top(void);

/// Tells what the process that a slot is for runs, of which the first line's beginning is kept.
enum { BROOD_WORK_SIZE = 64 };
void brood_slot_work(int32_t slot, const char *text, size_t size);

/// This process is about to sleep in a call of which this is the text, as others will see it: its
/// first words. Empty: in none.
enum { BROOD_WAITS_SIZE = 24 };
void brood_slot_sleeps(const char *text, size_t size);

/// What is told of the process of a slot.
struct brood_slot_entry {
  int32_t pid;    // 0 for none yet
  int32_t owner;  // who made it; 0 for a free slot
  char name[40];
  char work[BROOD_WORK_SIZE];
  char waits[BROOD_WAITS_SIZE];  // the call that it slept in last
};
struct brood_slot_entry brood_slot_entry(int32_t slot);

/// The call that the session's own process slept in last, in `BROOD_WAITS_SIZE` bytes.
void brood_root_waits(char *text);

/// Frees a slot of this process's child, its value included.
void brood_slot_free(int32_t slot);

/// How many live processes are counted now.
int32_t brood_slots_live(void);

/// In the child: stores a part of the value, from the byte `at` on.
int32_t brood_slot_write(int32_t slot, const void *bytes, size_t size, size_t at);

/// In the child: the value is whole.
void brood_slot_publish(int32_t slot, size_t size);

/// The length of the value that a child stored plus one; 0 if it stored none.
int64_t brood_slot_size(int32_t slot);

/// Copies a part of the value, from the byte `at` on.
int32_t brood_slot_read(int32_t slot, void *bytes, size_t size, size_t at);

/// In a child: it has printed the error that it ends with.
void brood_slot_note_report(void);

/// Whether the last process of a slot did, until the slot is used again.
bool brood_slot_has_reported(int32_t slot);

/// Whether this is the first report of the limit since `brood_slots_rearm`.
bool brood_slots_first_report(void);

/// Lets the limit be reported again.
void brood_slots_rearm(void);

#endif
