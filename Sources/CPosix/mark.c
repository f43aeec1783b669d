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
static struct brood_mark current = {.level = -1};
static uint64_t scramble;

struct brood_mark brood_mark_plan(uint64_t inherited, int32_t pid, uint64_t key) {
  struct brood_mark mark = {.value = inherited, .level = -1};
  if (!(inherited & marked)) return mark;
  for (int32_t level = 0; level < 3; level++) {
    uint64_t full = group_mask[level] << group_shift[level];
    if ((inherited & full) != full) continue;
    // Exclusive or keeps pids apart within a pid namespace; the key keeps namespaces apart.
    uint64_t group = ((uint64_t)pid ^ (key >> (level * 8))) & group_mask[level];
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

int32_t brood_mark_start(void) {
  struct rlimit limit;
  // The table has to be shared with every process of the session, so it comes first.
  int32_t result = brood_registry_start();
  if (result < 0) return result;
  if (getrlimit(RLIMIT_LOCKS, &limit) < 0) return -errno;
  scramble = namespace_key();
  if (!(limit.rlim_max & marked)) limit.rlim_max = RLIM_INFINITY;  // works for root only
  current = brood_mark_plan(limit.rlim_max, getpid(), scramble);
  if (current.level < 0) return 0;
  // What an outer session detached stays so, but now belongs to this one.
  uint64_t let_go = limit.rlim_cur & 0xffffffff ? limit.rlim_cur >> 32 : (uint64_t)current.level;
  if (limit.rlim_cur == RLIM_INFINITY) let_go = 0;
  limit.rlim_max = current.value;
  limit.rlim_cur = let_go << 32 | brood_soft_ordinary;
  if (setrlimit(RLIMIT_LOCKS, &limit) == 0) return 0;
  current.level = -1;
  return -errno;
}

struct brood_mark brood_mark_current(void) { return current; }

int32_t brood_mark_set_task(uint32_t task) {
  struct rlimit limit;
  if (current.level < 0) return -ENOTSUP;
  if (getrlimit(RLIMIT_LOCKS, &limit) < 0) return -errno;
  limit.rlim_cur = task == 0 ? 0 : (limit.rlim_cur & ~0xffffffffULL) | task;
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
  limit.rlim_cur = 0;
  return prlimit(pid, RLIMIT_LOCKS, &limit, NULL) < 0 ? -errno : 0;
}

bool brood_mark_is_member(int32_t pid) {
  uint64_t soft, hard;
  if (current.level < 0 || brood_mark_of(pid, &soft, &hard) < 0) return false;
  return (hard ^ current.value) >> current.shift == 0;
}

bool brood_is_living(int32_t pid) {
  char text[512];
  int64_t length = brood_proc_read(pid, "stat", text, sizeof text - 1);
  // What cannot be read is no death.
  if (length <= 0) return !brood_has_ended(pid);
  text[length] = 0;
  const char *state = strrchr(text, ')');
  return state && state[1] && state[2] != 'Z' && state[2] != 'X';
}

int32_t brood_mark_members(uint32_t task, int32_t *pids, int32_t capacity) {
  static int32_t all[65536];
  if (current.level < 0) return 0;
  int32_t number = brood_proc_pids(all, 65536), count = 0;
  for (int32_t i = 0; i < number && i < 65536; i++) {
    uint64_t soft, hard;
    if (brood_mark_of(all[i], &soft, &hard) < 0) continue;
    if ((hard ^ current.value) >> current.shift) continue;
    uint32_t part = (uint32_t)soft;
    if (part == brood_soft_guardian || part == brood_soft_detached) continue;
    if ((task && part != task) || !brood_is_living(all[i])) continue;
    if (count < capacity) pids[count] = all[i];
    count++;
  }
  return count;
}

int32_t brood_mark_strays(int32_t *pids, int32_t capacity) {
  static int32_t all[65536];
  int32_t number = brood_proc_pids(all, 65536), count = 0;
  uint64_t key = namespace_key();
  for (int32_t i = 0; i < number && i < 65536; i++) {
    uint64_t soft, hard;
    if (brood_mark_of(all[i], &soft, &hard) < 0 || !(hard & marked) || !~hard) continue;
    if ((uint32_t)soft <= brood_soft_guardian) continue;
    uint64_t session = ((hard >> group_shift[0]) ^ key) & group_mask[0];
    uint64_t its_soft, its_hard;
    bool there = session < 1 << 22 && brood_mark_of((int32_t)session, &its_soft, &its_hard) == 0 &&
      (its_hard ^ hard) >> group_shift[0] == 0;
    if (there || !brood_is_living(all[i])) continue;
    if (count < capacity) pids[count] = all[i];
    count++;
  }
  return count;
}
