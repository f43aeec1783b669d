// Socket paths that the guardian unlinks: a table in memory shared with it.
#include "brood_guardian.h"
#include "mark.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_paths = 512, longest_path = 232, slot_free = 0, slot_filling, slot_used };

struct slot {
  _Atomic int32_t state;
  uint64_t device, inode;
  char path[longest_path];
};

static struct slot *slots;

int32_t brood_registry_start(void) {
  if (slots) return 0;
  void *memory = mmap(
    NULL, most_paths * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
    0);
  if (memory == MAP_FAILED) return -errno;
  slots = memory;
  return 0;
}

int32_t brood_guardian_register(const char *path) {
  struct stat info;
  if (!slots) return -ENOTSUP;
  if (path[0] != '/') return -EINVAL;  // the guardian has another working directory
  if (strlen(path) >= longest_path) return -ENAMETOOLONG;
  if (lstat(path, &info) < 0) return -errno;
  for (int i = 0; i < most_paths; i++) {
    int32_t expected = slot_free;
    if (!atomic_compare_exchange_strong(&slots[i].state, &expected, slot_filling)) continue;
    slots[i].device = info.st_dev;
    slots[i].inode = info.st_ino;
    strcpy(slots[i].path, path);
    atomic_store(&slots[i].state, slot_used);
    return 0;
  }
  return -ENOSPC;
}

int32_t brood_guardian_unregister(const char *path) {
  for (int i = 0; slots && i < most_paths; i++) {
    if (atomic_load(&slots[i].state) != slot_used || strcmp(slots[i].path, path)) continue;
    atomic_store(&slots[i].state, slot_free);
    return 0;
  }
  return -ENOENT;
}

void brood_unlink_registered(void) {
  for (int i = 0; slots && i < most_paths; i++) {
    struct stat info;
    if (atomic_load(&slots[i].state) != slot_used) continue;
    if (lstat(slots[i].path, &info) < 0 || !S_ISSOCK(info.st_mode)) continue;
    // Another session may have taken the path since.
    if (info.st_dev == slots[i].device && info.st_ino == slots[i].inode) unlink(slots[i].path);
  }
}
