// GNU readline behind plain functions: a line editor that an event loop drives.
//
// There is one editor in a process, as readline has one state. None of these functions is called
// while another runs, except from the callbacks as noted there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What the editor asks of its owner. The context is handed back as it came.
typedef struct brood_editor_owner {
  void *context;
  // A line was entered; NULL is the end of input. The editor is inactive when this is called.
  void (*line)(void *context, const char *text);
  // Completions are wanted for the text up to `point`: answer by calling brood_completion_begin,
  // then brood_completion_add for each.
  void (*complete)(void *context, const char *text, int32_t point);
  // The completions are to be listed: answer by calling brood_editor_write.
  void (*list)(void *context);
} brood_editor_owner;

// Sets readline up for reading from one descriptor, best a non-blocking one, and writing to
// another. Returns 0, or -errno.
// `name` is what `$if` in the user's inputrc asks for. `interrupts` is a signalfd of SIGINT, which
// ends a paste that never does.
int32_t brood_editor_start(
    const char *name, int32_t input, int32_t output, int32_t interrupts);
// A signal that ends the process while a line is being read gives the terminal to this process
// group; 0 leaves it as it is.
void brood_editor_leave_terminal_to(int32_t group);
// Must be called before the first prompt.
void brood_editor_set_owner(brood_editor_owner owner);

// Shows the prompt and takes the terminal. Escapes in it stand between \001 and \002.
void brood_editor_activate(const char *prompt);
// Gives the terminal back; the line that was begun is forgotten.
void brood_editor_deactivate(void);
bool brood_editor_is_active(void);
// Puts text into the line being read.
void brood_editor_insert(const char *text);
// What has been typed of the line; NULL if none is being read.
const char *brood_editor_line(void);
// In a forked child: the line being typed is the parent's, and so is the terminal.
void brood_editor_forget(void);
// Reads what has been typed. Call it when the input is readable and the editor is active.
void brood_editor_read(void);

// Makes room above the line being typed. What is written then appears there.
void brood_editor_begin_output(void);
// Shows the line again. The two calls may enclose any number of writes.
void brood_editor_end_output(void);
// Writes to the terminal at once.
void brood_editor_write(const char *bytes, uint64_t count);

// Drops the line, with `^C` behind it. The editor is inactive then.
void brood_editor_drop_line(void);
// Looks at the window's size again.
void brood_editor_resize(void);
// The width of the window in columns, and its rows.
void brood_editor_size(int32_t *rows, int32_t *columns);
// Whether the terminal can move its cursor about.
bool brood_editor_is_dumb(void);

// Begins an answer to `complete`: the completions replace the text from `start` on. What follows
// the only completion is `suffix`, or nothing if that is 0.
void brood_completion_begin(int32_t start, const char *common, char suffix);
void brood_completion_add(const char *replacement);

// The list of lines for the arrow keys; it begins empty and has lines only by these calls.
void brood_history_add(const char *line);
int32_t brood_history_count(void);
// A line by its place, 0 is the oldest; NULL if there is none.
const char *brood_history_line(int32_t index);
