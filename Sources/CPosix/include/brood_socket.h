// Unix sockets at paths of any length, and who is on the other side.
// Functions return a value >= 0, or a negated errno.
#ifndef BROOD_SOCKET_H
#define BROOD_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/// The longest path that fits into an address; longer ones go through their directory.
int32_t brood_unix_longest(void);

/// bind(2) to a path; -ENAMETOOLONG if even its last name is too long.
int32_t brood_unix_bind(int32_t socket, const char *path);

/// The same where a socket that no process has any more may lie: it is removed first.
///
/// Of several processes that try at once one succeeds, the others get -EADDRINUSE.
int32_t brood_unix_replace(int32_t socket, const char *path);

/// connect(2) to a path.
int32_t brood_unix_connect(int32_t socket, const char *path);

/// Whether a path is a socket that no process has any more; its owner would not notice the question.
bool brood_unix_is_stale(const char *path);

/// accept4(2), close-on-exec and non-blocking.
int32_t brood_accept(int32_t socket, void *address, uint32_t *size);

/// The process that connected, or that listened (SO_PEERCRED); 0 if it cannot be told.
int32_t brood_socket_peer(int32_t socket);

/// The user on the other side of a unix socket, as it was when it connected or listened; -errno.
int64_t brood_socket_peer_user(int32_t socket);

/// Waits in a blocking connect(2) for at most so many ns: for a unix socket whose queue is full,
/// which poll(2) cannot wait for. An address is given by a path, or by its bytes.
int32_t brood_connect_waiting(
  int32_t socket, const char *path, const void *address, uint32_t size, int64_t nanoseconds);

#endif
