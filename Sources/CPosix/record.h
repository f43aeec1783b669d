// What the signal handlers share with a wait that takes signals itself.
#ifndef BROOD_RECORD_H
#define BROOD_RECORD_H

#include <signal.h>

/// Records a signal as its handler would.
void brood_record(siginfo_t *info);

/// The signals that are recorded.
void brood_caught(sigset_t *set);

#endif
