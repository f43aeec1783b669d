// Memory that is part of the program, and how it is laid out.
#include "brood_files.h"
#include "brood_process.h"
#include "brood_sessions.h"
#include "brood_shared.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { whole = 48 << 20, page = 4096 };
static char *base;

// A descriptor that forked children keep, so that others can read the memory by any process of the
// session; -1 where none is to be had, and then they cannot.
static int open_memory(void) {
  enum { number = BROOD_SESSION_DESCRIPTOR };  // beside that of values, see slots.c
  int fd = brood_memory_make("brood session", whole);
  if (fd < 0) return -1;
  return brood_move_up(fd, number);
}

// One mapping for all, since a fork copies each.
void *brood_session_memory(size_t size) {
  static size_t used = page;  // the first one says what is where
  if (!base) {
    int fd = open_memory();
    int flags = MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
    void *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED) return NULL;
    base = memory;
  }
  size = (size + page - 1) / page * page;
  if (size > whole - used) {
    errno = ENOMEM;
    return NULL;
  }
  used += size;
  return base + used - size;
}

void brood_session_publish(const void *table) {
  struct brood_session_header *header = (void *)base;
  header->table = (uint32_t)((const char *)table - base);
  header->layout = BROOD_LAYOUT;
  header->magic = brood_session_magic;
}

static char room[17 << 20] __attribute__((aligned(4096)));

void *brood_static_memory(int64_t size) {
  static bool taken;
  if (taken || size > (int64_t)sizeof room) return NULL;
  taken = true;
  return room;
}

// Takes what malloc has free below its top, some tens of kilobytes, and keeps it.
void brood_fill_holes(void) {
  static bool done;
  enum { largest = 512, step = 16, most = 4096 };  // larger holes are taken in pieces
  if (done) return;
  done = true;
  // Too large for a hole, so it comes from the top.
  void *volatile probe = malloc(64 << 10);
  uintptr_t top = (uintptr_t)probe;
  free(probe);
  int count = 0;
  for (size_t size = largest; size > 0 && top; size -= step) {
    while (count++ < most) {
      void *volatile piece = malloc(size);
      if (!piece || (uintptr_t)piece >= top) {
        free(piece);
        break;
      }
    }
  }
}

uintptr_t brood_stack_end(void) {
  pthread_attr_t attributes;
  void *end = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes)) return 0;
  if (pthread_attr_getstack(&attributes, &end, &size)) end = NULL;
  pthread_attr_destroy(&attributes);
  return (uintptr_t)end;
}
