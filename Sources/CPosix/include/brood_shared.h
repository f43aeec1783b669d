// Memory that processes share: atomic words, a lock that outlives its holder's death, bells.
//
// The lock is a futex word in shared memory, taken for sections of microseconds. It is robust by
// the kernel's own means: while it is wanted or held, its address stands in `list_op_pending` of
// this thread's robust list (set_robust_list(2)), so the kernel marks the word and wakes a waiter
// when the holder dies in any way, exec included. One lock can be held at a time.
// Functions return a value >= 0, or a negated errno.
#ifndef BROOD_SHARED_H
#define BROOD_SHARED_H

#include "brood_signals.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t brood_load32(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void brood_store32(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint32_t brood_swap32(uint32_t *word, uint32_t value) {
  return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

static inline uint32_t brood_add32(uint32_t *word, uint32_t value) {
  return __atomic_add_fetch(word, value, __ATOMIC_ACQ_REL);
}

static inline uint64_t brood_load64(const uint64_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void brood_store64(uint64_t *word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/// Sets a word to `value` if it is `expected`.
static inline bool brood_cas32(uint32_t *word, uint32_t expected, uint32_t value) {
  return __atomic_compare_exchange_n(
    word, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline bool brood_cas64(uint64_t *word, uint64_t expected, uint64_t value) {
  return __atomic_compare_exchange_n(
    word, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline bool brood_cas16(uint16_t *word, uint16_t expected, uint16_t value) {
  return __atomic_compare_exchange_n(
    word, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline bool brood_cas8(uint8_t *word, uint8_t expected, uint8_t value) {
  return __atomic_compare_exchange_n(
    word, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/// Counts one more, for statistics.
static inline void brood_count(uint64_t *word) {
  __atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
}

/// Tells the processor that this is a spinning loop.
static inline void brood_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// This process for ever: pid and slot plus one in one word, and when it was started.
struct brood_identity {
  uint64_t word;
  uint64_t start;
  uint32_t depth;  // the fork depth at which it was read, plus one; 0: not yet
};

extern struct brood_identity brood_self;

/// Whether `brood_self` is this process's.
static inline bool brood_self_known(void) { return brood_self.depth == brood_fork_count + 1; }

static inline uint64_t brood_self_word(void) { return brood_self.word; }

static inline uint64_t brood_self_start(void) { return brood_self.start; }

static inline void brood_self_set(uint64_t word, uint64_t start) {
  brood_self.word = word;
  brood_self.start = start;
  brood_self.depth = brood_fork_count + 1;
}

/// What the kernel reads when this thread ends.
struct brood_robust_head {
  void *next;
  long futex_offset;
  void *pending;
};

extern struct brood_robust_head brood_robust;
extern uint32_t brood_lock_self;   // this thread's id, 0 until registered
extern uint32_t brood_lock_forks;  // the fork depth at which it was registered

/// Registers the robust list of this process; again after each fork.
void brood_lock_register(void);

int32_t brood_lock_contended(uint32_t *word, int64_t deadline);

void brood_lock_wake(uint32_t *word);

/// Takes a lock: 0, or 1 if its last holder died inside, so that the section must be repaired;
/// -ETIMEDOUT at the deadline (monotonic ns, INT64_MAX for none), -EINTR when a signal was recorded.
static inline int32_t brood_lock(uint32_t *word, int64_t deadline) {
  if (brood_lock_self == 0 || brood_lock_forks != brood_fork_count) brood_lock_register();
  brood_robust.pending = word;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (brood_cas32(word, 0, brood_lock_self)) return 0;
  return brood_lock_contended(word, deadline);
}

/// Gives a lock back.
static inline void brood_unlock(uint32_t *word) {
  if (brood_swap32(word, 0) & FUTEX_WAITERS) brood_lock_wake(word);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  brood_robust.pending = NULL;
}

/// The thread that holds a lock, 0 for none.
static inline int32_t brood_lock_holder(const uint32_t *word) {
  return (int32_t)(brood_load32(word) & FUTEX_TID_MASK);
}

/// Makes a bell: an eventfd(2) below the private range, so that forked children share it.
int32_t brood_bell_make(void);

/// Rings a bell: its waiters wake, until it is silenced.
void brood_bell_ring(int32_t bell);

/// Silences a bell.
void brood_bell_silence(int32_t bell);

/// Makes a sparse memfd of `size` bytes that cannot shrink.
int32_t brood_memory_make(const char *name, int64_t size);

/// Maps a sparse memfd; null if that is not possible, with errno in `code`.
void *brood_memory_map(int32_t fd, size_t size, int32_t *code);

/// The same, only to be read.
void *brood_memory_map_to_read(int32_t fd, size_t size, int32_t *code);

void brood_memory_unmap(void *base, size_t size);

/// The size of a memfd that cannot shrink; -EBADMSG for any other descriptor.
int64_t brood_memory_size(int32_t fd);

/// Makes sure that a range has memory (fallocate(2)), so that shortage is an error and no SIGBUS.
int32_t brood_memory_commit(int32_t fd, int64_t offset, int64_t size);

/// Gives a range's memory back; it reads as zero then.
void brood_memory_release(int32_t fd, int64_t offset, int64_t size);

/// Bytes of memory that a memfd takes.
int64_t brood_memory_used(int32_t fd);

/// Waits until one of some descriptors is readable: poll(2) with a deadline (monotonic ns,
/// INT64_MAX for none).
///
/// `ready` gets one byte per descriptor. Yields how many are ready; 0 at the deadline or a signal.
int32_t brood_wait_readable(
  const int32_t *fds, int32_t count, uint8_t *ready, int64_t deadline);

/// A private descriptor that is readable once a bell has rung from now on, whichever process silences it: an
/// epoll(7) set with an edge-triggered entry.
int32_t brood_edge_make(int32_t bell);

/// A new open file description of a memfd, to claim blocks of it with; -ENOENT without /proc.
int32_t brood_lease_make(int32_t memory);

/// Claims one of `count` blocks that no process has: its number, or -EAGAIN.
///
/// The claim is a lock of the open file description (F_OFD_SETLK, fcntl(2)): it goes where the
/// descriptor goes, through sockets too, and ends when the kernel has closed the last copy, whichever process
/// was killed on the way.
int32_t brood_lease_claim(int32_t lease, int32_t count);

/// Sleeps while a shared word has this value, at most so long; a signal ends it, too.
void brood_word_sleep(const uint32_t *word, uint32_t value, int64_t nanoseconds);

/// Wakes those that sleep so.
void brood_word_wake(const uint32_t *word);

/// Lets so many bytes of messages wait in a socket, or as many as this process may have wait
/// (SO_SNDBUFFORCE, SO_SNDBUF).
void brood_widen(int32_t socket, int32_t size);

/// Lets blocking calls on a socket return with EAGAIN after a time (SO_RCVTIMEO, SO_SNDTIMEO).
int32_t brood_limit_waits(int32_t socket, int64_t nanoseconds);

#endif
