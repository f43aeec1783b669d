// Up and Down: the entries before and after this one that begin as the line does up to the cursor.
#include "editor.h"

#include <stdlib.h>

// What stood before the cursor when the search began.
static char *typed;
// The next step begins a new search, although the last key was one of these too.
static bool begins_anew;

static int recall_before(int count, int key);
static int recall_after(int count, int key);

static int recall(int count, int key, rl_command_func_t *step) {
  bool goes_on = rl_last_func == recall_before || rl_last_func == recall_after;
  if (goes_on && !begins_anew) {
    // Readline goes on with a search if its own functions stand behind the keys.
    rl_last_func = rl_history_search_backward;
  } else {
    free(typed);
    typed = rl_copy_text(0, rl_point);
  }
  begins_anew = false;
  int code = step(count, key);
  if (code && step == rl_history_search_forward && typed && *typed) {
    // Behind the latest one stands what was typed.
    rl_begin_undo_group();
    rl_delete_text(0, rl_end);
    rl_point = 0;
    rl_insert_text(typed);
    rl_end_undo_group();
    using_history();
    begins_anew = true;
  }
  rl_point = rl_end;
  return code;
}

static int recall_before(int count, int key) {
  return recall(count, key, rl_history_search_backward);
}

static int recall_after(int count, int key) {
  return recall(count, key, rl_history_search_forward);
}

void editor_set_up_recall(void) {
  static const char *const up[] = {"\\e[A", "\\eOA"}, *const down[] = {"\\e[B", "\\eOB"};
  Keymap maps[] = {emacs_standard_keymap, vi_insertion_keymap};
  for (int map = 0; map < 2; map++) {
    for (int form = 0; form < 2; form++) {
      rl_bind_keyseq_in_map(up[form], recall_before, maps[map]);
      rl_bind_keyseq_in_map(down[form], recall_after, maps[map]);
    }
  }
}
