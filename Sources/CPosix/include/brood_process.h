// Making, replacing and reaping processes. Functions return >= 0, or a negated errno.
#ifndef BROOD_PROCESS_H
#define BROOD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The one fork point: the pid in the parent, 0 in the child. Flush before.
///
/// `pidfd` may be null: an unreaped child's own pid names it as surely, and opening costs 4 us.
/// `number` tells the forks of this process apart, in the child's `brood_fork_path`.
int32_t brood_fork(int32_t *pidfd, uint64_t number);

/// _exit(2), without the lazy binding of its name that would cost each forked child 30 us.
_Noreturn void brood_exit_now(int32_t status);

struct brood_spawn {
  const char *path;
  const char *directory;       // the working directory, or null to inherit
  char *const *arguments;
  char *const *environment;
  const int32_t *moves;        // pairs: from, to; carried out in this order
  int32_t move_count;          // number of pairs
  int32_t group;               // -1: inherit, 0: a new one, else join
  int32_t terminal;            // descriptor whose foreground the program takes, or -1
  bool new_session;
  uint64_t defaults;           // signals set to their default
  uint64_t mask;
  bool mark;                   // set the soft RLIMIT_LOCKS of the program
  uint64_t soft_mark;
};

/// Starts a program (vfork(2), execve(2)); yields the pid. A key that stops the child before it is the
/// program stops it behind that.
int32_t brood_spawn(const struct brood_spawn *request, int32_t *pidfd);

/// execve(2) with the same resets as a spawn; returns only on failure, everything restored.
int32_t brood_exec(
  const char *path, char *const *arguments, char *const *environment, uint64_t defaults,
  uint64_t mask);

/// Lets a process, 0 for this one, have at most so many bytes of data (prlimit(2), RLIMIT_DATA).
int32_t brood_limit_data(int32_t pid, uint64_t bytes);

// From now on a process that is refused memory calls `before`, which must not need any, says so in
// one line, and ends with status 1. Small allocations come from a reserve first.
void brood_explain_exhaustion(void (*before)(void));

// Sets a word when the runtime is refused memory, and drops the pages that it says of that.
void brood_note_exhaustion(uint64_t *word);

// Takes memory back for the reserve, unless it is there; false if there is none.
bool brood_memory_reserve(void);

// Whether the reserve was used since this was asked last.
bool brood_memory_was_short(void);

// Whether so many bytes can be had in one piece now.
bool brood_memory_probe(size_t size);

// The limit of this process's memory in bytes, 0 for none; which: 1 RLIMIT_AS, 2 RLIMIT_DATA.
uint64_t brood_memory_limit(int32_t *which);

// Fills what malloc has free between its blocks, once, so that new blocks stand together.
void brood_fill_holes(void);

// So many zeroed bytes that all processes which are forked later share; NULL and errno.
void *brood_session_memory(size_t size);

// So many zeroed bytes that are part of the program, once; NULL if they are not there.
void *brood_static_memory(int64_t size);

// The lowest address that the stack of this thread can grow down to; 0 if that is not known.
uintptr_t brood_stack_end(void);

// The build id of this program, and how many bytes it has; 0 if the linker wrote none.
size_t brood_build_id(const uint8_t **bytes);

/// Starts a process of this program with all signals blocked, which runs `body` and ends; yields its pid
/// or a negated errno.
///
/// Waits for the shell's other children never see it: its end sends no signal, so that only a wait with
/// __WALL finds it (clone(2)).
int32_t brood_hidden_start(void (*body)(int32_t shell));

/// Kills and reaps it.
void brood_hidden_end(int32_t pid);

/// Starts a process in a group, 0 for a new one, that hands each INT of that group on to this
/// process, whatever the group's other processes do or have done; ends the one before. Yields the
/// group; -EPERM if the group is gone.
int32_t brood_forwarder_start(int32_t group);

/// The group that it is in; 0 if there is none, or it was killed.
int32_t brood_forwarder_group(void);

/// Its pid; 0 for none.
int32_t brood_forwarder(void);

/// Ends it.
void brood_forwarder_end(void);

/// In a fresh child: it is the parent's.
void brood_forwarder_forget(void);

/// Waits for at most so many ns until each INT that came to its group has come here too.
void brood_forwarder_settle(int64_t limit);

struct brood_end {
  int32_t pid;                 // 0 if nothing was there
  int32_t code;                // CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_CONTINUED
  int32_t status;
  int64_t user_time;           // nanoseconds
  int64_t system_time;
  int64_t max_rss;             // bytes
};

/// Waits on a pidfd (WEXITED); `keep` leaves the zombie, `now` does not wait.
int32_t brood_wait_pidfd(int32_t pidfd, bool keep, bool now, struct brood_end *end);

/// Waits on a child by pid.
int32_t brood_wait_pid(int32_t pid, bool keep, bool now, struct brood_end *end);

/// Reaps any child that has ended, without waiting; pid 0 if none.
int32_t brood_wait_any(struct brood_end *end);

/// Sleeps until a child has ended, and reaps it unless `keep`: its pid, 0 at the deadline
/// (monotonic ns, INT64_MAX for none), -EINTR when a signal was recorded.
int32_t brood_wait_child(int32_t pid, bool keep, int64_t deadline, struct brood_end *end);

/// The next stop or continuation of any child, without waiting; pid 0 if none.
int32_t brood_next_stop(struct brood_end *end);

/// pidfd_send_signal(2).
int32_t brood_pidfd_signal(int32_t pidfd, int32_t signal);

/// PR_SET_CHILD_SUBREAPER.
int32_t brood_subreaper(bool on);

/// PR_SET_PDEATHSIG, then -ESRCH if the parent is no longer `parent`.
int32_t brood_die_with(int32_t parent, int32_t signal);

/// getpriority(2) of a process; the value goes to `nice`.
int32_t brood_get_nice(int32_t pid, int32_t *nice);

/// setpriority(2) of a process.
int32_t brood_set_nice(int32_t pid, int32_t nice);

/// The environment of this process, as it was started.
char *const *brood_environment(void);

/// The words of the command line, the program's name first.
char *const *brood_arguments(int32_t *number);

#endif
