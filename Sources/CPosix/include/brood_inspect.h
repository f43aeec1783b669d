// Looking at other processes: descriptors, mappings, sockets, memory. Nothing here changes what it
// looks at or waits for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  BROOD_FD_OTHER,
  BROOD_FD_PIPE,
  BROOD_FD_SOCKET,
  BROOD_FD_FIFO,
  BROOD_FD_FILE,
  BROOD_FD_CHARACTER,
  BROOD_FD_EVENT,
  BROOD_FD_EPOLL,
  BROOD_FD_PROCESS,
  BROOD_FD_TIMER,
  BROOD_FD_SIGNAL,
  BROOD_FD_WATCH,
};

// An open descriptor: what it is, and of what device and inode. Access has bit 0 for reading and
// bit 1 for writing. All descriptors of one of the kinds from BROOD_FD_EVENT on share an inode.
struct brood_fd_entry {
  int32_t fd;
  uint8_t kind;
  uint8_t access;
  uint64_t device, inode, special;
};

// The descriptors of a process; the count, which may exceed the capacity, or -errno.
int32_t brood_proc_fds(int32_t pid, struct brood_fd_entry *entries, int32_t capacity);

// A shared mapping of a file, or of memory without a name.
struct brood_mapping {
  uint64_t start, end, offset, device, inode;
  bool is_shared;
  // Its path, cut at the end, empty if it has none.
  char path[128];
};

// The mapping that contains an address: 1, 0 if there is none, or -errno.
int32_t brood_proc_mapping(int32_t pid, uint64_t address, struct brood_mapping *found);

// Whether a process maps the page at an offset of a file as shared: 1, 0, or -errno. The address is
// that of the offset in its memory.
int32_t brood_proc_maps(
  int32_t pid, uint64_t device, uint64_t inode, uint64_t offset, uint64_t *address);

// Whether a path is a named pipe, without asking a server: 1 with its device and inode, 0, or -errno.
int32_t brood_named_pipe(const char *path, uint64_t *device, uint64_t *inode);

// Reads another process's memory (process_vm_readv(2)); the number of bytes, or -errno.
int64_t brood_read_memory(int32_t pid, uint64_t address, void *buffer, size_t size);

// What /proc/self/sched says on a given CPU, since each has a clock of its own: moves this process
// there for the reading, and back. The number of bytes, or -errno.
int64_t brood_sched_on(int32_t cpu, void *buffer, size_t size);

// Whether two processes have one address space (kcmp(2)): 1, 0, or -errno.
int32_t brood_share_memory(int32_t one, int32_t other);

// A socket of this network namespace, as sock_diag(7) tells. The peer of a Unix socket is an
// inode, 0 if unknown or none.
struct brood_socket_entry {
  uint32_t inode, peer;
  uint8_t family, type, state, protocol;
  uint16_t local_port, remote_port;
  uint8_t local_address[16], remote_address[16];
  // Bytes that wait to be read; of a listening socket the connections that wait for accept(2).
  uint32_t waiting;
  // The name of a Unix socket, abstract ones begin with a zero byte.
  uint8_t name_length;
  char name[110];
};

// The Unix sockets, or those of TCP, of both families; the count, which may exceed the capacity,
// or -errno.
int32_t brood_unix_sockets(struct brood_socket_entry *entries, int32_t capacity);
int32_t brood_tcp_sockets(struct brood_socket_entry *entries, int32_t capacity);

// The process that changed a System V semaphore last (semctl(2), GETPID), or -errno.
int32_t brood_semaphore_user(int32_t set, int32_t number);

// Where a text begins in bytes, or -1.
int64_t brood_find(const void *bytes, size_t count, const void *text, size_t length);
