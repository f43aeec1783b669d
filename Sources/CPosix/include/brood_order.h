// In which order the processes of a session take locks, in the memory that they share: see
// `Channels/Locks/LockOrder.swift`. All of it is read and written under its lock, and only where a
// process takes a lock in an order that it has not noted yet.
#ifndef BROOD_ORDER_H
#define BROOD_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  BROOD_ORDER_LOCKS = 64,
  BROOD_ORDER_TAKERS = 4,
  BROOD_ORDER_PROCESSES = 256,
  BROOD_ORDER_NAME = 56,
};

/// A lock that was taken while another one was held, or held then; its place is its bit.
struct brood_order_lock {
  uint64_t id;  // of the channel; 0: the bit is free
  char name[BROOD_ORDER_NAME];
};

/// That one lock was taken while another one was held.
struct brood_order_edge {
  uint64_t guard;       // what else was held each time
  uint32_t text, line;  // where it was first
  uint32_t takers[BROOD_ORDER_TAKERS];  // as `brood_order_self` tells them; 0: none
  uint32_t is_there;
};

/// A process that takes locks in some order. Births and ends are counted together, so that it is
/// exact whether one was waited for before another one was forked.
struct brood_order_process {
  uint32_t serial;  // tells it from earlier ones of the same place
  int32_t pid;
  uint64_t born, gone;   // gone: when it was reaped; 0: not yet
  int64_t began, ended;  // monotonic ns; ended: when that was seen, 0: not yet
};

/// Nonzero while this process notes in which order it takes locks.
extern uint32_t brood_order_flag;
static inline bool brood_order_is_on(void) { return brood_order_flag != 0; }
void brood_order_turn(bool on);

/// Takes the lock of the order; false if there is no session, or it is not to be had soon.
bool brood_order_enter(void);
void brood_order_leave(void);

/// The bit of a lock, which gets one if it has none; -1 if all are in use.
int32_t brood_order_bit(uint64_t id, const char *name, size_t size);

/// Says that this process has taken a lock, so that the bit stays the lock's; or that the lock is
/// gone here.
void brood_order_use(int32_t bit, bool uses);

const struct brood_order_lock *brood_order_lock(int32_t bit);
struct brood_order_edge *brood_order_edge(int32_t held, int32_t taken);

/// The locks that were taken while one was held, as bits.
uint64_t brood_order_followers(int32_t held);
void brood_order_follow(int32_t held, int32_t taken);

/// This process's number, which it gets; 0 if there is no room.
uint32_t brood_order_self(void);

/// A process by its number; false if it is forgotten.
bool brood_order_process(uint32_t number, struct brood_order_process *process);

/// Says that bits have run out; false if that was said.
bool brood_order_give_up(void);
bool brood_order_has_given_up(void);

#endif
