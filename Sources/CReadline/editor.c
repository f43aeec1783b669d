// The editor's life: set up once, activated for each line, output above the line meanwhile.
#include "editor.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

brood_editor_owner editor_owner;
static bool active, making_room;
// The byte that made the input readable, until readline takes it.
static bool has_first;
static unsigned char first;
// The terminal was closed.
static bool is_gone;
static int input_descriptor, interrupt_descriptor;

static void take_line(char *line) {
  // Removed here, or readline would show the next prompt before the line has done its work.
  active = false;
  rl_callback_handler_remove();
  // Readline ends the prompt's line at the end of input only where pastes are bracketed.
  const char *bracketed = rl_variable_value("enable-bracketed-paste");
  if (!line && (!bracketed || strcmp(bracketed, "on") != 0)) brood_editor_write("\n", 1);
  // Readline takes the end of input behind some text for Enter: half a command must not run.
  editor_owner.line(editor_owner.context, is_gone ? NULL : line);
  free(line);
}

// Reads what is there without waiting: 1 byte, 0 at the end, -1 for nothing.
static int read_now(unsigned char *byte) {
  ssize_t length = read(input_descriptor, byte, 1);
  if (length < 0) return errno == EINTR || errno == EAGAIN ? -1 : 0;
  return (int)length;
}

// Yields one byte to readline: the one that made the input readable, then those of a key sequence
// or a paste that has begun, for which it waits.
static int read_byte(FILE *file) {
  (void)file;
  if (has_first) {
    has_first = false;
    return first;
  }
  for (;;) {
    struct pollfd ready[] = {
      {.fd = input_descriptor, .events = POLLIN}, {.fd = interrupt_descriptor, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents) {
      // Nothing more is wanted. The end of input ends a paste; elsewhere it would end more than
      // that, and a null byte does nothing.
      return RL_ISSTATE(RL_STATE_MOREINPUT) ? EOF : 0;
    }
    unsigned char byte;
    int count = read_now(&byte);
    if (count > 0) return byte;
    if (count < 0) continue;
    is_gone = true;
    return EOF;
  }
}

// Whether a byte comes within the time that readline allows. Its own code uses select(2), which
// takes no descriptor above 1023.
static int has_input(void) {
  struct pollfd ready[] = {
    {.fd = input_descriptor, .events = POLLIN}, {.fd = interrupt_descriptor, .events = POLLIN}};
  int count = poll(ready, 2, rl_set_keyboard_input_timeout(-1) / 1000);
  return count > 0 && !ready[1].revents;
}

static FILE *stream(int descriptor, const char *mode) {
  FILE *file = fdopen(descriptor, mode);
  if (file) setvbuf(file, NULL, *mode == 'r' ? _IONBF : _IOFBF, BUFSIZ);
  return file;
}

void brood_editor_set_owner(brood_editor_owner owner) { editor_owner = owner; }

int32_t brood_editor_start(
    const char *name, int32_t input, int32_t output, int32_t interrupts, int32_t remembers) {
  input_descriptor = input;
  interrupt_descriptor = interrupts;
  setlocale(LC_CTYPE, "");
  rl_instream = stream(input, "r");
  rl_outstream = stream(output, "w");
  if (!rl_instream || !rl_outstream) return -errno;
  rl_readline_name = strdup(name);
  rl_getc_function = read_byte;
  rl_input_available_hook = has_input;
  // Signals and the environment are the session's.
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  // Defaults that the user's inputrc may change, since it is read after this.
  rl_variable_bind("show-all-if-ambiguous", "on");
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("completion-query-items", "0");
  editor_set_up_completion();
  using_history();
  stifle_history(remembers);
  rl_initialize();
  return 0;
}

void brood_editor_activate(const char *prompt) {
  if (active) return;
  active = true;
  rl_callback_handler_install(prompt, take_line);
}

void brood_editor_deactivate(void) {
  if (!active) return;
  brood_editor_end_output();
  active = false;
  rl_callback_handler_remove();
  fflush(rl_outstream);
}

bool brood_editor_is_active(void) { return active; }

void brood_editor_read(void) {
  if (!active) return;
  int count = read_now(&first);
  // What made the input readable may be gone: Ctrl-C empties the terminal's queue.
  if (count < 0) return;
  has_first = count > 0;
  if (!has_first) {
    is_gone = true;
    take_line(NULL);
    return;
  }
  // Kept pending meanwhile, where its descriptor shows it; handled when the mask is restored.
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  rl_callback_read_char();
  sigprocmask(SIG_SETMASK, &before, NULL);
}

void brood_editor_begin_output(void) {
  if (!active || making_room) return;
  making_room = true;
  rl_clear_visible_line();
  fflush(rl_outstream);
}

void brood_editor_end_output(void) {
  if (!making_room) return;
  making_room = false;
  rl_on_new_line();
  (*rl_redisplay_function)();
  fflush(rl_outstream);
}

void brood_editor_write(const char *bytes, uint64_t count) {
  fwrite(bytes, 1, count, rl_outstream);
  fflush(rl_outstream);
}

void brood_editor_drop_line(void) {
  if (!active) return;
  brood_editor_end_output();
  rl_callback_sigcleanup();
  // From the line's end, or the rows below the cursor would be written over.
  rl_point = rl_end;
  (*rl_redisplay_function)();
  brood_editor_write("^C", 2);
  rl_free_line_state();
  active = false;
  rl_callback_handler_remove();
  brood_editor_write("\n", 1);
}

void brood_editor_resize(void) {
  if (!active) return;
  brood_editor_end_output();
  rl_resize_terminal();
}

const char *brood_editor_text(void) { return rl_line_buffer ? rl_line_buffer : ""; }

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
