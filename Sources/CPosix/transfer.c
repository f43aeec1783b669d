// Reading and writing without being caught in a wait that Ctrl-C could not end.
#include "brood_files.h"
#include "brood_loop.h"
#include "brood_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Terminals and some files refuse RWF_NOWAIT: there a ready descriptor is all that can be asked.
static bool refuses_nowait(int error) { return error == EOPNOTSUPP || error == EINVAL; }

static int64_t when_ready(int32_t fd, int16_t events) {
  struct pollfd entry = {.fd = fd, .events = events};
  int ready = poll(&entry, 1, 0);
  if (ready < 0) return -errno;
  return ready == 0 ? -EAGAIN : 0;
}

int64_t brood_read_now(int32_t fd, void *buffer, size_t size) {
  struct iovec piece = {buffer, size};
  ssize_t got = preadv2(fd, &piece, 1, -1, RWF_NOWAIT);
  if (got >= 0) return got;
  // A cold page of a regular file also says EAGAIN: poll calls it ready, and a read brings it.
  if (errno != EAGAIN && !refuses_nowait(errno)) return -errno;
  int64_t ready = when_ready(fd, POLLIN);
  if (ready < 0) return ready;
  got = read(fd, buffer, size);
  return got < 0 ? -errno : got;
}

int64_t brood_write_now(int32_t fd, const void *buffer, size_t size) {
  struct iovec piece = {(void *)buffer, size};
  ssize_t put = pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
  if (put >= 0) return put;
  bool full = errno == EAGAIN;
  if (!full && !refuses_nowait(errno)) return -errno;
  int64_t ready = when_ready(fd, POLLOUT);
  if (ready < 0) return ready;
  // A ready pipe takes at least this much without waiting.
  put = write(fd, buffer, full && size > 4096 ? 4096 : size);
  return put < 0 ? -errno : put;
}

int32_t brood_wait_ready(int32_t fd, int16_t events, bool wakeable, int64_t deadline) {
  struct pollfd entries[2] = {
    {.fd = fd, .events = events},
    {.fd = wakeable ? brood_wake_fd() : -1, .events = POLLIN},
  };
  for (;;) {
    if (wakeable && brood_attention) return 0;
    int timeout = -1;
    if (deadline != INT64_MAX) {
      int64_t rest = deadline - brood_monotonic();
      if (rest <= 0) return -ETIMEDOUT;
      timeout = rest > 3600000000000 ? 3600000 : (int)(rest / 1000000 + 1);
    }
    int ready = poll(entries, 2, timeout);
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready <= 0) continue;
    if (entries[0].revents) return 1;
    brood_wake_drain();
  }
}

int32_t brood_memfd(const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd < 0 ? -errno : fd;
}

enum { all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int32_t brood_seal(int32_t fd) { return fcntl(fd, F_ADD_SEALS, all_seals) < 0 ? -errno : 0; }

int32_t brood_is_sealed(int32_t fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & all_seals) == all_seals;
}

enum { most_descriptors = 253 };  // SCM_MAX_FD of the kernel

int64_t brood_send(
  int32_t socket, const void *bytes, size_t size, const int32_t *fds, int32_t count, bool wait) {
  if (count > most_descriptors) return -E2BIG;
  char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  struct iovec piece = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
  }
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  return sent < 0 ? -errno : sent;
}

static int64_t receive(
  int32_t socket, void *bytes, size_t size, int32_t *fds, int32_t capacity, int32_t *count,
  size_t *total, int flags) {
  char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  struct iovec piece = {bytes, size};
  struct msghdr message = {
    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  *count = 0;
  flags |= MSG_CMSG_CLOEXEC | MSG_TRUNC;
  ssize_t got = recvmsg(socket, &message, flags);
  // The other side went with something unread: said once, before what it had sent.
  if (got < 0 && errno == ECONNRESET) got = recvmsg(socket, &message, flags);
  if (got < 0) return -errno;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const unsigned char *data = CMSG_DATA(header);
    for (size_t i = 0; i < number; i++) {
      int fd;
      memcpy(&fd, data + i * sizeof fd, sizeof fd);
      if (*count < capacity) fds[(*count)++] = fd;
      else close(fd);
    }
  }
  if (message.msg_flags & MSG_CTRUNC) {
    while (*count > 0) close(fds[--*count]);
    *count = -1;
  }
  *total = (size_t)got;
  return (size_t)got < size ? got : (int64_t)size;
}

int64_t brood_receive(
  int32_t socket, void *bytes, size_t size, int32_t *fds, int32_t capacity, int32_t *count,
  size_t *total, bool wait) {
  return receive(socket, bytes, size, fds, capacity, count, total, wait ? 0 : MSG_DONTWAIT);
}

int64_t brood_peek(
  int32_t socket, void *bytes, size_t size, int32_t *fds, int32_t capacity, int32_t *count,
  size_t *total) {
  return receive(socket, bytes, size, fds, capacity, count, total, MSG_PEEK | MSG_DONTWAIT);
}

void brood_keep_to_cpu(int32_t index) {
  static cpu_set_t usual;
  static bool is_known;
  if (!is_known && sched_getaffinity(0, sizeof usual, &usual) < 0) return;
  is_known = true;
  cpu_set_t set = usual;
  if (index != -1) {
    int cpu = sched_getcpu();
    if (index >= 0) {
      int rest = index % CPU_COUNT(&usual);
      for (cpu = 0; !CPU_ISSET(cpu, &usual) || rest-- > 0;) cpu++;
    }
    if (cpu < 0 || cpu >= CPU_SETSIZE) return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
  }
  sched_setaffinity(0, sizeof set, &set);
}

int32_t brood_usable_cpus(void) {
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t *set = CPU_ALLOC(cpus);
    if (!set) return -ENOMEM;
    size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, set);
    int result = sched_getaffinity(0, size, set);
    int error = errno;
    int count = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (result == 0) return count;
    if (error != EINVAL) return -error;
  }
  return -EINVAL;
}
