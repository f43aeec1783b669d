// Shared by the mark and the guardian.
#ifndef BROOD_MARK_H
#define BROOD_MARK_H

#include <stdbool.h>
#include <stdint.h>

// Whether a process exists and is no zombie.
bool brood_is_living(int32_t pid);

// Makes the register, in memory that all later forks share.
int32_t brood_registry_start(void);

#endif
