#include "brood_readline.h"
