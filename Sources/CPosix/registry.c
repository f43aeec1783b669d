// What the guardian knows beyond marks, in memory shared with it: paths of sockets that it unlinks,
// and orphans that came to the session.
#include "brood_guardian.h"
#include "brood_process.h"
#include "brood_socket.h"
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_paths = 512, longest_path = 1024, slot_free = 0, slot_filling, slot_used };
enum { most_orphans = 1024 };

// An inode's number alone may be given to the next file at once.
struct identity {
  uint64_t device, inode, seconds, nanoseconds;  // when it was made, where the file system tells
};

struct slot {
  _Atomic int32_t state;
  _Atomic int32_t maker;
  _Atomic uint64_t inode;  // 0: the file was about to be made
  struct identity file;
  char path[longest_path];
};

struct orphan {
  _Atomic int32_t pid;  // 0 is free
  _Atomic uint64_t start_ticks;
};

static struct registry {
  _Atomic int32_t top;  // all slots in use lie below, so that no look touches further pages
  _Atomic int32_t orphan_top;
  struct orphan orphans[most_orphans];
  struct slot slots[most_paths];
} *registry;

int32_t brood_registry_start(void) {
  if (registry) return 0;
  void *memory = brood_session_memory(sizeof *registry);
  if (!memory) return -errno;
  registry = memory;
  return 0;
}

static int32_t identify(const char *path, struct identity *file) {
  struct statx info;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &info) < 0)
    return -errno;
  if (!S_ISSOCK(info.stx_mode)) return -ENOTSOCK;
  *file = (struct identity){
    (uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor, info.stx_ino,
    info.stx_mask & STATX_BTIME ? (uint64_t)info.stx_btime.tv_sec : 0,
    info.stx_mask & STATX_BTIME ? info.stx_btime.tv_nsec : 0};
  return 0;
}

static int32_t fill(int32_t i, const char *path) {
  struct slot *slot = &registry->slots[i];
  atomic_store(&slot->maker, getpid());
  atomic_store(&slot->inode, 0);
  strcpy(slot->path, path);
  int32_t top = atomic_load(&registry->top);
  while (top <= i && !atomic_compare_exchange_weak(&registry->top, &top, i + 1)) continue;
  atomic_store(&slot->state, slot_used);
  return i;
}

int32_t brood_guardian_announce(const char *path) {
  if (!registry) return -ENOTSUP;
  if (path[0] != '/') return -EINVAL;  // the guardian has another working directory
  if (strlen(path) >= longest_path) return -ENAMETOOLONG;
  for (int32_t i = 0; i < most_paths; i++) {
    int32_t expected = slot_free;
    if (atomic_compare_exchange_strong(&registry->slots[i].state, &expected, slot_filling))
      return fill(i, path);
  }
  return -ENOSPC;
}

int32_t brood_guardian_confirm(int32_t number) {
  if (!registry || number < 0 || number >= most_paths) return -EINVAL;
  struct slot *slot = &registry->slots[number];
  int32_t result = identify(slot->path, &slot->file);
  if (result == 0) atomic_store(&slot->inode, slot->file.inode);
  return result;
}

void brood_guardian_forget(int32_t number) {
  if (registry && number >= 0 && number < most_paths)
    atomic_store(&registry->slots[number].state, slot_free);
}

static bool is_same_file(struct slot *slot) {
  struct identity now;
  return identify(slot->path, &now) == 0 && memcmp(&now, &slot->file, sizeof now) == 0;
}

void brood_guardian_unlink(int32_t number) {
  if (!registry || number < 0 || number >= most_paths) return;
  if (is_same_file(&registry->slots[number])) unlink(registry->slots[number].path);
  brood_guardian_forget(number);
}

// A detached process keeps its socket.
static bool is_detached(int32_t pid) {
  struct brood_mark mark = brood_mark_current();
  uint64_t soft, hard;
  return mark.level >= 0 && brood_mark_of(pid, &soft, &hard) == 0 &&
    brood_mark_has_prefix(mark, hard) && brood_mark_part(soft) == brood_soft_detached;
}

// A process that was killed before it could tell which file it made has left one without an owner;
// so is that of a process that has ended, or else it is another session's by now.
static bool is_left_over(struct slot *slot) {
  if (atomic_load(&slot->inode) != 0 && !is_same_file(slot)) return false;
  return !is_detached(atomic_load(&slot->maker)) && brood_unix_is_stale(slot->path);
}

void brood_guardian_unlink_all(void) {
  if (!registry) return;
  int32_t top = atomic_load(&registry->top);
  for (int32_t i = 0; i < top && i < most_paths; i++) {
    struct slot *slot = &registry->slots[i];
    if (atomic_load(&slot->state) != slot_used || !is_left_over(slot)) continue;
    unlink(slot->path);
    brood_guardian_forget(i);
  }
}

void brood_guardian_know(int32_t pid, uint64_t start_ticks) {
  for (int32_t i = 0; registry && i < most_orphans; i++) {
    struct orphan *orphan = &registry->orphans[i];
    if (orphan->pid) continue;
    orphan->start_ticks = start_ticks;
    orphan->pid = pid;
    if (registry->orphan_top <= i) registry->orphan_top = i + 1;
    return;
  }
}

void brood_guardian_unknow(int32_t pid) {
  for (int32_t i = 0; registry && i < registry->orphan_top; i++)
    if (registry->orphans[i].pid == pid) registry->orphans[i].pid = 0;
}

bool brood_guardian_known(int32_t number, int32_t *pid, uint64_t *start_ticks) {
  if (!registry || number >= registry->orphan_top) return false;
  *pid = registry->orphans[number].pid;
  *start_ticks = registry->orphans[number].start_ticks;
  return true;
}
