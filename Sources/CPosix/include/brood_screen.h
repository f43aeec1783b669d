// A terminal that a command has for itself, as a full screen.
// Every function returns a value >= 0, or a negated errno.
#ifndef BROOD_SCREEN_H
#define BROOD_SCREEN_H

#include <stddef.h>
#include <stdint.h>

/// Takes each byte of a terminal as it comes, without echo or keys with a meaning (termios(3)). A
/// process beside this one gives the terminal back if this one is killed: it sets the modes and writes
/// `leave`, of at most 255 bytes. Where that process cannot be made, all but that is done.
int32_t brood_screen_enter(int32_t fd, const char *leave, size_t size);

/// Sets the modes that were there before, once the output so far is written.
int32_t brood_screen_leave(void);

/// The process beside this one; 0 if there is none.
int32_t brood_screen_keeper(void);

#endif
