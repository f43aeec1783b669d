// The guardian: nothing outlives the session. Functions return >= 0, or a negated errno.
//
// A session's processes carry a mark: the hard RLIMIT_LOCKS, which Linux has not used since 2.4
// and which fork, exec, setsid and `env -i` all inherit. It can only be lowered, so nested
// sessions refine it: bit 63 is set, then come groups of 23, 20 and 20 bits. A session fills the
// next group that is all ones with its scrambled pid; where that is taken, as pids have more bits
// than an inner group, with a lower number. A guardian kills whatever has its prefix.
//
// The soft limit tells the session's parts apart. Bits 40 to 63 say that a session wrote it, since
// any process may set its own; below them is the level below which sessions have let go of the
// process, and in the low half its part: 0 is detached, 1 a guardian, 2 no task, 3 no task and
// reported as left behind, more a task.
//
// What has lost the mark, or never could have one (the user's limit was lower, or three sessions
// lie around this one), is found by the session's table of processes and by its parent.
#ifndef BROOD_GUARDIAN_H
#define BROOD_GUARDIAN_H

#include <stdbool.h>
#include <stdint.h>

struct brood_mark {
  uint64_t value;              // hard limit of the session's processes
  int32_t shift;               // bits below the prefix
  int32_t level;               // 0, 1, 2, or -1: no mark of our own
};

enum {
  brood_soft_detached = 0, brood_soft_guardian = 1, brood_soft_ordinary = 2, brood_soft_reported = 3
};

/// The mark that a session with this pid would set, from the limit it inherited.
struct brood_mark brood_mark_plan(uint64_t inherited, int32_t pid, uint64_t scramble);

/// Marks this process: its children inherit. -EPERM if the limit was lower than any mark.
int32_t brood_mark_start(void);

/// The session's mark; level -1 before the start or without one.
struct brood_mark brood_mark_current(void);

/// Whether there is none since the user's limit was lower.
bool brood_mark_lacks_room(void);

/// Sets this process's soft mark, for all that it starts from now on.
int32_t brood_mark_set_task(uint32_t task);

/// Detaches a process: soft mark 0.
int32_t brood_mark_detach(int32_t pid);

/// Whether a process is one of this session, detached or not.
bool brood_mark_is_member(int32_t pid);

/// Yields a process's limits.
int32_t brood_mark_of(int32_t pid, uint64_t *soft, uint64_t *hard);

/// The part of a session that a soft limit tells; an ordinary one if no session wrote it.
uint32_t brood_mark_part(uint64_t soft);

/// The same soft limit for another part.
uint64_t brood_mark_with_part(uint64_t soft, uint32_t part);

/// Makes the mark differ from those of all other living processes; before this session's first one.
int32_t brood_mark_make_unique(void);

/// Lists living processes with the session's mark; `task` 0 takes all, else only that task's.
int32_t brood_mark_members(uint32_t task, int32_t *pids, int32_t capacity);

/// Lists this user's living processes of level-0 sessions that are gone, with their guardians too;
/// not those that were reported before.
int32_t brood_mark_strays(int32_t *pids, int32_t capacity);

/// Notes that a process was reported as left behind.
void brood_mark_reported(int32_t pid);

/// Forks the guardian of this process; yields its pid.
int32_t brood_guardian_start(int32_t *pidfd);

/// A guardian that is started from now on gives the tokens in a pipe back when the session is killed:
/// it moves them to where they belong. Private descriptors; -1 for none.
void brood_guardian_hold_tokens(int32_t pipe, int32_t home);

/// Ends what is left of the session's processes but this one and its guardian, within `timeout`
/// (ns); -ETIME if some were left then.
int32_t brood_guardian_end_rest(int32_t guardian, int64_t timeout);

/// Adds an orphan that came to the session to what its guardian knows, or takes it off.
void brood_guardian_know(int32_t pid, uint64_t start_ticks);
void brood_guardian_unknow(int32_t pid);

/// Registers the path of a socket that is about to be made, to be unlinked when the session has
/// ended; yields the entry's number.
int32_t brood_guardian_announce(const char *path);

/// The socket was made: from now on only this very file is unlinked.
int32_t brood_guardian_confirm(int32_t number);

/// Takes an entry off the register.
void brood_guardian_forget(int32_t number);

/// Unlinks an entry's socket if it is still the same file, and takes it off the register.
void brood_guardian_unlink(int32_t number);

/// Unlinks all sockets of the register that are still the same files, and that no process has open.
void brood_guardian_unlink_all(void);

#endif
