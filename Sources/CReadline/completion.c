// Completion: the owner finds the word and what could stand in its place; readline does the rest.
#include "editor.h"

#include <stdlib.h>
#include <string.h>

// The answer to the last question: matches[0] is what all have in common.
static char **matches;
static size_t count, room;
static int word_start;
static char suffix;
static bool is_prepared;

static void forget(void) {
  for (size_t i = 0; matches && i <= count; i++) free(matches[i]);
  free(matches);
  matches = NULL;
  count = room = 0;
}

void brood_completion_begin(int32_t start, const char *common, char append) {
  forget();
  room = 16;
  matches = calloc(room + 2, sizeof *matches);
  if (!matches) return;
  matches[0] = strdup(common);
  word_start = start;
  suffix = append;
}

void brood_completion_add(const char *replacement) {
  if (!matches) return;
  if (count == room) {
    char **more = realloc(matches, (2 * room + 2) * sizeof *matches);
    if (!more) return;
    room *= 2;
    matches = more;
  }
  matches[++count] = strdup(replacement);
  matches[count + 1] = NULL;
}

static void prepare(int point) {
  forget();
  word_start = point;
  editor_owner.complete(editor_owner.context, rl_line_buffer, point);
  is_prepared = true;
}

// Called to find where the word begins: by moving rl_point, as the sources of rc and es advise.
static char *find_word(void) {
  static char breaks[2];
  int end = rl_point;
  prepare(end);
  breaks[0] = 0;
  if (word_start >= 0 && word_start < end) rl_point = word_start;
  // An empty word: readline goes back until it meets a break, and then one forward.
  else if (end > 0) breaks[0] = rl_line_buffer[end - 1];
  return breaks;
}

static char **complete(const char *text, int start, int end) {
  (void)text;
  (void)start;
  rl_attempted_completion_over = 1;
  rl_filename_completion_desired = 0;
  if (!is_prepared) prepare(end);
  is_prepared = false;
  if (!matches || !count) {
    forget();
    return NULL;
  }
  rl_completion_append_character = suffix;
  if (!suffix) rl_completion_suppress_append = 1;
  char **result = matches;
  if (count == 1) {
    // A sole match stands in place 0 alone.
    free(result[0]);
    result[0] = result[1];
    result[1] = NULL;
  }
  matches = NULL;
  count = room = 0;
  return result;
}

static void list(char **shown, int number, int longest) {
  (void)shown;
  (void)number;
  (void)longest;
  rl_crlf();
  editor_owner.list(editor_owner.context);
  rl_on_new_line();
  rl_redisplay();
}

void editor_set_up_completion(void) {
  rl_attempted_completion_function = complete;
  rl_completion_word_break_hook = find_word;
  rl_completion_display_matches_hook = list;
  rl_basic_quote_characters = "";
  rl_completer_quote_characters = NULL;
  rl_sort_completion_matches = 0;
  rl_ignore_completion_duplicates = 0;
}
