// Wait records, and the names of source texts.
#include "brood_waits.h"
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
}

void brood_wait_end(void) {
  brood_operation_flags &= ~(uint32_t)BROOD_OPERATION_SLEPT;
  struct brood_wait_cell *cell = own_cell();
  if (cell) atomic_store_explicit(&cell->number, cell->number | 1, memory_order_release);
}

bool brood_wait_read_cell(const struct brood_wait_cell *cell, struct brood_wait *wait) {
  for (int attempt = 0; attempt < 3; attempt++) {
    uint32_t before = atomic_load_explicit(&cell->number, memory_order_acquire);
    if (before & 1) return false;
    wait->number = before;
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
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&cell->number, memory_order_relaxed) == before) return true;
  }
  return false;
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
      return index + 1;
    }
    // One whose writer is under way, or was killed, is passed over: a name may stand twice.
    if (text->state == 2 && text->hash == hash && strlen(text->name) == size &&
        !memcmp(text->name, name, size))
      return index + 1;
  }
  return 0;
}
