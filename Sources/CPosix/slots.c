// The table of a session's forked processes, and the values that they return.
#include "brood_files.h"
#include "brood_guardian.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "brood_signals.h"
#include "mark.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { counted = 1, not_counted = 2 };
static const int64_t pause_of_root = 500000000;
static const int64_t pause_after_sweep = 200000000, pause_of_children = 1000000000;
// A bomb of thousands needs a while until each of its processes had its turn to fail.
static const int64_t longest_pause = 5000000000, pause_per_process = 10000000;

static struct table *table;
static int values = -1;
static int32_t own_plus_one;

struct table *brood_slots_table(void) { return table; }

int32_t brood_slot_own_plus_one(void) { return own_plus_one; }

int32_t brood_slots_start(void) {
  void *memory = brood_session_memory(sizeof(struct table));
  if (!memory) return -errno;
  table = memory;
  table->limit = 4096;
  table->root = getpid();
  table->root_wait.number = 1;
  brood_session_publish(table);
  brood_order_start();
  return 0;
}

void brood_slots_set_limit(int32_t limit) {
  if (table) table->limit = limit;
}

int32_t brood_slots_limit(void) { return table ? table->limit : 0; }

int32_t brood_slots_live(void) { return table ? table->live : 0; }

void brood_slots_set_guardian(int32_t pid) {
  if (table) table->guardian = pid;
}

int32_t brood_slots_guardian(void) { return table ? table->guardian : 0; }

// Below the private range, where forked children keep it, but above what users will number; and
// not high up, since a fork copies the table of descriptors up to the highest one (10 us for 4096).
enum { values_number = 63 };

static int32_t open_values(void) {
  if (values >= 0) return 0;
  int fd = memfd_create("brood values", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  int32_t high = brood_move_up(fd, values_number);
  if (high < 0) return high;
  values = high;
  return 0;
}

// As start times in /proc are.
static int64_t boottime(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void uncount(struct slot *slot) {
  int32_t expected = counted;
  if (atomic_compare_exchange_strong(&slot->state, &expected, not_counted))
    atomic_fetch_sub(&table->live, 1);
}

static off_t offset(int32_t slot) { return (off_t)slot << 30; }

static void release(int32_t index) {
  struct slot *slot = &table->slots[index];
  if (slot->order) brood_order_note_end(slot->order, ++table->lives);
  slot->order = 0;
  slot->locks = 0;
  if (slot->size > 1)
    fallocate(values, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset(index), slot->size);
  slot->size = 0;
  slot->pid = 0;
  memset(slot->name, 0, sizeof slot->name);
  uncount(slot);
  slot->state = 0;
  atomic_fetch_sub(&table->used, 1);
  table->hint = index;
  slot->owner = 0;
}

static void sweep(int64_t now, int64_t pause) {
  int64_t last = table->swept;
  if (now - last < pause || !atomic_compare_exchange_strong(&table->swept, &last, now))
    return;
  for (int32_t i = 0; i < table->top; i++) {
    struct slot *slot = &table->slots[i];
    int32_t owner = slot->owner, pid = slot->pid;
    if (!owner || (pid ? brood_slots_know(pid) : brood_slot_begins(i))) continue;
    bool orphaned = owner != getpid() && !brood_slots_know(owner);
    if (orphaned) release(i);
    else if (pid) uncount(slot);
  }
}

// Once the limit was reached, forks of children fail until they have stopped trying for a while:
// otherwise a bomb whose processes end would go on for ever at the limit.
static bool is_refused(int64_t now) {
  int64_t hit = table->hit;
  int64_t longest = longest_pause + table->limit * pause_per_process;
  if (!hit || now - hit > longest || now - table->refused > pause_of_children) return false;
  table->refused = now;
  table->nested = now;
  return true;
}

static bool is_crowded(void) {
  return table->live > table->limit / 2 || table->used >= table->limit;
}

// The session's own process is let go on, except in the thick of a bomb: it may be the bomb's root,
// and would find room again and again among children that end. Their zombies count too, then.
static bool is_root_refused(int64_t now) {
  if (now - table->nested >= pause_of_root || !is_crowded()) return false;
  sweep(now, 0);  // the dead of dead parents are counted until then
  return is_crowded();
}

// Of its last process nothing is left.
static void begin(struct slot *slot) {
  slot->size = 0;
  slot->ending = 0;
  slot->manager = 0;
  slot->pool = 0;
  slot->locks = 0;
  slot->order = 0;
  slot->fork_line = 0;
  memset(slot->handled, 0, sizeof slot->handled);
  slot->made = 0;
  slot->stayed = 0;
  slot->generation++;
}

static void raise_top(int32_t slot) {
  for (int32_t top = table->top; top <= slot;)
    if (atomic_compare_exchange_weak(&table->top, &top, slot + 1)) break;
}

int32_t brood_slot_reserve(bool nested) {
  if (!table) return -EINVAL;
  int32_t code = open_values();
  if (code < 0) return code;
  if (table->hit) {
    int64_t now = brood_monotonic();
    if (nested ? is_refused(now) : is_root_refused(now)) return -EDQUOT;
  }
  for (int attempt = 0; atomic_fetch_add(&table->live, 1) >= table->limit; attempt++) {
    atomic_fetch_sub(&table->live, 1);
    int64_t now = brood_monotonic();
    if (attempt) {
      table->refused = now;
      table->hit = now;
      if (nested) table->nested = now;
      return -EDQUOT;
    }
    sweep(now, pause_after_sweep);
  }
  int32_t start = table->hint, self = getpid();
  for (int32_t i = 0; i < slot_count; i++) {
    int32_t index = (start + i) % slot_count, expected = 0;
    struct slot *slot = &table->slots[index];
    if (slot->owner || !atomic_compare_exchange_strong(&slot->owner, &expected, self)) continue;
    atomic_fetch_add(&table->used, 1);
    slot->began = brood_monotonic_coarse();
    slot->born = ++table->lives;
    slot->pid = 0;
    begin(slot);
    slot->reported = 0;
    slot->ended = 0;
    slot->begun = boottime();
    // What a detached process makes is detached.
    struct slot *own = own_plus_one ? &table->slots[own_plus_one - 1] : NULL;
    slot->detached = own ? own->detached : 0;
    if (own) memcpy(slot->maker, own->name, sizeof slot->maker);
    else slot->maker[0] = 0;
    slot->waits[0] = 0;
    slot->work[0] = 0;
    slot->wait.number |= 1;  // awake
    slot->state = counted;
    table->hint = (index + 1) % slot_count;
    raise_top(index);
    return index;
  }
  atomic_fetch_sub(&table->live, 1);
  return -EDQUOT;
}

void brood_slot_name(int32_t slot, const char *name, size_t size) {
  char *place = table->slots[slot].name;
  size_t most = sizeof table->slots[slot].name - 1;
  if (size > most) size = most;
  memcpy(place, name, size);
  place[size] = 0;
}

void brood_slot_fill(int32_t slot, int32_t pid) {
  table->slots[slot].made = boottime();
  table->slots[slot].pid = pid;
}

void brood_slot_detach(int32_t slot) { table->slots[slot].detached = 1; }

void brood_slots_detach(int32_t pid) {
  for (int32_t i = 0; table && i < table->top; i++)
    if (table->slots[i].pid == pid) table->slots[i].detached = 1;
}

bool brood_slots_list(int32_t pid) {
  for (int32_t i = 0; table && i < table->top; i++)
    if (table->slots[i].pid == pid && table->slots[i].owner) return true;
  return false;
}

bool brood_slots_have(int32_t pid, uint64_t start_ticks, bool *detached) {
  const int64_t tick = 1000000000 / brood_clock_ticks();
  for (int32_t i = 0; table && i < table->top; i++) {
    struct slot *slot = &table->slots[i];
    if (slot->pid != pid || !slot->owner || !slot->made) continue;
    if (start_ticks < (uint64_t)(slot->begun / tick)) continue;
    if (start_ticks > (uint64_t)(slot->made / tick)) continue;
    *detached = slot->detached;
    return true;
  }
  return false;
}

// The first touch of the table costs a child three microseconds, but its parent may be killed before
// it has told the pid.
void brood_slot_take(int32_t slot) {
  own_plus_one = slot + 1;
  brood_operation_flags &= ~(uint32_t)BROOD_OPERATION_SLEPT;
  table->slots[slot].pid = getpid();
}

// The session's own process takes one only when it shares something.
int32_t brood_slot_own(void) {
  if (own_plus_one || !table || brood_forks() > 0) return own_plus_one - 1;
  int32_t self = getpid();
  for (int32_t i = 0; i < slot_count; i++) {
    int32_t expected = 0;
    struct slot *slot = &table->slots[i];
    if (slot->owner || !atomic_compare_exchange_strong(&slot->owner, &expected, self)) continue;
    begin(slot);
    slot->detached = 0;
    slot->state = not_counted;
    slot->pid = self;
    table->root_slot = i + 1;
    raise_top(i);
    own_plus_one = i + 1;
    return i;
  }
  return -1;
}

uint32_t brood_slot_generation(int32_t slot) { return table ? table->slots[slot].generation : 0; }

void brood_slot_set_manager(int32_t slot, bool waits) {
  int32_t master = waits ? brood_slot_own() + 1 : 0;
  table->slots[slot].manager = master > 0 ? master : -1;
  // It counts for itself now, no more for its maker.
  if (!waits) brood_slots_note_entry();
}

void brood_slot_note_fork(int32_t slot, uint32_t text, uint32_t line) {
  table->slots[slot].fork_text = text;
  table->slots[slot].fork_line = line;
}

void brood_slot_enter_pool(int32_t slot, int32_t pool) { table->slots[slot].pool = pool; }

int32_t brood_slot_manager(int32_t slot) { return table ? table->slots[slot].manager : 0; }

bool brood_slot_occupied(int32_t slot) { return table && table->slots[slot].owner != 0; }

void brood_slot_end(int32_t slot, int32_t signal, int32_t status) {
  struct slot *entry = &table->slots[slot];
  entry->last = entry->pid;
  entry->ended = brood_monotonic();
  entry->ending = signal ? 256 + signal : 1001 + (status & 255);
  table->deaths++;
  if (entry->order) brood_order_note_end(entry->order, 0);
}

int32_t brood_slot_ending(int32_t slot, int32_t *pid, int64_t *when) {
  if (!table) return 0;
  struct slot *entry = &table->slots[slot];
  *pid = entry->last;
  *when = entry->ended;
  return entry->ending;
}

uint32_t brood_slots_entries(void) { return table ? table->entries : 0; }

void brood_slots_note_entry(void) {
  if (table) atomic_fetch_add(&table->entries, 1);
}

uint32_t brood_slots_deaths(void) { return table ? table->deaths : 0; }

int32_t brood_slot_occupant(int32_t slot) { return table ? table->slots[slot].pid : 0; }

const char *brood_own_name(void) {
  if (!table || !own_plus_one || brood_forks() == 0) return NULL;
  return table->slots[own_plus_one - 1].name;
}

int32_t brood_slot_maker(char *name) {
  if (!table || !own_plus_one || brood_forks() == 0) return 0;
  struct slot *slot = &table->slots[own_plus_one - 1];
  memcpy(name, slot->maker, sizeof slot->maker);
  return slot->owner;
}

bool brood_slot_holds(int32_t slot, int32_t pid) { return table->slots[slot].pid == pid; }

int32_t brood_slots_top(void) { return table ? table->top : 0; }

static void copy_text(char *to, const char *from, size_t size) {
  memcpy(to, from, size);
  to[size - 1] = 0;
}

struct brood_slot_entry brood_slot_entry(int32_t slot) {
  struct slot *from = &table->slots[slot];
  struct brood_slot_entry entry = {.pid = from->pid, .owner = from->owner};
  copy_text(entry.name, from->name, sizeof entry.name);
  copy_text(entry.work, from->work, sizeof entry.work);
  copy_text(entry.waits, from->waits, sizeof entry.waits);
  return entry;
}

void brood_root_waits(char *text) { copy_text(text, table->root_waits, BROOD_WAITS_SIZE); }

// The beginning of a text, up to `end`; an ellipsis stands for the rest, if there is one.
static void put_words(char *place, size_t room, const char *text, size_t end, bool has_rest) {
  const char *rest = has_rest ? " …" : "";
  if (end + strlen(rest) >= room) {
    rest = "…";
    end = room - sizeof "…";
    while (end > 0 && (text[end] & 0xC0) == 0x80) end--;
  } else {
    while (end > 0 && text[end - 1] == ' ') end--;
  }
  memcpy(place, text, end);
  memcpy(place + end, rest, strlen(rest) + 1);
}

void brood_slot_work(int32_t slot, const char *text, size_t size) {
  size_t end = 0;
  while (end < size && text[end] != '\n' && end < BROOD_WORK_SIZE) end++;
  put_words(table->slots[slot].work, BROOD_WORK_SIZE, text, end, end < size);
}

const char *brood_slot_own_words(void) {
  if (!table || (!own_plus_one && brood_forks() > 0)) return NULL;
  return brood_forks() > 0 ? table->slots[own_plus_one - 1].waits : table->root_waits;
}

void brood_slot_sleeps(const char *text, size_t size) {
  if (!table || (!own_plus_one && brood_forks() > 0)) return;
  char *place = brood_forks() > 0 ? table->slots[own_plus_one - 1].waits : table->root_waits;
  size_t end = 0;
  while (end < size && text[end] != '\n' && text[end] != '{' && end < BROOD_WAITS_SIZE) end++;
  put_words(place, BROOD_WAITS_SIZE, text, end, false);
}

void brood_slot_free(int32_t slot) {
  if (table->slots[slot].owner == getpid()) release(slot);
}

int32_t brood_slot_write(int32_t slot, const void *bytes, size_t size, size_t at) {
  if (size >= 1 << 30 || at >= 1 << 30 || at + size >= 1 << 30) return -EFBIG;
  for (size_t done = 0; done < size;) {
    ssize_t count = pwrite(
      values, (const char *)bytes + done, size - done, offset(slot) + (off_t)(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    done += (size_t)count;
  }
  return 0;
}

void brood_slot_publish(int32_t slot, size_t size) { table->slots[slot].size = (int64_t)size + 1; }

int64_t brood_slot_size(int32_t slot) { return table->slots[slot].size; }

int32_t brood_slot_read(int32_t slot, void *bytes, size_t size, size_t at) {
  for (size_t done = 0; done < size;) {
    ssize_t count =
      pread(values, (char *)bytes + done, size - done, offset(slot) + (off_t)(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? -errno : -EIO;
    done += (size_t)count;
  }
  return 0;
}

void brood_slot_note_report(void) {
  if (table && own_plus_one && brood_forks() > 0) table->slots[own_plus_one - 1].reported = 1;
}

bool brood_slot_has_reported(int32_t slot) { return table->slots[slot].reported != 0; }

bool brood_slots_first_report(void) {
  return !table || atomic_exchange(&table->reported, 1) == 0;
}

void brood_slots_rearm(void) {
  if (table) table->reported = 0;
}
