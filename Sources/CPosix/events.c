// Events in shared memory: writing them, and where they lie.
#include "brood_events.h"
#include "brood_loop.h"
#include "brood_shared.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#if defined __x86_64__
#include <x86intrin.h>
#endif

static const uint64_t events_magic = 0x73746E6576656F62;  // "boevents", as bytes
enum {
  chunk_size = BROOD_EVENTS_IN_CHUNK * (int)sizeof(struct brood_recorded),
  header_size = 4096,
  texts_size = BROOD_TEXTS * BROOD_TEXT_SIZE,
  texts_end = (header_size + texts_size + 4095) / 4096 * 4096,
};
_Static_assert(sizeof(struct brood_recorded) == 64, "one cache line");
_Static_assert(sizeof(struct brood_events_header) <= header_size, "one page");

static struct brood_events_header *header;
static char path[160];
static bool ticks_are_tsc;

// What each event changes in the process that writes it; a forked child has none of it.
static struct {
  struct brood_recorded *next, *end;
  struct brood_chunk *chunk;
  uint32_t count, oldest;
  uint32_t chunks[BROOD_CHUNKS_OF_PROCESS];
} ring;

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t ticks_now(void) {
#if defined __x86_64__
  if (ticks_are_tsc) return __rdtsc();
#endif
  return clock_ns(CLOCK_MONOTONIC);
}

// Whether the kernel itself trusts the counter.
static bool counter_is_clock(void) {
#if defined __x86_64__
  char name[8] = "";
  int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t size = read(fd, name, sizeof name - 1);
  close(fd);
  return size >= 4 && !memcmp(name, "tsc\n", 4);
#else
  return false;
#endif
}

// In a directory of memory, where it is there after all processes have been killed; else as a memfd,
// which goes with the last one.
static int open_memory(const char *directory, uint64_t size) {
  int length = snprintf(
    path, sizeof path, "%s/brood-events-%u-%d-%llx", directory, (unsigned)geteuid(), (int)getpid(),
    (unsigned long long)clock_ns(CLOCK_REALTIME));
  if (length > 0 && length < (int)sizeof path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
      if (ftruncate(fd, (off_t)size) == 0) return fd;
      unlink(path);
      close(fd);
    }
  }
  path[0] = 0;
  return brood_memory_make("brood events", (int64_t)size);
}

int32_t brood_events_start(uint64_t limit, const char *directory, const char *script) {
  if (header) return 0;
  uint64_t count = limit / (chunk_size + sizeof(struct brood_chunk));
  if (count < 4) count = 4;
  if (count > 1 << 20) count = 1 << 20;
  uint64_t size = texts_end + (count * sizeof(struct brood_chunk) + 4095) / 4096 * 4096 +
    count * chunk_size;
  int fd = open_memory(directory, size);
  if (fd < 0) return fd;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  int code = errno;
  close(fd);
  if (memory == MAP_FAILED) {
    brood_events_remove();
    return -code;
  }
  // Where memory is short, a write would be a fatal signal.
  if (madvise(memory, texts_end, MADV_POPULATE_WRITE) < 0 && errno != EINVAL) {
    code = errno;
    munmap(memory, size);
    brood_events_remove();
    return code == EFAULT ? -ENOSPC : -code;
  }
  ticks_are_tsc = counter_is_clock();
  header = memory;
  header->layout = BROOD_EVENTS_LAYOUT;
  header->chunk_count = (uint32_t)count;
  header->session = getpid();
  struct table *table = brood_slots_table();
  header->guardian = table ? table->guardian : 0;
  header->zero_ns = clock_ns(CLOCK_MONOTONIC);
  header->zero_ticks = ticks_now();
  header->zero_real = clock_ns(CLOCK_REALTIME);
  header->ticks_per_second = ticks_are_tsc ? 1 : 0;
  strncpy(header->script, script, sizeof header->script - 1);
  for (uint32_t i = 0; table && i < BROOD_TEXTS; i++) {
    if (table->texts[i].state == 2) brood_events_name_text(i + 1, table->texts[i].name);
  }
  header->magic = events_magic;
  return 0;
}

void brood_events_turn(bool on) {
  if (!header) return;
  header->on = on;
  if (on) brood_operation_flags |= BROOD_OPERATION_RECORDED;
  else brood_operation_flags &= ~(uint32_t)BROOD_OPERATION_RECORDED;
}

void brood_events_keep_values(bool keep) {
  if (header) header->lengths_only = !keep;
}

void brood_events_forked(void) {
  if (!header) return;
  ring.next = ring.end = NULL;
  ring.chunk = NULL;
  ring.count = ring.oldest = 0;
}

static struct brood_chunk *chunk_table(void) { return (void *)((char *)header + texts_end); }

// MARK: Chunks

static uint64_t chunks_end(const struct brood_events_header *from) {
  return texts_end + ((uint64_t)from->chunk_count * sizeof(struct brood_chunk) + 4095) / 4096 * 4096;
}

static struct brood_recorded *events_at(uint32_t index) {
  return (void *)((char *)header + chunks_end(header) + (uint64_t)index * chunk_size);
}

// Takes a chunk that has a known serial; false if another process was quicker.
static bool claim(uint32_t index, uint64_t serial) {
  struct brood_chunk *chunk = &chunk_table()[index];
  uint64_t mine = atomic_fetch_add(&header->serial, 1) + 1;
  if (!atomic_compare_exchange_strong(&chunk->serial, &serial, mine)) return false;
  atomic_store(&chunk->used, 0);
  atomic_store(&chunk->pid, getpid());
  return true;
}

// The one that a dead process began first; -1 if there is none.
static int64_t take_from_dead(void) {
  struct brood_chunk *table = chunk_table();
  for (int attempt = 0; attempt < 8; attempt++) {
    int64_t found = -1;
    uint64_t oldest = UINT64_MAX;
    int32_t alive = getpid();
    for (uint32_t i = 0; i < header->chunk_count; i++) {
      uint64_t serial = table[i].serial;
      int32_t pid = table[i].pid;
      if (!serial || serial >= oldest || pid == alive) continue;
      if (pid > 0 && (kill(pid, 0) == 0 || errno != ESRCH)) {
        alive = pid;
        continue;
      }
      found = i;
      oldest = serial;
    }
    if (found < 0) return -1;
    if (claim((uint32_t)found, oldest)) return found;
  }
  return -1;
}

static int64_t take_new(void) {
  uint32_t top = header->top;
  do if (top >= header->chunk_count) return -1;
  while (!atomic_compare_exchange_weak(&header->top, &top, top + 1));
  // A write to a page for which there is no memory would be a fatal signal.
  if (madvise(events_at(top), chunk_size, MADV_POPULATE_WRITE) < 0 && errno != EINVAL) {
    header->shortage = errno == EFAULT ? ENOSPC : (uint32_t)errno;
    header->on = 0;
    return -2;
  }
  return claim(top, 0) ? (int64_t)top : -1;
}

// Begins another chunk; false if there is none.
static bool begin_chunk(void) {
  int saved = errno;
  int64_t index = -1;
  if (ring.count == 0 || ring.count < BROOD_CHUNKS_OF_PROCESS) {
    index = take_new();
    if (index == -1 && (index = take_from_dead()) >= 0) atomic_fetch_add(&header->drops, 1);
  }
  if (index == -1 && ring.count > 0) {
    // Its own oldest one.
    index = ring.chunks[ring.oldest];
    struct brood_chunk *chunk = &chunk_table()[index];
    atomic_fetch_add(&header->drops, 1);
    if (!claim((uint32_t)index, chunk->serial)) index = -2;
    ring.oldest = (ring.oldest + 1) % ring.count;
  } else if (index >= 0) {
    ring.chunks[ring.count++] = (uint32_t)index;
  }
  if (index == -1) {
    header->shortage = ENOSPC;
    header->on = 0;
  }
  errno = saved;
  if (index < 0) return false;
  ring.chunk = &chunk_table()[index];
  ring.next = events_at((uint32_t)index);
  ring.end = ring.next + BROOD_EVENTS_IN_CHUNK;
  return true;
}

// MARK: Writing

static inline void publish(void) {
  ring.next++;
  uint32_t used = atomic_load_explicit(&ring.chunk->used, memory_order_relaxed);
  atomic_store_explicit(&ring.chunk->used, used + 1, memory_order_release);
}

static inline __attribute__((always_inline)) struct brood_recorded *next_event(void) {
  if (!header || !atomic_load_explicit(&header->on, memory_order_relaxed)) return NULL;
  if (ring.next == ring.end && !begin_chunk()) return NULL;
  // The lines of a ring of megabytes are in no near cache when it comes round.
  __builtin_prefetch(ring.next + 2, 1);
  return ring.next;
}

void brood_event_write(const struct brood_recorded *given, const void *text, size_t size) {
  struct brood_recorded *event = next_event();
  if (!event) return;
  *event = *given;
  event->ticks = ticks_now();
  if (header->lengths_only && (given->what == BROOD_EVENT_OPERATION || given->what == BROOD_EVENT_PRINT))
    size = 0;
  if (size > BROOD_EVENT_LONGEST) size = BROOD_EVENT_LONGEST;
  size_t here = size < sizeof event->bytes ? size : sizeof event->bytes;
  if (here) memcpy(event->bytes, text, here);
  publish();
  while (size > here) {
    if (!(event = next_event())) return;
    size_t part = size - here < BROOD_EVENT_REST ? size - here : BROOD_EVENT_REST;
    event->ticks = given->ticks;
    event->what = BROOD_EVENT_MORE;
    event->outcome = (uint8_t)part;
    memcpy((char *)event + sizeof *event - BROOD_EVENT_REST, (const char *)text + here, part);
    publish();
    here += part;
  }
}

// What the operation under way has put or taken, for the event that tells of its end.
static struct {
  uint64_t number;
  uint32_t count, size;
  char bytes[BROOD_EVENT_TEXT];
} item;

void brood_event_item(uint64_t number, uint32_t count, const void *bytes, size_t there, size_t size) {
  item.number = number;
  item.count = count;
  item.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
  if (bytes && there >= sizeof item.bytes) {
    memcpy(item.bytes, bytes, sizeof item.bytes);
    return;
  }
  memset(item.bytes, 0, sizeof item.bytes);
  for (size_t i = 0; bytes && i < there; i++) item.bytes[i] = ((const char *)bytes)[i];
}

static uint64_t (*place_now)(void);

void brood_events_tell_place(uint64_t (*now)(void)) { place_now = now; }

uint64_t brood_event_place(void) { return place_now ? place_now() : 0; }

void brood_event_operation(uint16_t verb, uint16_t kind, uint64_t id, uint8_t outcome) {
  struct brood_recorded *event = next_event();
  if (!event) return;
  uint64_t place = brood_event_place();
  event->ticks = ticks_now();
  event->what = BROOD_EVENT_OPERATION;
  event->outcome = outcome;
  event->verb = verb;
  event->kind = kind;
  event->text = (uint16_t)(place >> 32);
  event->id = id;
  event->line = (uint32_t)place;
  event->other = 0;
  event->number = event->count = event->size = 0;
  if (item.count > 0) {
    event->number = item.number;
    event->count = item.count;
    event->size = item.size;
    item.count = 0;
    if (header->lengths_only) memset(event->bytes, 0, sizeof event->bytes);
    else memcpy(event->bytes, item.bytes, sizeof event->bytes);
  }
  publish();
}

// MARK: Reading

const struct brood_events_header *brood_events_memory(void) { return header; }

uint32_t brood_events_shortage(const struct brood_events_header *from) { return from->shortage; }

int32_t brood_events_guardian(const struct brood_events_header *from) { return from->guardian; }

void brood_events_note_guardian(int32_t guardian) {
  if (header) header->guardian = guardian;
}

uint32_t brood_events_top(const struct brood_events_header *from) {
  return from->top < from->chunk_count ? from->top : from->chunk_count;
}

bool brood_events_chunk(const struct brood_events_header *from, uint32_t index, uint64_t *serial,
  int32_t *pid, uint32_t *used) {
  if (index >= brood_events_top(from)) return false;
  const struct brood_chunk *chunk = (const struct brood_chunk *)((const char *)from + texts_end) + index;
  *serial = chunk->serial;
  *pid = chunk->pid;
  *used = atomic_load_explicit(&chunk->used, memory_order_acquire);
  if (*used > BROOD_EVENTS_IN_CHUNK) *used = BROOD_EVENTS_IN_CHUNK;
  return *serial > 0 && *pid > 0 && *serial == chunk->serial;
}

const struct brood_recorded *brood_events_of(const struct brood_events_header *from, uint32_t chunk) {
  return (const void *)((const char *)from + chunks_end(from) + (uint64_t)chunk * chunk_size);
}

static char *text_at(const struct brood_events_header *from, uint32_t number) {
  if (number == 0 || number > BROOD_TEXTS) return NULL;
  return (char *)from + header_size + (number - 1) * BROOD_TEXT_SIZE;
}

const char *brood_events_text(const struct brood_events_header *from, uint32_t number) {
  char *name = text_at(from, number);
  return name && name[0] && memchr(name, 0, BROOD_TEXT_SIZE) ? name : NULL;
}

void brood_events_name_text(uint32_t number, const char *name) {
  char *place = header ? text_at(header, number) : NULL;
  if (place && !place[0]) strncpy(place, name, BROOD_TEXT_SIZE - 1);
}

uint64_t brood_events_size(const struct brood_events_header *from) {
  return chunks_end(from) + (uint64_t)brood_events_top(from) * chunk_size;
}

void brood_events_head(const struct brood_events_header *from, uint64_t size,
  struct brood_events_header *head) {
  memcpy(head, from, sizeof *head);
  uint64_t count = size < chunks_end(from) ? 0 : (size - chunks_end(from)) / chunk_size;
  if (head->top > count) head->top = (uint32_t)count;
}

bool brood_events_are(const void *memory, uint64_t size) {
  const struct brood_events_header *from = memory;
  return size >= texts_end && from->magic == events_magic && from->layout == BROOD_EVENTS_LAYOUT &&
    from->chunk_count <= 1 << 20 && size >= chunks_end(from) && size >= brood_events_size(from);
}

// Ticks in a second, as the clocks stand now; 0 where that makes no sense, as after a reboot.
static uint64_t rate_now(const struct brood_events_header *from) {
#if defined __x86_64__
  uint64_t ns = clock_ns(CLOCK_MONOTONIC), now = __rdtsc();
  if (ns < from->zero_ns + 1000000 || now <= from->zero_ticks) return 0;
  unsigned __int128 rate =
    (unsigned __int128)(now - from->zero_ticks) * 1000000000 / (ns - from->zero_ns);
  return rate > 100000000 && rate < 20000000000 ? (uint64_t)rate : 0;
#else
  (void)from;
  return 0;
#endif
}

uint64_t brood_events_rate(const struct brood_events_header *from) {
  if (!from->ticks_per_second) return 1000000000;
  // The longer it is ago, the better the rate is known.
  uint64_t rate = rate_now(from);
  if (rate && from == header) header->ticks_per_second = rate;
  if (!rate) rate = from->ticks_per_second;
  return rate > 1 ? rate : 1000000000;
}

uint64_t brood_events_moment(
  const struct brood_events_header *from, uint64_t ticks, uint64_t rate) {
  if (!from->ticks_per_second) return ticks;
  if (ticks < from->zero_ticks || rate == 0) return from->zero_ns;
  return from->zero_ns +
    (uint64_t)((unsigned __int128)(ticks - from->zero_ticks) * 1000000000 / rate);
}

// MARK: The file

const char *brood_events_path(void) { return path[0] ? path : NULL; }

void brood_events_remove(void) {
  if (path[0]) unlink(path);
  path[0] = 0;
}
