// What the tests need of Linux and Swift cannot call: spawning with file actions, pidfds, ptys.
#pragma once

#include <sys/types.h>

/// Start a program as the leader of a new session, by posix_spawn(3): the test runner has threads.
/// The descriptors become 0, 1 and 2; if `tty` is not null it is opened for all three instead and
/// becomes the controlling terminal. All other descriptors are closed in the child.
/// Returns 0 or an errno.
int support_spawn(
    pid_t *pid, const char *path, char *const arguments[], char *const environment[],
    const char *directory, const int descriptors[3], const char *tty);

/// A descriptor that becomes readable when the process ends, or -1.
int support_pidfd(pid_t pid);

/// A pipe whose ends are not inherited. Returns 0, or -1 with errno.
int support_pipe(int ends[2]);

/// Open a pseudo-terminal's master side and find the name of its other side. Returns -1 on failure.
int support_open_pty(char *name, size_t capacity, int columns, int rows);

/// Tell the kernel, which tells the foreground process group, that the terminal has a new size.
int support_resize_pty(int master, int columns, int rows);
