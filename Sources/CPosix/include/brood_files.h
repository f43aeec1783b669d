// Descriptors: the private range, non-blocking transfers, messages with descriptors.
// Every function returns a value >= 0, or a negated errno.
#ifndef BROOD_FILES_H
#define BROOD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Raises the soft RLIMIT_NOFILE to the hard one and fixes where the private range begins; -EMFILE
/// if there may be fewer.
enum { BROOD_LEAST_FILES = 32 };
int32_t brood_files_start(void);

/// The first descriptor number that belongs to the session itself; the fork point closes from here.
int32_t brood_private_base(void);

/// The soft RLIMIT_NOFILE that the session was started with.
uint64_t brood_original_nofile(void);

/// Moves a descriptor into the private range, close-on-exec; the old number is closed.
int32_t brood_move_to_private(int32_t fd);

/// Moves a descriptor that forked children keep to a number, or to a free one as high below it as there
/// is, and below the private range; -EMFILE if there is none, and then it is closed.
int32_t brood_move_up(int32_t fd, int32_t number);

/// Copies a descriptor into the private range, close-on-exec.
int32_t brood_copy_to_private(int32_t fd);

/// pidfd_open(2), moved into the private range.
int32_t brood_pidfd_open(int32_t pid);

/// open(2) without retry, so that a blocked opening of a FIFO ends at a signal.
int32_t brood_open(const char *path, int32_t flags, uint32_t mode);

/// Locks a whole file for writing, by an OFD lock (fcntl(2) F_OFD_SETLK), or unlocks it; -EAGAIN if
/// another has it.
int32_t brood_lock_file(int32_t fd, bool lock);

/// pipe2(2), close-on-exec.
int32_t brood_pipe(int32_t *read_end, int32_t *write_end);

/// The symbolic name of an errno value, or null.
const char * brood_error_name(int32_t code);

/// Reads without waiting whatever the descriptor's flags say (RWF_NOWAIT); -EAGAIN if it would wait.
int64_t brood_read_now(int32_t fd, void *buffer, size_t size);

/// Copies what a pipe or socket holds, at most `size` bytes, and leaves it there (tee(2), MSG_PEEK);
/// 0 at the end, -EAGAIN if it is empty.
int64_t brood_look(int32_t fd, void *buffer, size_t size, bool is_pipe);

/// Writes without waiting whatever the descriptor's flags say (RWF_NOWAIT).
int64_t brood_write_now(int32_t fd, const void *buffer, size_t size);

/// Waits for one descriptor (poll events) or the wake descriptor: 1 if ready, 0 if awoken.
int32_t brood_wait_ready(int32_t fd, int16_t events, bool wakeable, int64_t deadline);

/// Moves what a pipe holds into a file, at most `size` bytes, without waiting for more (splice(2)).
int64_t brood_splice(int32_t from, int32_t to, size_t size);

/// Moves a part of a file into a pipe, at most `size` bytes, without waiting for room (splice(2)).
int64_t brood_splice_from(int32_t from, int64_t place, int32_t to, size_t size);

/// Lets a pipe hold so many bytes (F_SETPIPE_SZ); refused above the user's allowance.
int32_t brood_widen_pipe(int32_t fd, int32_t size);

/// memfd_create(2), close-on-exec, sealing allowed.
int32_t brood_memfd(const char *name);

/// Seals a memfd against every change.
int32_t brood_seal(int32_t fd);

/// Whether a memfd is sealed against every change: 1 or 0.
int32_t brood_is_sealed(int32_t fd);

/// Sends one message with descriptors (sendmsg(2), SCM_RIGHTS); never raises SIGPIPE.
int64_t brood_send(
  int32_t socket, const void *bytes, size_t size, const int32_t *fds, int32_t count, bool wait);

/// Receives one message with descriptors, close-on-exec; `total` gets its true length.
///
/// `count` gets -1, and there are no descriptors, if not all of them could be taken: this process may
/// have no more open, and the kernel has dropped the rest.
int64_t brood_receive(
  int32_t socket, void *bytes, size_t size, int32_t *fds, int32_t capacity, int32_t *count,
  size_t *total, bool wait);

/// The same, but leaves the message there; the descriptors are copies.
int64_t brood_peek(
  int32_t socket, void *bytes, size_t size, int32_t *fds, int32_t capacity, int32_t *count,
  size_t *total);

/// Keeps this process and those that it forks to one CPU: the index-th of those that it could use at the first
/// call, -2 for the one that it is on, -1 for all of them again. Does nothing where that cannot be.
void brood_keep_to_cpu(int32_t index);

/// How many CPUs this process may use (sched_getaffinity(2)).
int32_t brood_usable_cpus(void);

/// Window size of a terminal (TIOCGWINSZ).
int32_t brood_window_size(int32_t fd, uint16_t *rows, uint16_t *columns);

/// Sets the window size of a terminal (TIOCSWINSZ).
int32_t brood_set_window_size(int32_t fd, uint16_t rows, uint16_t columns);

/// Opens a pty pair, close-on-exec, the slave raw and not controlling.
int32_t brood_open_pty(int32_t *main, int32_t *slave);

/// Begins a session of the kernel's (setsid(2)) whose controlling terminal is this one; for a process
/// that leads no group.
int32_t brood_take_terminal(int32_t fd);

/// Makes `pgid` the terminal's foreground group, with SIGTTOU blocked meanwhile.
int32_t brood_set_foreground(int32_t fd, int32_t pgid);

#endif
