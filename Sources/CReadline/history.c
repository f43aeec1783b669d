// The list of lines for the arrow keys. Its file is the owner's affair.
#include "editor.h"

void brood_history_add(const char *line) { add_history(line); }

int32_t brood_history_count(void) { return history_length; }

const char *brood_history_line(int32_t index) {
  if (index < 0 || index >= history_length) return NULL;
  HIST_ENTRY *entry = history_get(history_base + index);
  return entry ? entry->line : NULL;
}
