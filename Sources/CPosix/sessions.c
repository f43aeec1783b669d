// Looking at a session's memory, one's own or that of another.
#include "brood_sessions.h"
#include "brood_process.h"
#include "brood_shared.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

const void *brood_session_own(void) { return brood_slots_table(); }

const void *brood_session_map(int32_t fd, void **base, int64_t *size, int32_t *code) {
  *size = brood_memory_size(fd);
  if (*size < 0) {
    *code = (int32_t)*size;
    return NULL;
  }
  *base = mmap(NULL, (size_t)*size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (*base == MAP_FAILED) {
    *code = -errno;
    return NULL;
  }
  const struct brood_session_header *header = *base;
  uint64_t offset = header->table;
  if (*size > 0 && header->magic == brood_session_magic && header->layout == BROOD_LAYOUT &&
      offset + sizeof(struct table) <= (uint64_t)*size)
    return (const char *)*base + offset;
  munmap(*base, (size_t)*size);
  *code = -EPROTO;
  return NULL;
}

int32_t brood_session_open(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int32_t brood_session_top(const void *session) {
  int32_t top = ((const struct table *)session)->top;
  return top < 0 ? 0 : top > slot_count ? slot_count : top;
}

static void copy_text(char *to, const char *from, size_t size) {
  memcpy(to, from, size);
  to[size - 1] = 0;
}

static void read_wait(const struct brood_wait_cell *cell, struct brood_process_look *look) {
  look->has_wait = brood_wait_read_cell(cell, &look->wait);
  look->was_cut = !look->has_wait && brood_wait_read_cut(cell, &look->wait);
}

void brood_session_slot(const void *session, int32_t number, struct brood_process_look *look) {
  const struct table *table = session;
  const struct slot *slot = &table->slots[number];
  *look = (struct brood_process_look){
    .pid = slot->pid, .owner = slot->owner, .generation = slot->generation,
    .manager = slot->manager, .pool = slot->pool, .ending = slot->ending, .last = slot->last, .ended = slot->ended,
    .fork_text = slot->fork_text, .fork_line = slot->fork_line, .is_free = !slot->owner};
  memcpy(look->handled, slot->handled, sizeof look->handled);
  copy_text(look->name, slot->name, sizeof look->name);
  bool is_root = number + 1 == table->root_slot;
  copy_text(look->waits, is_root ? table->root_waits : slot->waits, sizeof look->waits);
  if (is_root) look->owner = 0;
  read_wait(is_root ? &table->root_wait : &slot->wait, look);
}

int32_t brood_session_root(const void *session, struct brood_process_look *look) {
  const struct table *table = session;
  int32_t number = table->root_slot - 1;
  *look = (struct brood_process_look){
    .pid = table->root, .generation = number < 0 ? 0 : table->slots[number].generation};
  copy_text(look->waits, table->root_waits, sizeof look->waits);
  if (number >= 0) memcpy(look->handled, table->slots[number].handled, sizeof look->handled);
  read_wait(&table->root_wait, look);
  return number;
}

bool brood_session_text(const void *session, uint32_t number, char *name) {
  const struct table *table = session;
  if (number == 0 || number > BROOD_TEXTS || table->texts[number - 1].state != 2) return false;
  copy_text(name, table->texts[number - 1].name, BROOD_TEXT_SIZE);
  return true;
}
