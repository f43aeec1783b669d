// The command line as main gets it, kept before any code of Swift runs: the runtime would read it
// from /proc, which may not be there, or not to be opened.
#include "brood_process.h"

#include <stdlib.h>
#include <unistd.h>

static int32_t count;
static char *const *words;

// Before the constructors of the runtime: where there is no /proc, they would look there for the
// runtime's own files, and abort. The session refuses to begin then, so no child sees these names.
__attribute__((constructor(101))) static void keep(int argc, char **argv) {
  count = argc;
  words = argv;
  if (access("/proc/self/maps", F_OK) == 0) return;
  setenv("SWIFT_ROOT", "/", 1);
  setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 1);
}

char *const *brood_arguments(int32_t *number) {
  *number = count;
  return words;
}
