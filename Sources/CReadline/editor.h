// What the parts of the editor share.
#pragma once

#include "brood_readline.h"

#include <stdio.h>

#include <readline/history.h>
#include <readline/readline.h>

extern brood_editor_owner editor_owner;
// A line is being read.
extern bool editor_active;
// The terminal was closed.
extern bool editor_input_is_gone;

void editor_set_up_input(int input, int interrupts, void (*take_line)(char *));
// Keeps a macro of several lines from going on while no line is being read.
void editor_hold_macro(void);
// Goes on with it, now that a line is being read.
void editor_resume_macro(void);
void editor_forget_macro(void);

// Remembers how the terminal is while no line is being read.
void editor_remember_terminal(void);
// Gives it back at signals that end the process, unless something else happens at them.
void editor_catch_deaths(void);
void editor_release_deaths(void);

void editor_set_up_completion(void);
void editor_set_up_recall(void);
