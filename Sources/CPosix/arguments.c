// The command line as main gets it, kept before any code of Swift runs: the runtime would read it
// from /proc, which may not be there, or not to be opened.
#include "brood_process.h"

static int32_t count;
static char *const *words;

__attribute__((constructor)) static void keep(int argc, char **argv) {
  count = argc;
  words = argv;
}

char *const *brood_arguments(int32_t *number) {
  *number = count;
  return words;
}
