// Texts for learning, as files that are part of the program.
#pragma once
#include <stdint.h>

struct brood_text {
  const char *name;  // its path, as topics/en/zombie.md
  const uint8_t *bytes;
  uint64_t length;
};

uint64_t brood_text_count(void);

// The text of an index below that count; the first one for any other.
struct brood_text brood_text_at(uint64_t index);
