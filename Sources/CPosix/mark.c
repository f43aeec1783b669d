// The mark in RLIMIT_LOCKS by which a session's processes are found again.
#include "brood_guardian.h"
#include "brood_loop.h"
#include "mark.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const int32_t group_shift[3] = {40, 20, 0};
static const uint64_t group_mask[3] = {(1 << 23) - 1, (1 << 20) - 1, (1 << 20) - 1};
static const uint64_t marked = 1ULL << 63;
static const uint64_t written_by_us = 0x42524f;  // bits 40 to 63 of the soft limit
static struct brood_mark current = {.level = -1};
static uint64_t scramble;
static bool lacks_room;
static int32_t all[65536];

static bool is_ours(uint64_t soft) { return soft >> 40 == written_by_us; }

uint32_t brood_mark_part(uint64_t soft) {
  return is_ours(soft) ? (uint32_t)soft : brood_soft_ordinary;
}

int32_t brood_mark_level(uint64_t soft) { return is_ours(soft) ? (int32_t)(soft >> 32 & 255) : 0; }

static uint64_t make_soft(int32_t level, uint32_t part) {
  return written_by_us << 40 | (uint64_t)level << 32 | part;
}

uint64_t brood_mark_with_part(uint64_t soft, uint32_t part) {
  return make_soft(brood_mark_level(soft), part);
}

bool brood_mark_has_prefix(struct brood_mark mark, uint64_t hard) {
  return mark.level >= 0 && (hard ^ mark.value) >> mark.shift == 0;
}

// The outermost group has one bit more than pids have, so it never is all ones.
static uint64_t key_of(int32_t level, uint64_t key) {
  return level == 0 ? key & group_mask[0] >> 1 : key >> (level * 8);
}

struct brood_mark brood_mark_plan(uint64_t inherited, int32_t pid, uint64_t key) {
  struct brood_mark mark = {.value = inherited, .level = -1};
  if (!(inherited & marked)) return mark;
  for (int32_t level = 0; level < 3; level++) {
    uint64_t full = group_mask[level] << group_shift[level];
    if ((inherited & full) != full) continue;
    // Exclusive or keeps pids apart within a pid namespace; the key keeps namespaces apart.
    uint64_t group = ((uint64_t)pid ^ key_of(level, key)) & group_mask[level];
    if (group == group_mask[level]) group--;
    mark.value = (inherited & ~full) | group << group_shift[level];
    mark.shift = group_shift[level];
    mark.level = level;
    return mark;
  }
  return mark;
}

static uint64_t namespace_key(void) {
  struct stat info;
  if (stat("/proc/self/ns/pid", &info) < 0) return 0;
  return (uint64_t)info.st_ino * 0x9e3779b97f4a7c15ULL;
}

int32_t brood_mark_session(uint64_t hard) {
  return (int32_t)((hard >> group_shift[0] ^ scramble) & group_mask[0] >> 1);
}

int32_t brood_mark_start(void) {
  struct rlimit limit;
  // The table has to be shared with every process of the session, so it comes first.
  int32_t result = brood_registry_start();
  if (result < 0) return result;
  if (getrlimit(RLIMIT_LOCKS, &limit) < 0) return -errno;
  scramble = namespace_key();
  lacks_room = !(limit.rlim_max & marked);
  if (lacks_room) limit.rlim_max = RLIM_INFINITY;  // works for root only
  current = brood_mark_plan(limit.rlim_max, getpid(), scramble);
  if (current.level < 0) return 0;
  // What an outer session detached stays so, but now belongs to this one.
  bool let_go = brood_mark_part(limit.rlim_cur) == brood_soft_detached;
  limit.rlim_max = current.value;
  limit.rlim_cur = make_soft(
    let_go ? current.level : brood_mark_level(limit.rlim_cur), brood_soft_ordinary);
  if (setrlimit(RLIMIT_LOCKS, &limit) == 0) {
    lacks_room = false;
    return 0;
  }
  int error = errno;
  current.level = -1;
  return -error;
}

struct brood_mark brood_mark_current(void) { return current; }

bool brood_mark_lacks_room(void) { return lacks_room; }

// Without a descriptor too: that nobody is found is an answer.
static int32_t list_all(void) {
  enum { most = sizeof all / sizeof *all };
  int32_t number = brood_proc_pids(all, most);
  if (number < 0) number = brood_tried_pids(all, most);
  return number > most ? most : number;
}

static bool is_taken(void) {
  int32_t number = list_all(), self = getpid();
  for (int32_t i = 0; i < number; i++) {
    struct rlimit limit;
    if (all[i] != self && prlimit(all[i], RLIMIT_LOCKS, NULL, &limit) == 0 &&
      brood_mark_has_prefix(current, limit.rlim_max))
      return true;
  }
  return false;
}

// Pids have 22 bits, and the outermost group has room for them.
int32_t brood_mark_make_unique(void) {
  uint64_t seed = (uint64_t)getpid();
  while (current.level > 0 && is_taken()) {
    int32_t shift = current.shift;
    uint64_t group = current.value >> shift & group_mask[current.level];
    struct rlimit limit;
    if (group == 0 || getrlimit(RLIMIT_LOCKS, &limit) < 0) {
      current.level = -1;
      return -EAGAIN;
    }
    // The limit can only be lowered; which numbers are free is not known.
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    current.value -= ((seed >> 33) % group + 1) << shift;
    limit.rlim_max = current.value;
    if (setrlimit(RLIMIT_LOCKS, &limit) < 0) {
      int error = errno;
      current.level = -1;
      return -error;
    }
  }
  return 0;
}

int32_t brood_mark_set_task(uint32_t task) {
  struct rlimit limit;
  if (current.level < 0) return -ENOTSUP;
  if (getrlimit(RLIMIT_LOCKS, &limit) < 0) return -errno;
  limit.rlim_cur = brood_mark_with_part(limit.rlim_cur, task);
  return setrlimit(RLIMIT_LOCKS, &limit) < 0 ? -errno : 0;
}

// The file costs forty times the call, but shows setuid programs too, and those can be killed.
static int read_limits(int32_t pid, uint64_t *soft, uint64_t *hard) {
  char text[4096];
  int64_t length = brood_proc_read(pid, "limits", text, sizeof text - 1);
  if (length < 0) return (int)length;
  text[length] = 0;
  const char *at = strstr(text, "Max file locks");
  if (!at) return -ENOENT;
  uint64_t found[2] = {RLIM_INFINITY, RLIM_INFINITY};
  at += strlen("Max file locks");
  for (int i = 0; i < 2; i++) {
    while (*at == ' ') at++;
    if (*at >= '0' && *at <= '9') found[i] = 0;
    for (; *at > ' '; at++)
      if (*at >= '0' && *at <= '9') found[i] = found[i] * 10 + (uint64_t)(*at - '0');
  }
  *soft = found[0];
  *hard = found[1];
  return 0;
}

int32_t brood_mark_of(int32_t pid, uint64_t *soft, uint64_t *hard) {
  struct rlimit limit;
  if (prlimit(pid, RLIMIT_LOCKS, NULL, &limit) == 0) {
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
  }
  return errno == EPERM ? read_limits(pid, soft, hard) : -errno;
}

int32_t brood_mark_detach(int32_t pid) {
  struct rlimit limit;
  if (prlimit(pid, RLIMIT_LOCKS, NULL, &limit) < 0) return -errno;
  limit.rlim_cur = make_soft(0, brood_soft_detached);
  if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;  // its own, lower limit
  return prlimit(pid, RLIMIT_LOCKS, &limit, NULL) < 0 ? -errno : 0;
}

bool brood_mark_is_member(int32_t pid) {
  uint64_t soft, hard;
  return current.level >= 0 && brood_mark_of(pid, &soft, &hard) == 0 &&
    brood_mark_has_prefix(current, hard);
}

bool brood_is_living(int32_t pid) {
  char text[512];
  int64_t length = brood_proc_read(pid, "stat", text, sizeof text - 1);
  // What cannot be read is no death.
  if (length <= 0) return !brood_has_ended(pid);
  text[length] = 0;
  const char *state = strrchr(text, ')');
  return !state || (state[1] && state[2] != 'Z' && state[2] != 'X');
}

int32_t brood_mark_members(uint32_t task, int32_t *pids, int32_t capacity) {
  if (current.level < 0) return 0;
  int32_t number = list_all(), count = 0;
  for (int32_t i = 0; i < number; i++) {
    uint64_t soft, hard;
    if (brood_mark_of(all[i], &soft, &hard) < 0 || !brood_mark_has_prefix(current, hard)) continue;
    uint32_t part = brood_mark_part(soft);
    if (part == brood_soft_guardian || part == brood_soft_detached) continue;
    if ((task && part != task) || !brood_is_living(all[i])) continue;
    if (count < capacity) pids[count] = all[i];
    count++;
  }
  return count;
}
