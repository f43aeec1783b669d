// What happens when memory runs out: a reserve is used up first, and that is noticed soon.
#include "brood_process.h"
#include "brood_signals.h"
#include "brood_slots.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { reserve_size = 16 << 20 };

static _Atomic(void *) reserve;
static atomic_bool is_short;
// In a process whose end is to tell its parent of it; such a one uses no reserve.
static uint64_t *mark;
static void (*last_words)(void);

static void *map(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

bool brood_memory_reserve(void) {
  if (mark || reserve) return true;
  reserve = map(reserve_size);
  return reserve != NULL;
}

bool brood_memory_was_short(void) { return atomic_exchange(&is_short, false); }

bool brood_memory_probe(size_t size) {
  if (mark) return true;  // what ends it tells of it
  // A little more, for whatever else is needed at the same time.
  void *memory = map(size + (1 << 20));
  if (memory) munmap(memory, size + (1 << 20));
  return memory != NULL;
}

uint64_t brood_memory_limit(int32_t *which) {
  struct rlimit all, data;
  getrlimit(RLIMIT_AS, &all);
  getrlimit(RLIMIT_DATA, &data);
  *which = 0;
  if (all.rlim_cur == RLIM_INFINITY && data.rlim_cur == RLIM_INFINITY) return 0;
  *which = all.rlim_cur <= data.rlim_cur ? 1 : 2;
  return *which == 1 ? all.rlim_cur : data.rlim_cur;
}

// An allocation has failed: with the reserve gone it is tried once more.
static bool use_reserve(void) {
  void *memory = atomic_exchange(&reserve, NULL);
  if (!memory) return false;
  munmap(memory, reserve_size);
  is_short = true;
  brood_raise_attention();
  return true;
}

// What the runtime and the libraries get memory by. The static program is linked with --wrap; in a
// dynamic one these take the place of the library's.
#ifdef DEBUG
#define REAL(name) __libc_##name
#define OURS(name) name
#else
#define REAL(name) __real_##name
#define OURS(name) __wrap_##name
#endif
extern void *REAL(malloc)(size_t size) __attribute__((weak));
extern void *REAL(calloc)(size_t count, size_t size) __attribute__((weak));
extern void *REAL(realloc)(void *memory, size_t size) __attribute__((weak));

void *OURS(malloc)(size_t size) {
  void *memory = REAL(malloc)(size);
  if (__builtin_expect(memory == NULL, 0) && use_reserve()) memory = REAL(malloc)(size);
  return memory;
}

void *OURS(calloc)(size_t count, size_t size) {
  void *memory = REAL(calloc)(count, size);
  if (__builtin_expect(memory == NULL, 0) && use_reserve()) memory = REAL(calloc)(count, size);
  return memory;
}

void *OURS(realloc)(void *old, size_t size) {
  void *memory = REAL(realloc)(old, size);
  if (__builtin_expect(memory == NULL, 0) && size > 0 && use_reserve())
    memory = REAL(realloc)(old, size);
  return memory;
}

// Swift takes memory by this where it is told an alignment.
#ifdef DEBUG
extern void *__libc_memalign(size_t alignment, size_t size);
static int aligned(void **memory, size_t alignment, size_t size) {
  void *got = __libc_memalign(alignment, size);
  if (!got) return ENOMEM;
  *memory = got;
  return 0;
}
#else
extern int __real_posix_memalign(void **memory, size_t alignment, size_t size)
  __attribute__((weak));
#define aligned __real_posix_memalign
#endif
int OURS(posix_memalign)(void **memory, size_t alignment, size_t size) {
  int error = aligned(memory, alignment, size);
  if (__builtin_expect(error == ENOMEM, 0) && use_reserve())
    error = aligned(memory, alignment, size);
  return error;
}

static const char refused[] = "failed to allocate";

// The runtime would go on to print a trace of itself, which helps no user.
_Noreturn static void give_up(void) {
  use_reserve();
  if (last_words) last_words();
  const char *name = brood_own_name();
  int32_t which;
  uint64_t limit = brood_memory_limit(&which);
  char advice[96] = "the machine has no more";
  if (limit)
    snprintf(
      advice, sizeof advice, "it may have %llu KiB (ulimit -%c)", (unsigned long long)limit / 1024,
      which == 1 ? 'v' : 'd');
  dprintf(
    STDERR_FILENO, "error%s%s%s: out of memory: %s\n", name ? " in process '" : "",
    name ? name : "", name ? "'" : "", advice);
  _exit(1);
}

static ssize_t take(void *cookie, const char *text, size_t size) {
  (void)cookie;
  if (memmem(text, size, refused, sizeof refused - 1)) {
    if (!mark) give_up();
    __atomic_store_n(mark, 1, __ATOMIC_RELAXED);
  }
  bool is_quiet = mark && __atomic_load_n(mark, __ATOMIC_RELAXED);
  if (!is_quiet && write(STDERR_FILENO, text, size) < 0) return 0;
  return (ssize_t)size;
}

// Only the runtime writes by this stream, and no more when it is refused memory.
static void listen(void) {
  FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});
  if (!file) return;
  setvbuf(file, NULL, _IONBF, 0);
  stderr = file;
}

void brood_explain_exhaustion(void (*before)(void)) {
  last_words = before;
  listen();
  brood_memory_reserve();
}

void brood_note_exhaustion(uint64_t *word) {
  mark = word;
  void *memory = atomic_exchange(&reserve, NULL);
  if (memory) munmap(memory, reserve_size);
  listen();
}
