// What is said when memory runs out.
#include "brood_process.h"

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
