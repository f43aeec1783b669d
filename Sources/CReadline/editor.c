// The editor's life: set up once, activated for each line, output above the line meanwhile.
#include "editor.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

brood_editor_owner editor_owner;
bool editor_active;
static bool making_room, started;

static void take_line(char *line) {
  // Removed here, or readline would show the next prompt before the line has done its work.
  editor_active = false;
  editor_hold_macro();
  rl_callback_handler_remove();
  editor_release_deaths();
  // Readline ends the prompt's line at the end of input only where pastes are bracketed.
  const char *bracketed = rl_variable_value("enable-bracketed-paste");
  if (!line && (!bracketed || strcmp(bracketed, "on") != 0)) brood_editor_write("\n", 1);
  // Readline takes the end of input behind some text for Enter: half a command must not run.
  editor_owner.line(editor_owner.context, editor_input_is_gone ? NULL : line);
  free(line);
}

static FILE *stream(int descriptor, const char *mode) {
  FILE *file = fdopen(descriptor, mode);
  if (file) setvbuf(file, NULL, *mode == 'r' ? _IONBF : _IOFBF, BUFSIZ);
  return file;
}

void brood_editor_set_owner(brood_editor_owner owner) { editor_owner = owner; }

// Without a locale a key is a byte to readline, but all text of Brood is UTF-8.
static void choose_locale(void) {
  const char *name = setlocale(LC_CTYPE, "");
  if (name && strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0) return;
  if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0 || !setlocale(LC_CTYPE, "C.UTF-8")) return;
  // Readline asks for this at each line. Programs get the session's own copy of the environment.
  setenv("LC_ALL", "C.UTF-8", 1);
}

int32_t brood_editor_start(
    const char *name, int32_t input, int32_t output, int32_t interrupts) {
  choose_locale();
  rl_instream = stream(input, "r");
  rl_outstream = stream(output, "w");
  if (!rl_instream || !rl_outstream) return -errno;
  rl_readline_name = strdup(name);
  editor_set_up_input(input, interrupts, take_line);
  // Signals and the environment are the session's.
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  // Defaults that the user's inputrc may change, since it is read after this.
  rl_variable_bind("show-all-if-ambiguous", "on");
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("completion-query-items", "0");
  // Within a word, what stands behind the cursor already is not put in again.
  rl_variable_bind("skip-completed-text", "on");
  editor_set_up_completion();
  editor_set_up_recall();
  using_history();
  rl_initialize();
  // A forked process may begin anew at another terminal.
  if (started) rl_reset_terminal(NULL);
  started = true;
  return 0;
}

void brood_editor_activate(const char *prompt) {
  if (editor_active) return;
  editor_active = true;
  // Readline keeps the end of input in mind, and would end every further line with an empty one.
  rl_eof_found = 0;
  RL_UNSETSTATE(RL_STATE_EOF);
  editor_remember_terminal();
  editor_catch_deaths();
  rl_callback_handler_install(prompt, take_line);
  editor_resume_macro();
}

void brood_editor_deactivate(void) {
  if (!editor_active) return;
  brood_editor_end_output();
  editor_active = false;
  rl_callback_handler_remove();
  fflush(rl_outstream);
  editor_release_deaths();
}

void brood_editor_insert(const char *text) {
  if (!editor_active) return;
  rl_insert_text(text);
  (*rl_redisplay_function)();
}

void brood_editor_forget(void) {
  editor_active = making_room = false;
  editor_release_deaths();
}

bool brood_editor_is_active(void) { return editor_active; }

const char *brood_editor_line(void) { return editor_active ? rl_line_buffer : NULL; }

void brood_editor_begin_output(void) {
  if (!editor_active || making_room) return;
  making_room = true;
  rl_clear_visible_line();
  fflush(rl_outstream);
}

void brood_editor_end_output(void) {
  if (!making_room) return;
  making_room = false;
  // What ran in between may have put a signal back to its default.
  if (editor_active) editor_catch_deaths();
  rl_on_new_line();
  (*rl_redisplay_function)();
  fflush(rl_outstream);
}

void brood_editor_write(const char *bytes, uint64_t count) {
  fwrite(bytes, 1, count, rl_outstream);
  fflush(rl_outstream);
}

void brood_editor_drop_line(void) {
  if (!editor_active) return;
  brood_editor_end_output();
  editor_forget_macro();
  rl_callback_sigcleanup();
  // From the line's end, or the rows below the cursor would be written over.
  rl_point = rl_end;
  (*rl_redisplay_function)();
  brood_editor_write("^C", 2);
  rl_free_line_state();
  editor_active = false;
  rl_callback_handler_remove();
  editor_release_deaths();
  brood_editor_write("\n", 1);
}

void brood_editor_resize(void) {
  if (!editor_active) return;
  brood_editor_end_output();
  rl_resize_terminal();
}

void brood_editor_size(int32_t *rows, int32_t *columns) {
  int height = 0, width = 0;
  rl_reset_screen_size();
  rl_get_screen_size(&height, &width);
  *rows = height;
  *columns = width;
}

bool brood_editor_is_dumb(void) {
  // What readline itself asks for before it trusts a terminal.
  return !rl_terminal_name || strcmp(rl_terminal_name, "dumb") == 0 || !rl_get_termcap("cr");
}
