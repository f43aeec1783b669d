#include "texts.h"

#if !__has_include("embedded.h")
#error "Sources/Texts/embedded.h is missing: scripts/setup has it written"
#endif

#pragma clang diagnostic ignored "-Wc23-extensions"
#include "embedded.h"

uint64_t brood_text_count(void) { return sizeof texts / sizeof *texts; }

struct brood_text brood_text_at(uint64_t index) {
  return texts[index < brood_text_count() ? index : 0];
}
