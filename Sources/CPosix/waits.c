// Wait records, and the names of source texts.
#include "brood_waits.h"
#include "brood_events.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "brood_signals.h"
#include "slots.h"

#include <string.h>

uint32_t brood_operation_flags;

void brood_operations_hear(bool on) {
  if (on) brood_operation_flags |= BROOD_OPERATION_HEARD;
  else brood_operation_flags &= ~(uint32_t)BROOD_OPERATION_HEARD;
}

static struct brood_wait_cell *own_cell(void) {
  struct table *table = brood_slots_table();
  if (!table) return NULL;
  if (brood_forks() == 0) return &table->root_wait;
  int32_t own = brood_slot_own_plus_one();
  return own ? &table->slots[own - 1].wait : NULL;
}

static void put(_Atomic uint64_t *place, uint64_t value) {
  atomic_store_explicit(place, value, memory_order_relaxed);
}

static int32_t woken_by;

void brood_woken_by(int32_t pid) { woken_by = pid; }

// The record of a wait is 32 bits for a kind of object and what is wanted of it.
static void record_sleep(uint8_t what, const struct brood_wait *wait) {
  struct brood_recorded event = {.what = what, .verb = wait->verb, .kind = (uint16_t)wait->kinds[0],
    .id = wait->ids[0], .text = (uint16_t)wait->text, .line = wait->line};
  if (what == BROOD_EVENT_WAKE) event.other = woken_by;
  woken_by = 0;
  // Where it is for no channel, the words of the call tell more.
  enum { channels = 15 };
  bool is_channel = event.kind > 0 && event.kind <= channels;
  const char *words =
    what == BROOD_EVENT_SLEEP && !is_channel ? brood_slot_own_words() : NULL;
  size_t size = words ? strnlen(words, BROOD_WAITS_SIZE) : 0;
  event.size = (uint32_t)size;
  brood_event_write(&event, words, size);
}

void brood_wait_begin(const struct brood_wait *wait) {
  struct brood_wait_cell *cell = own_cell();
  if (!cell) return;
  uint32_t number = cell->number | 1;
  // A reader sees it odd before it sees any of the rest.
  atomic_store_explicit(&cell->number, number, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(&cell->verb, wait->verb, memory_order_relaxed);
  atomic_store_explicit(&cell->flags, wait->flags, memory_order_relaxed);
  atomic_store_explicit(&cell->since, wait->since, memory_order_relaxed);
  atomic_store_explicit(&cell->deadline, wait->deadline, memory_order_relaxed);
  atomic_store_explicit(&cell->text, wait->text, memory_order_relaxed);
  atomic_store_explicit(&cell->line, wait->line, memory_order_relaxed);
  for (int i = 0; i < BROOD_WAIT_TARGETS; i++) {
    atomic_store_explicit(&cell->kinds[i], wait->kinds[i], memory_order_relaxed);
    if (!wait->kinds[i]) break;
    put(&cell->ids[i], wait->ids[i]);
  }
  atomic_store_explicit(&cell->number, number + 1, memory_order_release);
  brood_operation_flags |= BROOD_OPERATION_SLEPT;
  if (brood_events_on()) record_sleep(BROOD_EVENT_SLEEP, wait);
}

void brood_wait_end(void) {
  brood_operation_flags &= ~(uint32_t)BROOD_OPERATION_SLEPT;
  struct brood_wait_cell *cell = own_cell();
  if (!cell) return;
  if (brood_events_on()) {
    struct brood_wait wait = {.verb = cell->verb, .kinds = {cell->kinds[0]}, .ids = {cell->ids[0]}};
    record_sleep(BROOD_EVENT_WAKE, &wait);
  }
  atomic_store_explicit(&cell->number, cell->number | 1, memory_order_release);
}

static void copy_cell(const struct brood_wait_cell *cell, struct brood_wait *wait) {
  wait->verb = atomic_load_explicit(&cell->verb, memory_order_relaxed);
  wait->flags = atomic_load_explicit(&cell->flags, memory_order_relaxed);
  wait->since = atomic_load_explicit(&cell->since, memory_order_relaxed);
  wait->deadline = atomic_load_explicit(&cell->deadline, memory_order_relaxed);
  wait->text = atomic_load_explicit(&cell->text, memory_order_relaxed);
  wait->line = atomic_load_explicit(&cell->line, memory_order_relaxed);
  for (int i = 0; i < BROOD_WAIT_TARGETS; i++) {
    wait->kinds[i] = atomic_load_explicit(&cell->kinds[i], memory_order_relaxed);
    wait->ids[i] = atomic_load_explicit(&cell->ids[i], memory_order_relaxed);
  }
}

bool brood_wait_read_cell(const struct brood_wait_cell *cell, struct brood_wait *wait) {
  for (int attempt = 0; attempt < 3; attempt++) {
    uint32_t before = atomic_load_explicit(&cell->number, memory_order_acquire);
    if (before & 1) return false;
    wait->number = before;
    copy_cell(cell, wait);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&cell->number, memory_order_relaxed) == before) return true;
  }
  return false;
}

void brood_wait_cut(void) {
  struct brood_wait_cell *cell = own_cell();
  if (cell) atomic_fetch_or(&cell->flags, BROOD_WAIT_CUT);
}

bool brood_wait_read_cut(const struct brood_wait_cell *cell, struct brood_wait *wait) {
  uint32_t before = atomic_load_explicit(&cell->number, memory_order_acquire);
  if (!(before & 1)) return false;
  copy_cell(cell, wait);
  atomic_thread_fence(memory_order_acquire);
  return (wait->flags & BROOD_WAIT_CUT) &&
    atomic_load_explicit(&cell->number, memory_order_relaxed) == before;
}

bool brood_wait_own(struct brood_wait *wait) {
  struct brood_wait_cell *cell = own_cell();
  return cell && brood_wait_read_cell(cell, wait);
}

bool brood_wait_read(int32_t slot, struct brood_wait *wait) {
  struct table *table = brood_slots_table();
  if (!table || slot < 0 || slot >= slot_count) return false;
  if (slot + 1 == table->root_slot) return brood_wait_read_cell(&table->root_wait, wait);
  return brood_wait_read_cell(&table->slots[slot].wait, wait);
}

int64_t brood_look_due(void) {
  struct table *table = brood_slots_table();
  int64_t due = table ? table->look_due : 0;
  return due ? due : INT64_MAX;
}

bool brood_look_ask(int64_t now, int64_t moment) {
  enum { late = 500000000 };
  struct table *table = brood_slots_table();
  if (!table) return false;
  int64_t due = atomic_load_explicit(&table->look_due, memory_order_relaxed);
  do if (due > now - late && due <= moment) return false;
  while (!atomic_compare_exchange_weak(&table->look_due, &due, moment));
  return true;
}

void brood_look_plan(int64_t last, int64_t moment) {
  struct table *table = brood_slots_table();
  if (!table) return;
  if (last == INT64_MAX) last = 0;
  atomic_compare_exchange_strong(&table->look_due, &last, moment == INT64_MAX ? 0 : moment);
}

void brood_look_note(int64_t now) {
  struct table *table = brood_slots_table();
  if (table) table->looked = now;
}

int64_t brood_looked(void) {
  struct table *table = brood_slots_table();
  return table ? table->looked : 0;
}

void brood_look_changed(bool stopped) {
  struct table *table = brood_slots_table();
  if (!table) return;
  table->look_changes++;
  if (stopped) table->had_stops = 1;
}

bool brood_look_had_stops(void) {
  struct table *table = brood_slots_table();
  return table && table->had_stops;
}

bool brood_look_tell(uint64_t set) {
  struct table *table = brood_slots_table();
  if (!table) return false;
  for (int i = 0; i < BROOD_TOLD; i++)
    if (table->told[i] == set) return false;
  table->told[table->told_count++ % BROOD_TOLD] = set;
  return true;
}

// What others say of a process's wait, and its record.
struct wait_words {
  struct brood_wait_cell *cell;
  _Atomic uint32_t *chosen;
  _Atomic int64_t *stayed;
};

static struct wait_words root_words(struct table *table) {
  return (struct wait_words){&table->root_wait, &table->root_chosen, &table->root_stayed};
}

static struct wait_words slot_words(struct slot *slot) {
  return (struct wait_words){&slot->wait, &slot->chosen, &slot->stayed};
}

static bool find_words(int32_t pid, struct wait_words *words) {
  struct table *table = brood_slots_table();
  if (!table) return false;
  if (pid == table->root) {
    *words = root_words(table);
    return true;
  }
  int32_t top = table->top;
  for (int32_t i = 0; i < top && i < slot_count; i++) {
    struct slot *slot = &table->slots[i];
    if (slot->pid != pid || !slot->owner) continue;
    *words = slot_words(slot);
    return true;
  }
  return false;
}

static bool own_words(struct wait_words *words) {
  struct table *table = brood_slots_table();
  if (!table) return false;
  int32_t own = brood_slot_own_plus_one();
  if (brood_forks() == 0) *words = root_words(table);
  else if (own) *words = slot_words(&table->slots[own - 1]);
  else return false;
  return true;
}

uint32_t brood_wait_number(int32_t pid) {
  struct wait_words words;
  if (!find_words(pid, &words)) return 0;
  uint32_t number = words.cell->number;
  return number & 1 ? 0 : number;
}

void brood_wait_choose(int32_t pid) {
  struct wait_words words;
  if (find_words(pid, &words)) *words.chosen = words.cell->number;
}

bool brood_wait_is_chosen(void) {
  struct wait_words words;
  if (!own_words(&words)) return false;
  uint32_t number = atomic_exchange(words.chosen, 0);
  return number && !(number & 1) && number == words.cell->number;
}

void brood_wait_stay(int64_t now) {
  struct wait_words words;
  if (own_words(&words)) *words.stayed = now;
}

int64_t brood_wait_stayed(int32_t pid) {
  struct wait_words words;
  return find_words(pid, &words) ? *words.stayed : 0;
}

uint64_t brood_look_changes(void) {
  struct table *table = brood_slots_table();
  return table ? (uint64_t)table->deaths << 32 | table->look_changes : 0;
}

static uint64_t mix(uint64_t number) {
  number = (number ^ number >> 32) * 0x9e3779b97f4a7c15ULL;
  return number ^ number >> 29;
}

static void scan_cell(
  const struct brood_wait_cell *cell, int32_t pid, int64_t limit, struct brood_look_scan *scan) {
  struct brood_wait wait;
  if (!brood_wait_read_cell(cell, &wait) || wait.deadline != INT64_MAX) return;
  if (wait.since > limit) {
    if (wait.since < scan->next) scan->next = wait.since;
    return;
  }
  scan->old++;
  scan->signature += mix((uint64_t)(uint32_t)pid << 32 | wait.number);
}

void brood_look_scan(int64_t now, int64_t age, struct brood_look_scan *scan) {
  struct table *table = brood_slots_table();
  *scan = (struct brood_look_scan){.next = INT64_MAX};
  if (!table) return;
  scan->signature = mix(brood_look_changes());
  scan_cell(&table->root_wait, table->root, now - age, scan);
  int32_t top = table->top;
  for (int32_t i = 0; i < top && i < slot_count; i++) {
    struct slot *slot = &table->slots[i];
    if (slot->owner && slot->pid && i + 1 != table->root_slot)
      scan_cell(&slot->wait, slot->pid, now - age, scan);
  }
  if (scan->next != INT64_MAX) scan->next += age;
}

void brood_handled_note(int32_t signal, uint32_t text, uint32_t line) {
  struct table *table = brood_slots_table();
  int32_t slot = brood_slot_own();
  if (!table || slot < 0) return;
  struct brood_handled *all = table->slots[slot].handled, *one = NULL;
  for (int i = 0; i < BROOD_HANDLED && !one; i++)
    if (all[i].signal == (uint32_t)signal || !all[i].signal) one = &all[i];
  if (!one) {
    one = &all[0];
    for (int i = 1; i < BROOD_HANDLED; i++)
      if (all[i].when < one->when) one = &all[i];
  }
  // A reader may see some of this and some of what was before: it is told as evidence, no more.
  if (one->signal != (uint32_t)signal) one->count = 0;
  one->count++;
  one->when = brood_monotonic();
  one->text = text;
  one->line = line;
  one->signal = (uint32_t)signal;
}

uint32_t brood_text_number(const char *name, size_t size) {
  struct table *table = brood_slots_table();
  if (!table) return 0;
  enum { room = BROOD_TEXT_SIZE - 1 };
  if (size > room) {
    name += size - room;
    size = room;
  }
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
  for (uint32_t i = 0; i < BROOD_TEXTS; i++) {
    uint32_t index = (hash + i) % BROOD_TEXTS, free_state = 0;
    struct text *text = &table->texts[index];
    if (text->state == 0 && atomic_compare_exchange_strong(&text->state, &free_state, 1)) {
      text->hash = hash;
      memcpy(text->name, name, size);
      text->name[size] = 0;
      text->state = 2;
      brood_events_name_text(index + 1, text->name);
      return index + 1;
    }
    // One whose writer is under way, or was killed, is passed over: a name may stand twice.
    if (text->state == 2 && text->hash == hash && strlen(text->name) == size &&
        !memcmp(text->name, name, size))
      return index + 1;
  }
  return 0;
}
