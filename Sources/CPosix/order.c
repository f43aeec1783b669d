// The order in which locks are taken: a table of 64 locks, and of what was taken after what.
#include "brood_order.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "brood_shared.h"
#include "brood_signals.h"
#include "slots.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

uint32_t brood_order_flag;

struct order {
  uint32_t word;  // its lock
  uint32_t has_given_up;
  uint32_t serials;
  struct brood_order_lock locks[BROOD_ORDER_LOCKS];
  uint64_t followers[BROOD_ORDER_LOCKS];
  struct brood_order_process processes[BROOD_ORDER_PROCESSES];
  struct brood_order_edge edges[BROOD_ORDER_LOCKS][BROOD_ORDER_LOCKS];
};

static struct order *order;

void brood_order_start(void) { order = brood_session_memory(sizeof(struct order)); }

void brood_order_turn(bool on) { brood_order_flag = on; }

bool brood_order_enter(void) {
  enum { timeout = 20000000 };
  if (!order) return false;
  int64_t deadline = brood_monotonic() + timeout;
  for (;;) {
    int32_t code = brood_lock(&order->word, deadline);
    // What a process that was killed here has begun is no more than an order that is not noted.
    if (code >= 0) return true;
    if (code != -EINTR || brood_monotonic() >= deadline) return false;
  }
}

void brood_order_leave(void) { brood_unlock(&order->word); }

static struct slot *own_slot(void) {
  int32_t slot = brood_slot_own();
  struct table *table = brood_slots_table();
  return table && slot >= 0 ? &table->slots[slot] : NULL;
}

void brood_order_use(int32_t bit, bool uses) {
  struct slot *own = own_slot();
  if (!own) return;
  if (uses) atomic_fetch_or(&own->locks, 1ULL << bit);
  else atomic_fetch_and(&own->locks, ~(1ULL << bit));
}

static void forget(int32_t bit) {
  order->locks[bit].id = 0;
  order->followers[bit] = 0;
  for (int i = 0; i < BROOD_ORDER_LOCKS; i++) {
    order->followers[i] &= ~(1ULL << bit);
    order->edges[bit][i].is_there = 0;
    order->edges[i][bit].is_there = 0;
  }
}

// Bits of locks that no process uses any more.
static void sweep(void) {
  struct table *table = brood_slots_table();
  uint64_t used = 0;
  int32_t top = table->top;
  for (int32_t i = 0; i < top && i < slot_count; i++)
    if (table->slots[i].owner) used |= table->slots[i].locks;
  for (int i = 0; i < BROOD_ORDER_LOCKS; i++)
    if (order->locks[i].id && !(used >> i & 1)) forget(i);
}

int32_t brood_order_bit(uint64_t id, const char *name, size_t size) {
  for (int turn = 0; turn < 2; turn++) {
    int32_t unused = -1;
    for (int32_t i = 0; i < BROOD_ORDER_LOCKS; i++) {
      if (order->locks[i].id == id) return i;
      if (!order->locks[i].id && unused < 0) unused = i;
    }
    if (unused >= 0) {
      struct brood_order_lock *lock = &order->locks[unused];
      if (size > BROOD_ORDER_NAME - 1) size = BROOD_ORDER_NAME - 1;
      memcpy(lock->name, name, size);
      lock->name[size] = 0;
      lock->id = id;
      return unused;
    }
    sweep();
  }
  return -1;
}

const struct brood_order_lock *brood_order_lock(int32_t bit) { return &order->locks[bit]; }

struct brood_order_edge *brood_order_edge(int32_t held, int32_t taken) {
  return &order->edges[held][taken];
}

uint64_t brood_order_followers(int32_t held) { return order->followers[held]; }

void brood_order_follow(int32_t held, int32_t taken) { order->followers[held] |= 1ULL << taken; }

// A number is a serial above the place plus one.
enum { place_bits = 9 };

uint32_t brood_order_self(void) {
  struct slot *own = own_slot();
  if (!own) return 0;
  if (own->order) return own->order;
  int32_t place = -1;
  for (int32_t i = 0; i < BROOD_ORDER_PROCESSES; i++) {
    const struct brood_order_process *process = &order->processes[i];
    if (!process->serial) {
      place = i;
      break;
    }
    // The one that ended first.
    if (process->ended && (place < 0 || process->ended < order->processes[place].ended)) place = i;
  }
  if (place < 0) return 0;
  uint32_t serial = ++order->serials & (UINT32_MAX >> place_bits);
  if (!serial) serial = ++order->serials & (UINT32_MAX >> place_bits);
  bool is_root = brood_forks() == 0;
  order->processes[place] = (struct brood_order_process){
    .serial = serial, .pid = getpid(), .born = is_root ? 0 : own->born,
    .began = is_root ? 0 : own->began};
  own->order = serial << place_bits | (uint32_t)(place + 1);
  return own->order;
}

static struct brood_order_process *find(uint32_t number) {
  uint32_t place = number & ((1u << place_bits) - 1);
  if (!order || place == 0 || place > BROOD_ORDER_PROCESSES) return NULL;
  struct brood_order_process *process = &order->processes[place - 1];
  return process->serial == number >> place_bits ? process : NULL;
}

bool brood_order_process(uint32_t number, struct brood_order_process *process) {
  const struct brood_order_process *found = find(number);
  if (found) *process = *found;
  return found;
}

void brood_order_note_end(uint32_t number, uint64_t gone) {
  struct brood_order_process *process = find(number);
  if (!process) return;
  if (!process->ended) process->ended = brood_monotonic_coarse();
  if (gone && !process->gone) process->gone = gone;
}

bool brood_order_give_up(void) {
  bool is_first = !order->has_given_up;
  order->has_given_up = 1;
  return is_first;
}

bool brood_order_has_given_up(void) { return order && order->has_given_up; }
