// Shared by the mark, the guardian and what finds the processes of a session.
#ifndef BROOD_MARK_H
#define BROOD_MARK_H

#include "brood_guardian.h"

#include <stdbool.h>
#include <stdint.h>

// Whether a process exists and is no zombie; an error on the way counts as yes.
bool brood_is_living(int32_t pid);

// The level below which sessions have let go of a process with this soft limit.
int32_t brood_mark_level(uint64_t soft);

// Whether a hard limit is that of a session's processes, or of sessions inside it.
bool brood_mark_has_prefix(struct brood_mark mark, uint64_t hard);

// The outermost session that a hard limit of this pid namespace belongs to.
int32_t brood_mark_session(uint64_t hard);

// Makes the register, in memory that all later forks share.
int32_t brood_registry_start(void);

// An orphan of the register; false if there is none with this number.
bool brood_guardian_known(int32_t number, int32_t *pid, uint64_t *start_ticks);

// Takes the memory that the next one needs; false if there is none.
bool brood_end_rest_prepare(void);

// Ends what is left of a session but two processes, until none is found or `timeout` (ns) is over;
// `proc` is a descriptor of /proc or -1. Whether none was found.
bool brood_end_rest(
  struct brood_mark mark, int32_t session, int32_t guardian, int proc, int64_t timeout);

#endif
