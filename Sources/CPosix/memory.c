// Memory that is part of the program, and what is said when memory runs out.
#include "brood_process.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ssize_t take(void *cookie, const char *text, size_t size) {
  static const char refused[] = "failed to allocate";
  uint64_t *mark = cookie;
  if (memmem(text, size, refused, sizeof refused - 1)) __atomic_store_n(mark, 1, __ATOMIC_RELAXED);
  if (!__atomic_load_n(mark, __ATOMIC_RELAXED) && write(STDERR_FILENO, text, size) < 0) return 0;
  return (ssize_t)size;
}

// Only the runtime writes by this stream, and no more when it is refused memory.
void brood_note_exhaustion(uint64_t *mark) {
  FILE *file = fopencookie(mark, "w", (cookie_io_functions_t){.write = take});
  if (!file) return;
  setvbuf(file, NULL, _IONBF, 0);
  stderr = file;
}

static char room[17 << 20] __attribute__((aligned(4096)));

void *brood_static_memory(int64_t size) {
  static bool taken;
  if (taken || size > (int64_t)sizeof room) return NULL;
  taken = true;
  return room;
}

uintptr_t brood_stack_end(void) {
  pthread_attr_t attributes;
  void *end = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes)) return 0;
  if (pthread_attr_getstack(&attributes, &end, &size)) end = NULL;
  pthread_attr_destroy(&attributes);
  return (uintptr_t)end;
}
