// What the parts of the editor share.
#pragma once

#include "brood_readline.h"

#include <stdio.h>

#include <readline/history.h>
#include <readline/readline.h>

extern brood_editor_owner editor_owner;

void editor_set_up_completion(void);
