// Unix sockets at paths of any length, and who is on the other side.
#include "brood_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { longest_directory = 4096 };

int32_t brood_unix_longest(void) { return (int32_t)sizeof(((struct sockaddr_un *)0)->sun_path) - 1; }

// The directory of a path, as a descriptor; -1 with errno.
static int open_directory(const char *path, int flags) {
  const char *slash = strrchr(path, '/');
  char directory[longest_directory];
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (length >= sizeof directory) {
    errno = ENAMETOOLONG;
    return -1;
  }
  if (!slash) strcpy(directory, ".");
  else if (length == 0) strcpy(directory, "/");
  else {
    memcpy(directory, path, length);
    directory[length] = 0;
  }
  return open(directory, flags | O_DIRECTORY | O_CLOEXEC);
}

// Yields a descriptor to close after use, or -1 for none, or a negated errno below that.
static int make_address(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) < sizeof address->sun_path) {
    strcpy(address->sun_path, path);
    return -1;
  }
  int directory = open_directory(path, O_PATH);
  if (directory < 0) return -errno - 1;
  const char *name = strrchr(path, '/');
  int length = snprintf(
    address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory,
    name ? name + 1 : path);
  if (length < (int)sizeof address->sun_path) return directory;
  close(directory);
  return -ENAMETOOLONG - 1;
}

static int32_t apply(
  int (*call)(int, const struct sockaddr *, socklen_t), int32_t socket, const char *path) {
  struct sockaddr_un address;
  int directory = make_address(path, &address);
  if (directory < -1) return directory + 1;
  int result = call(socket, (struct sockaddr *)&address, sizeof address);
  int error = errno;
  if (directory >= 0) close(directory);
  return result < 0 ? -error : 0;
}

int32_t brood_unix_bind(int32_t socket, const char *path) { return apply(bind, socket, path); }

int32_t brood_unix_connect(int32_t socket, const char *path) {
  return apply(connect, socket, path);
}

bool brood_unix_is_stale(const char *path) {
  struct stat info;
  if (lstat(path, &info) < 0 || !S_ISSOCK(info.st_mode)) return false;
  // A stream socket answers a datagram one with EPROTOTYPE and sees nothing of it, also between
  // its bind and its listen, where it would refuse a stream.
  int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  bool stale = brood_unix_connect(probe, path) == -ECONNREFUSED;
  close(probe);
  return stale;
}

// Another process may hold the directory's lock for as long as it likes: then go on without.
static void lock_for_a_while(int directory) {
  for (int i = 0; i < 100 && flock(directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++) {
    struct timespec millisecond = {0, 1000000};
    nanosleep(&millisecond, NULL);
  }
}

int32_t brood_unix_replace(int32_t socket, const char *path) {
  // Two that found the same stale file must not remove each other's new one.
  int directory = open_directory(path, O_RDONLY);
  if (directory >= 0) lock_for_a_while(directory);
  int32_t result = brood_unix_bind(socket, path);
  if (result == -EADDRINUSE && brood_unix_is_stale(path)) {
    result = unlink(path) < 0 ? -errno : 0;
    if (result == 0) result = brood_unix_bind(socket, path);
  }
  if (directory >= 0) close(directory);
  return result;
}

int32_t brood_accept(int32_t socket, void *address, uint32_t *size) {
  int fd = accept4(socket, address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int32_t brood_socket_peer(int32_t socket) {
  struct ucred credentials = {0};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return 0;
  return credentials.pid > 0 ? credentials.pid : 0;
}

int64_t brood_socket_peer_user(int32_t socket) {
  struct ucred credentials = {0};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
  return credentials.uid;
}

int32_t brood_connect_waiting(
  int32_t socket, const char *path, const void *address, uint32_t size, int64_t nanoseconds) {
  struct timeval timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000 / 1000};
  if (timeout.tv_sec == 0 && timeout.tv_usec == 0) timeout.tv_usec = 1;  // 0 would be for ever
  int flags = fcntl(socket, F_GETFL);
  if (flags < 0 || setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
    return -errno;
  fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
  int32_t result;
  if (path) result = brood_unix_connect(socket, path);
  else result = connect(socket, address, size) < 0 ? -errno : 0;
  fcntl(socket, F_SETFL, flags);
  timeout = (struct timeval){0, 0};
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  return result;
}
