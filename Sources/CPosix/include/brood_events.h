// What the processes of a session did, as each writes it to memory that outlives it.
//
// Events lie in chunks, of which a process has as many as it needs, up to a bound, and then uses its
// oldest one again. The memory is a file of a file system without a disk, so that it is there after
// all processes were killed; it is removed when the session ends in order.
#ifndef BROOD_EVENTS_H
#define BROOD_EVENTS_H

#include "brood_waits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  BROOD_EVENT_START = 1,  // of a process, with its name; other: its parent
  BROOD_EVENT_FORK,       // other: the child; text: its name
  BROOD_EVENT_SPAWN,      // likewise; the child is a program
  BROOD_EVENT_EXEC,       // text: the program
  BROOD_EVENT_EXIT,       // number: the wait status
  BROOD_EVENT_WAIT,       // other: the child; number: its wait status
  BROOD_EVENT_KILL,       // other: the target; number: the signal
  BROOD_EVENT_HANDLER,    // a block for a signal begins; number: the signal
  BROOD_EVENT_HANDLED,    // it has ended
  BROOD_EVENT_OPERATION,  // on a shared object; number: of the item; count; size; text: the value
  BROOD_EVENT_SLEEP,      // begins to wait for an object
  BROOD_EVENT_WAKE,       // does so no more
  BROOD_EVENT_TASK,       // a task begins; id: of the pool; number: of the task; count: the attempt
  BROOD_EVENT_TASK_END,
  BROOD_EVENT_PRINT,      // text: what was printed, or its beginning
  BROOD_EVENT_MARK,       // text: of the mark
  BROOD_EVENT_NAME,       // of an object; text
  BROOD_EVENT_MORE,       // of the text of the event before it

  BROOD_EVENT_TEXT = 16,  // bytes of text in an event itself,
  BROOD_EVENT_REST = 48,  // and in each BROOD_EVENT_MORE
  BROOD_EVENT_LONGEST = 400,  // more is cut
};

struct brood_recorded {
  uint64_t ticks;           // see brood_events_moment
  uint8_t what, outcome;    // 0: it went well, else a kind of error
  uint16_t verb, kind, text;  // as in wait records; text: where it was done, 0 for none
  uint64_t id, number;
  uint32_t line, count, size;  // size: of the whole value or text, in bytes
  int32_t other;
  char bytes[BROOD_EVENT_TEXT];
};

/// The first page. What changes in it, in a chunk or in an event changes the layout.
enum { BROOD_EVENTS_LAYOUT = 1, BROOD_EVENTS_IN_CHUNK = 256, BROOD_CHUNKS_OF_PROCESS = 256 };
struct brood_events_header {
  uint64_t magic;
  uint32_t layout, chunk_count;
  _Atomic uint32_t on;         // events are written
  _Atomic uint32_t shortage;   // an errno: there was no memory, so they are no longer
  _Atomic uint32_t top;        // chunks that were ever used
  _Atomic uint32_t drops;      // chunks of living and dead that were used again
  _Atomic uint64_t serial;     // chunks that were begun
  int32_t session;             // its first process
  _Atomic int32_t guardian;    // 0 for none yet
  uint32_t lengths_only;       // of values
  uint64_t zero_ticks, zero_ns;  // when it began; monotonic
  uint64_t zero_real;          // likewise, ns since 1970
  uint64_t ticks_per_second;   // 0 where ticks are ns, 1 where it is not known yet
  char script[200];
};

/// A chunk; `used` events of it can be read. One whose serial changes meanwhile was used again.
struct brood_chunk {
  _Atomic uint64_t serial;  // 0: it was never used
  _Atomic int32_t pid;
  _Atomic uint32_t used;
};

/// Makes the memory.
///
/// `limit` is what it may grow to, in bytes; `directory` where its file stands. Returns 0 or a negated
/// errno. What was forked before writes no events.
int32_t brood_events_start(uint64_t limit, const char *directory, const char *script);

/// Turns them on and off, in all processes of the session that have the memory.
void brood_events_turn(bool on);
void brood_events_keep_values(bool keep);

/// Whether this process writes events.
static inline bool brood_events_on(void) {
  return brood_operation_flags & BROOD_OPERATION_RECORDED;
}

/// Writes an event; those of its fields that are not given are 0, and its time is now.
void brood_event_write(const struct brood_recorded *event, const void *text, size_t size);

/// Notes an item for the event of the operation under way: its number among all of the object, how many
/// there are at once, the first `there` bytes of the first one and its size.
void brood_event_item(uint64_t number, uint32_t count, const void *bytes, size_t there, size_t size);

/// Writes the event of an operation that has ended, and of the item that was noted for it.
void brood_event_operation(uint16_t verb, uint16_t kind, uint64_t id, uint8_t outcome);

/// Where in a source text this process is: the number of a text in the upper half, a line in the lower;
/// 0 where it is not known. `brood_events_tell_place` sets who knows it.
uint64_t brood_event_place(void);
void brood_events_tell_place(uint64_t (*now)(void));

/// A fork: the child writes into chunks of its own.
void brood_events_forked(void);

/// The memory, to be read; null where there is none.
const struct brood_events_header *brood_events_memory(void);

/// The events of a chunk, in memory as that or a copy of a file.
const struct brood_recorded *brood_events_of(const struct brood_events_header *header, uint32_t chunk);

/// Values of the header that are atomic.
uint32_t brood_events_shortage(const struct brood_events_header *header);
uint32_t brood_events_top(const struct brood_events_header *header);

/// A chunk's serial, process and count of events; false if it changes meanwhile, or was never used.
bool brood_events_chunk(const struct brood_events_header *header, uint32_t index, uint64_t *serial,
  int32_t *pid, uint32_t *used);

/// The name of a text that events were done in; null for none.
const char *brood_events_text(const struct brood_events_header *header, uint32_t number);
void brood_events_name_text(uint32_t number, const char *name);

/// The session's guardian, which writes what is left of it.
int32_t brood_events_guardian(const struct brood_events_header *header);
void brood_events_note_guardian(int32_t guardian);

/// How many bytes of the memory are used.
uint64_t brood_events_size(const struct brood_events_header *header);
/// Copies what stands at the beginning, as if there were no more than so many bytes.
void brood_events_head(const struct brood_events_header *header, uint64_t size,
  struct brood_events_header *head);
/// Whether so many bytes can be read as that.
bool brood_events_are(const void *memory, uint64_t size);

/// How many ticks a second has, and with that the time of an event by the monotonic clock (ns).
uint64_t brood_events_rate(const struct brood_events_header *header);
uint64_t brood_events_moment(
  const struct brood_events_header *header, uint64_t ticks, uint64_t rate);

/// The file of the memory; null where it has none. Exits of the session remove it.
const char *brood_events_path(void);
void brood_events_remove(void);

#endif
