// Finds what was left behind by sessions that were killed together with their guardians.
#include "brood_guardian.h"
#include "brood_loop.h"
#include "mark.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { most_pids = 65536, most_guardians = 1024 };

static int32_t all[most_pids];
static uint64_t guarded[most_guardians];  // prefixes of sessions whose guardians live
static int32_t guardian_count;

// The prefix of an outermost session.
static uint64_t prefix(uint64_t hard) { return hard >> 40; }

// Another user's process is another user's matter.
static bool limits(int32_t pid, struct rlimit *limit) {
  return prlimit(pid, RLIMIT_LOCKS, NULL, limit) == 0 && limit->rlim_max >> 63 && ~limit->rlim_max;
}

// What sessions have let go of belongs to an inner one, which may go on.
static bool is_candidate(const struct rlimit *limit) {
  // The low half alone, lest one of an earlier version be taken for a stray.
  uint32_t part = (uint32_t)limit->rlim_cur;
  return part != brood_soft_detached && part != brood_soft_guardian &&
    brood_mark_part(limit->rlim_cur) != brood_soft_reported &&
    brood_mark_level(limit->rlim_cur) == 0;
}

static bool is_session_there(uint64_t hard) {
  struct rlimit its;
  int32_t session = brood_mark_session(hard);
  return limits(session, &its) && prefix(its.rlim_max) == prefix(hard) && brood_is_living(session);
}

static bool is_guarded(uint64_t hard) {
  for (int32_t i = 0; i < guardian_count; i++)
    if (guarded[i] == prefix(hard)) return true;
  return false;
}

// Elsewhere the numbers in marks mean other processes.
static bool is_in_our_namespace(int32_t pid) {
  char path[48];
  struct stat own, its;
  snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
  return stat("/proc/self/ns/pid", &own) == 0 && stat(path, &its) == 0 &&
    own.st_ino == its.st_ino && own.st_dev == its.st_dev;
}

int32_t brood_mark_strays(int32_t *pids, int32_t capacity) {
  int32_t number = brood_proc_pids(all, most_pids), candidates = 0, count = 0;
  uint64_t own = brood_mark_current().value;
  if (number > most_pids) number = most_pids;
  guardian_count = 0;
  for (int32_t i = 0; i < number; i++) {
    struct rlimit limit;
    if (!limits(all[i], &limit) || prefix(limit.rlim_max) == prefix(own)) continue;
    if (is_candidate(&limit)) all[candidates++] = all[i];
    if (brood_mark_part(limit.rlim_cur) == brood_soft_guardian && guardian_count < most_guardians)
      guarded[guardian_count++] = prefix(limit.rlim_max);
  }
  for (int32_t i = 0; i < candidates; i++) {
    struct rlimit limit;
    if (!limits(all[i], &limit) || is_guarded(limit.rlim_max)) continue;
    if (is_session_there(limit.rlim_max) || !brood_is_living(all[i])) continue;
    if (!is_in_our_namespace(all[i])) continue;
    if (count < capacity) pids[count] = all[i];
    count++;
  }
  return count;
}

void brood_mark_reported(int32_t pid) {
  struct rlimit limit;
  if (!limits(pid, &limit)) return;
  limit.rlim_cur = brood_mark_with_part(limit.rlim_cur, brood_soft_reported);
  prlimit(pid, RLIMIT_LOCKS, &limit, NULL);
}
