// The black box: what a session that ended badly leaves to be looked at.
// Only async-signal-safe calls and no malloc: the guardian writes it, too.
#include "brood_box.h"
#include "brood_events.h"
#include "brood_loop.h"
#include "brood_sessions.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { boxes = 8, longest = 400 };
static char directory[longest];

void brood_box_prepare(const char *path) {
  directory[0] = 0;
  if (strlen(path) < longest - 40) strcpy(directory, path);
}

static bool make_directories(void) {
  char path[longest];
  size_t size = strlen(directory);
  for (size_t i = 1; i <= size; i++) {
    if (directory[i] != '/' && directory[i] != 0) continue;
    memcpy(path, directory, i);
    path[i] = 0;
    if (mkdir(path, 0700) < 0 && errno != EEXIST) return false;
  }
  return true;
}

static void name(char *path, const char *word, uint64_t number) {
  char digits[24];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  strcpy(path, directory);
  strcat(path, word);
  size_t at = strlen(path);
  while (count > 0) path[at++] = digits[--count];
  path[at] = 0;
}

// The first name that is free, else that of the oldest box.
static void choose(char *path) {
  struct timespec oldest = {0};
  int chosen = -1;
  for (int i = 1; i <= boxes; i++) {
    struct stat info;
    name(path, "/box-", (uint64_t)i);
    if (lstat(path, &info) < 0) return;
    if (chosen < 0 || info.st_mtim.tv_sec < oldest.tv_sec ||
        (info.st_mtim.tv_sec == oldest.tv_sec && info.st_mtim.tv_nsec < oldest.tv_nsec)) {
      chosen = i;
      oldest = info.st_mtim;
    }
  }
  name(path, "/box-", (uint64_t)chosen);
}

static bool write_all(int fd, const void *from, uint64_t size) {
  const char *next = from;
  while (size > 0) {
    ssize_t count = write(fd, next, size < 1 << 20 ? size : 1 << 20);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    next += count;
    size -= (uint64_t)count;
  }
  return true;
}

static uint64_t table_size(const struct table *table) {
  int32_t top = table->top < 0 ? 0 : table->top > slot_count ? slot_count : table->top;
  return offsetof(struct table, slots) + (uint64_t)top * sizeof(struct slot);
}

// Processes that live may begin further chunks meanwhile, of which the file must not tell.
static bool write_events(int fd, const void *events, uint64_t size) {
  if (size == 0) return true;
  struct brood_events_header head;
  brood_events_head(events, size, &head);
  return write_all(fd, &head, sizeof head) &&
    write_all(fd, (const char *)events + sizeof head, size - sizeof head);
}

// Writes a file, and puts it into the place of the oldest.
static int32_t write_box(const struct brood_box_header *header, const void *table,
  const void *events) {
  if (!directory[0]) return -ENOENT;
  if (!make_directories()) return -errno;
  char new[longest], path[longest];
  name(new, "/.new-", (uint64_t)getpid());
  int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  bool is_whole = write_all(fd, header, sizeof *header) &&
    write_all(fd, table, header->table_size) && write_events(fd, events, header->events_size);
  int code = errno;
  close(fd);
  choose(path);
  if (is_whole && rename(new, path) == 0) return 0;
  if (is_whole) code = errno;
  unlink(new);
  return -code;
}

int32_t brood_box_write(int32_t cause) {
  const struct table *table = brood_slots_table();
  const struct brood_events_header *events = brood_events_memory();
  if (!table) return -ENOENT;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct brood_box_header header = {
    .magic = BROOD_BOX_MAGIC, .layout = BROOD_LAYOUT, .cause = cause, .session = table->root,
    .time = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, .monotonic = brood_monotonic(),
    .table_size = table_size(table), .events_size = events ? brood_events_size(events) : 0};
  // So that times can be read after the machine has been restarted.
  if (events) brood_events_rate(events);
  return write_box(&header, table, events);
}

int32_t brood_box_keep(const void *recording, int64_t time, int64_t monotonic) {
  const struct brood_events_header *events = recording;
  struct brood_box_header header = {
    .magic = BROOD_BOX_MAGIC, .layout = BROOD_LAYOUT, .session = events->session, .time = time,
    .monotonic = monotonic, .events_size = brood_events_size(events)};
  return write_box(&header, NULL, events);
}
