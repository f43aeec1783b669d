// Keys: one byte after another for readline, whether typed, pasted or from a macro.
#include "editor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool editor_input_is_gone;
static int input_descriptor, interrupt_descriptor;
// The same while Ctrl-C is to end a wait, else -1.
static int watched_interrupt = -1;
static void (*take_line)(char *);
// The byte that made the input readable, until readline takes it.
static bool has_first;
static unsigned char first;

// Reads what is there without waiting: 1 byte, 0 at the end, -1 for nothing.
static int read_now(unsigned char *byte) {
  ssize_t length = read(input_descriptor, byte, 1);
  if (length < 0) return errno == EINTR || errno == EAGAIN ? -1 : 0;
  return (int)length;
}

// How much of the end of a paste was made up for one that is left, or whose input is gone.
static size_t ended;

// The next byte for a command that reads more than its key when no more is wanted, or to come:
// the end of a paste. At the end of input readline would insert what lies behind its buffer.
static int end_of_more(void) {
  static const char end_of_paste[] = "\033[201~";
  return ended < sizeof end_of_paste - 1 ? end_of_paste[ended++] : EOF;
}

// Yields one byte to readline: the one that made the input readable, then those of a key sequence
// or a paste that has begun, for which it waits.
static int read_byte(FILE *file) {
  (void)file;
  if (has_first) {
    has_first = false;
    return first;
  }
  // At the end of a macro that was held: a null byte does nothing.
  if (!editor_active) return 0;
  for (;;) {
    struct pollfd ready[] = {
      {.fd = input_descriptor, .events = POLLIN}, {.fd = watched_interrupt, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents) {
      // Nothing more is wanted: a null byte does nothing.
      return RL_ISSTATE(RL_STATE_MOREINPUT) ? end_of_more() : 0;
    }
    unsigned char byte;
    int count = read_now(&byte);
    if (count > 0) return byte;
    if (count < 0) continue;
    editor_input_is_gone = true;
    return RL_ISSTATE(RL_STATE_MOREINPUT) ? end_of_more() : EOF;
  }
}

// Whether a byte comes within the time that readline allows. Its own code uses select(2), which
// takes no descriptor above 1023.
static int has_input(void) {
  struct pollfd ready[] = {
    {.fd = input_descriptor, .events = POLLIN}, {.fd = watched_interrupt, .events = POLLIN}};
  int count = poll(ready, 2, rl_set_keyboard_input_timeout(-1) / 1000);
  return count > 0 && !ready[1].revents;
}

void editor_set_up_input(int input, int interrupts, void (*handler)(char *)) {
  input_descriptor = input;
  interrupt_descriptor = interrupts;
  take_line = handler;
  rl_getc_function = read_byte;
  rl_input_available_hook = has_input;
}

// Lets readline work. Ctrl-C is kept pending meanwhile, where its descriptor shows it, and handled
// when the mask is restored; but not if the user blocks it, since then it would pend for ever.
static void process(void) {
  ended = 0;
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  watched_interrupt = sigismember(&before, SIGINT) ? -1 : interrupt_descriptor;
  rl_callback_read_char();
  sigprocmask(SIG_SETMASK, &before, NULL);
}

void brood_editor_read(void) {
  if (!editor_active) return;
  int count = read_now(&first);
  // What made the input readable may be gone: Ctrl-C empties the terminal's queue.
  if (count < 0) return;
  if (count == 0) {
    editor_input_is_gone = true;
    take_line(NULL);
    return;
  }
  has_first = true;
  process();
}

// What is left of a key's macro that goes over several lines.
static char *rest_of_macro;

// Keeps a macro from going on while no line is being read; the rest is for the next prompt.
void editor_hold_macro(void) {
  if (!RL_ISSTATE(RL_STATE_MACROINPUT) || !rl_executing_macro) return;
  // Each line stops the macro, so that what was taken of it ends at its first newline.
  size_t length = strcspn(rl_executing_macro, "\r\n");
  if (rl_executing_macro[length] && rl_executing_macro[length + 1])
    rest_of_macro = strdup(rl_executing_macro + length + 1);
  memset(rl_executing_macro, 0, strlen(rl_executing_macro));
}

void editor_forget_macro(void) {
  free(rest_of_macro);
  rest_of_macro = NULL;
}

void editor_resume_macro(void) {
  if (!rest_of_macro) return;
  char *rest = rest_of_macro;
  rest_of_macro = NULL;
  rl_push_macro_input(rest);
  process();
}
