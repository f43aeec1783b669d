// Ends what is left of a session. Only async-signal-safe calls and no malloc: the guardian runs it.
//
// Most processes are told by their mark, which costs one system call for each process there is.
// What has none is looked at by its start time, for the session's table of processes, and by its
// parent; once, and again where such a process was found.
//
// A number may be given again between the look and the signal, which a pidfd excludes; but opening
// and closing one costs as much as all the rest. Where the kernel, which gives numbers in turn, has
// thousands to give before that one comes again, one does without. What was sent KILL is looked at
// again only when nothing else is found: it may be a zombie, or its number another's.
#include "brood_guardian.h"
#include "brood_loop.h"
#include "brood_slots.h"
#include "mark.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { most_pids = 1 << 18, most_others = 1 << 16, safe_distance = 4096 };
enum { most_samples = 16 };
static const int64_t grace_of_guardians = 500000000, patience_for_reaping = 200000000;
static const int64_t first_delay = 2000000, longest_delay = 50000000;

enum belonging { foreign, spared, guardian_of_it, member };

struct hunt {
  struct brood_mark mark;
  int32_t session, guardian;  // these two are spared; 0 for none
  int proc;
  bool guardians_too;
  int32_t last_given, number_of_pids;  // of the kernel; 0: not known
};

// A process without the mark.
struct other {
  int32_t pid, parent;
  uint64_t start;
  bool ours, spared;
};

// A bit for each pid.
struct pid_set {
  bool used;  // clearing it writes to many pages
  uint64_t words[brood_pid_end / 64];
};

static int32_t *pids;
static struct other *others;
// Those of the session in one pass, their sessions in the kernel's sense, those that were sent
// KILL, and those of them that have ended.
static struct pid_set *ours, *their_sessions, *struck, *ended;

// As a part of the program this would count against the memory that each process may have.
bool brood_end_rest_prepare(void) {
  struct room {
    int32_t pids[most_pids];
    struct other others[most_others];
    struct pid_set sets[4];
  } *room;
  if (pids) return true;
  room = mmap(
    NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  pids = room->pids;
  others = room->others;
  ours = &room->sets[0];
  their_sessions = &room->sets[1];
  struck = &room->sets[2];
  ended = &room->sets[3];
  return true;
}

static void add(struct pid_set *set, int32_t pid) {
  if (pid < 0 || pid >= brood_pid_end) return;
  set->words[pid / 64] |= 1ULL << (pid & 63);
  set->used = true;
}

static void clear(struct pid_set *set) {
  if (set->used) memset(set, 0, sizeof *set);
}

static bool has(const struct pid_set *set, int32_t pid) {
  return pid >= 0 && pid < brood_pid_end && set->words[pid / 64] >> (pid & 63) & 1;
}

static void pause_for(int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  nanosleep(&time, NULL);
}

static enum belonging judge(const struct hunt *hunt, int32_t pid) {
  struct rlimit limit;
  uint64_t soft, hard;
  if (prlimit(pid, RLIMIT_LOCKS, NULL, &limit) == 0) {
    soft = limit.rlim_cur;
    hard = limit.rlim_max;
  } else {
    // A setuid program shows its limits in a file, and may be killed; another user's may not.
    if (errno != EPERM || kill(pid, 0) < 0) return spared;
    if (brood_mark_of(pid, &soft, &hard) < 0) return spared;
  }
  if (!brood_mark_has_prefix(hunt->mark, hard)) return foreign;
  uint32_t part = brood_mark_part(soft);
  if (part == brood_soft_detached || brood_mark_level(soft) > hunt->mark.level) return spared;
  return part == brood_soft_guardian ? guardian_of_it : member;
}

// What /proc says of a process without the mark; false if it is gone.
static bool look_at(const struct hunt *hunt, struct other *other) {
  char text[512];
  int64_t length = brood_proc_read_at(hunt->proc, other->pid, "stat", text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = 0;
  const char *at = strrchr(text, ')');
  if (!at || !at[1] || at[2] == 'Z' || at[2] == 'X') return false;
  uint64_t fields[20] = {0};
  at += 3;
  for (int field = 0; field < 20 && *at; field++) {
    while (*at == ' ' || *at == '-') at++;
    for (; *at >= '0' && *at <= '9'; at++) fields[field] = fields[field] * 10 + (uint64_t)(*at - '0');
  }
  other->parent = (int32_t)fields[0];
  other->start = fields[18];
  return true;
}

static bool is_known_orphan(int32_t pid, uint64_t start) {
  int32_t known;
  uint64_t its_start;
  for (int32_t i = 0; brood_guardian_known(i, &known, &its_start); i++)
    if (known == pid && (start == 0 || start == its_start)) return true;
  return false;
}

static bool is_in_table(struct other *other) {
  if (is_known_orphan(other->pid, other->start)) return true;
  return brood_slots_have(other->pid, other->start, &other->spared) && !other->spared;
}

// Whether one without the mark may be of the session: looking at it costs as much as twenty calls.
static bool may_be_ours(int32_t pid) {
  pid_t session = getsid(pid);
  // 0 stands for threads of the kernel, and for sessions outside of this pid namespace.
  return session == pid || has(their_sessions, session) || brood_slots_list(pid) ||
    is_known_orphan(pid, 0);
}

// Finds those without the mark that belong to the session all the same.
static void relate(const struct hunt *hunt, int32_t count) {
  for (bool grows = true; grows;) {
    grows = false;
    for (int32_t i = 0; i < count; i++) {
      struct other *other = &others[i];
      if (other->ours || other->spared) continue;
      if (other->start == 0) {
        if (!may_be_ours(other->pid)) continue;
        other->spared = !look_at(hunt, other);
        other->ours = !other->spared && is_in_table(other);
      }
      if (!other->ours && (other->spared || !has(ours, other->parent))) continue;
      other->ours = true;
      add(ours, other->pid);
      add(their_sessions, getsid(other->pid));
      grows = true;
    }
  }
}

// The pidfd is opened before one looks again, so that a reused pid cannot be hit.
static bool is_the_same(const struct hunt *hunt, int32_t pid, const struct other *other) {
  if (!other) {
    enum belonging belonging = judge(hunt, pid);
    return belonging == member || belonging == guardian_of_it;
  }
  struct other now = {.pid = pid};
  return look_at(hunt, &now) && now.start == other->start;
}

// The last number in a file of /proc; 0 if it cannot be read.
static int32_t last_number(const struct hunt *hunt, const char *name) {
  char text[128];
  int64_t length = brood_proc_read_at(hunt->proc, 0, name, text, sizeof text);
  while (length > 0 && (text[length - 1] < '0' || text[length - 1] > '9')) length--;
  int32_t value = 0, power = 1;
  for (; length > 0 && text[length - 1] >= '0' && text[length - 1] <= '9' && power <= brood_pid_end;
       length--, power *= 10)
    value += (text[length - 1] - '0') * power;
  return value;
}

static bool is_far(const struct hunt *hunt, int32_t pid) {
  if (hunt->last_given <= 0 || pid >= hunt->number_of_pids) return false;
  int32_t distance = pid - hunt->last_given;
  return (distance > 0 ? distance : distance + hunt->number_of_pids) > safe_distance;
}

// Whether there was something to kill.
static bool strike(const struct hunt *hunt, int32_t pid, const struct other *other) {
  if (!other && !has(struck, pid) && is_far(hunt, pid))
    return is_the_same(hunt, pid, NULL) && kill(pid, SIGKILL) == 0;
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) {
    if (errno == ESRCH || errno == EINVAL) return false;
    return is_the_same(hunt, pid, other) && kill(pid, SIGKILL) == 0;  // no descriptor to be had
  }
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  bool has_ended = poll(&entry, 1, 0) > 0;
  bool hit = !has_ended && is_the_same(hunt, pid, other) &&
    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
  close(fd);
  if (has_ended) add(ended, pid);
  return hit;
}

static int32_t list(const struct hunt *hunt) {
  int32_t number = hunt->proc < 0 ? brood_proc_pids(pids, most_pids)
                                  : brood_proc_pids_at(hunt->proc, pids, most_pids);
  if (number > most_pids) number = most_pids;
  if (number >= 0 || number == -ENFILE || number == -EMFILE || number == -ENOMEM) return number;
  return brood_tried_pids(pids, most_pids);
}

struct outcome {
  int32_t marked, others;  // how many were there to kill
  int32_t again;           // how many were sent KILL before, and are still there
  int32_t samples[most_samples], sample_count;  // some of those that were killed
  bool failed;
};

static void sample(struct outcome *outcome, int32_t pid) {
  if (outcome->sample_count < most_samples) outcome->samples[outcome->sample_count++] = pid;
}

// Sends KILL to those in `pids` that were not sent it before; puts the rest in front.
static void kill_new(struct hunt *hunt, int32_t count, struct outcome *outcome) {
  for (int32_t i = 0; i < count; i++) {
    int32_t pid = pids[i];
    if (has(struck, pid)) {
      if (!has(ended, pid)) pids[outcome->again++] = pid;
    } else if (strike(hunt, pid, NULL)) {
      add(struck, pid);
      outcome->marked++;
      if (i * most_samples / count == outcome->sample_count) sample(outcome, pid);
    }
  }
}

static struct outcome pass(struct hunt *hunt, bool looks_at_others) {
  struct outcome outcome = {0};
  int32_t number = list(hunt), marked = 0, unmarked = 0, self = getpid();
  if (number < 0) {
    outcome.failed = true;
    return outcome;
  }
  if (looks_at_others) {
    clear(ours);
    clear(their_sessions);
  }
  for (int32_t i = 0; i < number; i++) {
    int32_t pid = pids[i];
    if (pid == self || pid == hunt->session || pid == hunt->guardian) continue;
    enum belonging belonging = judge(hunt, pid);
    if (belonging == foreign && looks_at_others && unmarked < most_others)
      others[unmarked++] = (struct other){.pid = pid};
    if (belonging != member && belonging != guardian_of_it) continue;
    if (looks_at_others) {
      add(ours, pid);
      add(their_sessions, getsid(pid));
    }
    if (belonging == member || hunt->guardians_too) pids[marked++] = pid;
  }
  // Parents are looked up before any of them is killed.
  relate(hunt, unmarked);
  if (marked > 0) hunt->last_given = last_number(hunt, "loadavg");
  kill_new(hunt, marked, &outcome);
  for (int32_t i = 0; i < unmarked; i++)
    if (others[i].ours && strike(hunt, others[i].pid, &others[i])) {
      outcome.others++;
      sample(&outcome, others[i].pid);
    }
  return outcome;
}

// Nothing reaps the session's own children while it looks.
static bool is_gone(const struct hunt *hunt, int32_t pid) {
  struct other other = {.pid = pid};
  if (kill(pid, 0) < 0) return errno == ESRCH;
  return hunt->session != 0 && !look_at(hunt, &other);
}

// Deaths take their time, and looking at all costs more than waiting.
static void wait_for(const struct hunt *hunt, const struct outcome *outcome, int64_t delay) {
  int32_t next = 0;
  int64_t waited = 0;
  do {
    pause_for(delay);
    waited += delay;
    if (delay < longest_delay) delay *= 2;
    while (next < outcome->sample_count && is_gone(hunt, outcome->samples[next])) next++;
  } while (next < outcome->sample_count && waited < patience_for_reaping);
}

// Whether all that was sent KILL has ended; sends it again where it has not.
static bool have_ended(const struct hunt *hunt, int32_t count) {
  bool result = true;
  for (int32_t i = 0; i < count; i++)
    if (strike(hunt, pids[i], NULL)) result = false;
  return result;
}

bool brood_end_rest(
  struct brood_mark mark, int32_t session, int32_t guardian, int proc, int64_t timeout) {
  struct hunt hunt = {.mark = mark, .session = session, .guardian = guardian, .proc = proc};
  int64_t began = brood_monotonic(), delay = first_delay;
  if (!brood_end_rest_prepare()) return false;
  clear(struck);
  bool looks_at_others = true;
  hunt.number_of_pids = last_number(&hunt, "sys/kernel/pid_max");
  for (int clean = 0; clean < 2;) {
    int64_t now = brood_monotonic();
    if (now - began > timeout) return false;
    // Inner guardians get time to unlink their sockets; their processes die here anyway.
    hunt.guardians_too = now - began > grace_of_guardians;
    struct outcome outcome = pass(&hunt, looks_at_others);
    bool hit = outcome.marked > 0 || outcome.others > 0 || outcome.failed;
    looks_at_others = mark.level < 0 || outcome.others > 0 || outcome.failed;
    if (hit) clear(ended);
    if (!hit && have_ended(&hunt, outcome.again)) {
      clean++;
      continue;
    }
    clean = 0;
    wait_for(&hunt, &outcome, delay);
    if (delay < longest_delay) delay *= 2;  // only what cannot die at once is left
  }
  return true;
}
