// epoll, clocks and /proc reading. Functions return >= 0, or a negated errno.
#ifndef BROOD_LOOP_H
#define BROOD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct brood_event {
  uint64_t key;
  uint32_t events;
};

/// epoll_create1(2) in the private range.
int32_t brood_epoll_create(void);

/// What can be waited for and what is reported: the kernel's EPOLLIN and so on.
enum {
  brood_ready_read = 0x001, brood_ready_write = 0x004, brood_ready_error = 0x008,
  brood_ready_hangup = 0x010
};

/// epoll_ctl(2): adds a descriptor, or changes one that was added.
int32_t brood_epoll_set(int32_t epoll, bool add, int32_t fd, uint32_t events, uint64_t key);

/// epoll_ctl(2): removes a descriptor.
int32_t brood_epoll_remove(int32_t epoll, int32_t fd);

/// epoll_pwait2(2): timeout in nanoseconds, negative for none; a signal counts as no event.
int32_t brood_epoll_wait(
  int32_t epoll, struct brood_event *events, int32_t capacity, int64_t timeout);

/// CLOCK_MONOTONIC in nanoseconds.
int64_t brood_monotonic(void);

/// The same by CLOCK_MONOTONIC_COARSE.
int64_t brood_monotonic_coarse(void);

/// CLOCK_REALTIME in nanoseconds.
int64_t brood_realtime(void);

/// Reads /proc/PID/NAME whole (pid 0: /proc/NAME) into the buffer; yields its length.
int64_t brood_proc_read(int32_t pid, const char *name, void *buffer, size_t size);

/// The same where `proc` is an open descriptor of /proc.
int64_t brood_proc_read_at(int32_t proc, int32_t pid, const char *name, void *buffer, size_t size);

/// Whether a process is gone or a zombie, as far as that can be told without a descriptor; false where
/// it cannot be told.
bool brood_has_ended(int32_t pid);

/// readlink(2) of /proc/PID/NAME.
int64_t brood_proc_link(int32_t pid, const char *name, char *buffer, size_t size);

/// Lists all pids; yields how many there are, which may be more than the capacity.
int32_t brood_proc_pids(int32_t *pids, int32_t capacity);

/// The same where `proc` is an open descriptor of /proc.
int32_t brood_proc_pids_at(int32_t proc, int32_t *pids, int32_t capacity);

/// The kernel's pids are below.
enum { brood_pid_end = 1 << 22 };

/// Finds pids without /proc and without a descriptor, by trying all numbers, which takes about a second:
/// those that this user may signal, at most `capacity`.
int32_t brood_tried_pids(int32_t *pids, int32_t capacity);

/// Name of a system call of this machine, or null.
const char *brood_syscall_name(int64_t number);

/// Clock ticks per second and bytes per page.
int64_t brood_clock_ticks(void);
int64_t brood_page_size(void);

#endif
