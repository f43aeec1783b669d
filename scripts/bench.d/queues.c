// The floor for queues: messages of 8 bytes through a ring in shared memory under a robust lock
// (pthread_mutexattr_setrobust(3)), from one producer to one consumer: seconds for each.
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { capacity = 1 << 20 };

struct ring {
  pthread_mutex_t lock;
  _Atomic uint64_t head, tail;
  char bytes[capacity];
};

static int put(struct ring *ring, uint64_t value) {
  struct { uint32_t size, kind; uint64_t value; } frame = {8, 0, value};
  int done = 0;
  pthread_mutex_lock(&ring->lock);
  if (ring->tail - ring->head + sizeof frame <= capacity) {
    memcpy(ring->bytes + ring->tail % capacity, &frame, sizeof frame);
    ring->tail += sizeof frame;
    done = 1;
  }
  pthread_mutex_unlock(&ring->lock);
  return done;
}

static int get(struct ring *ring, uint64_t *value) {
  int done = 0;
  pthread_mutex_lock(&ring->lock);
  if (ring->tail != ring->head) {
    memcpy(value, ring->bytes + ring->head % capacity + 8, 8);
    ring->head += 16;
    done = 1;
  }
  pthread_mutex_unlock(&ring->lock);
  return done;
}

int main(int count, char **arguments) {
  uint64_t total = count > 2 ? strtoull(arguments[2], NULL, 10) : 200000, value;
  struct ring *ring =
    mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&ring->lock, &attributes);
  if (fork() == 0) {
    for (uint64_t i = 0; i < total; i++)
      while (!put(ring, i)) {}
    _exit(0);
  }
  while (!get(ring, &value)) {}
  double start = seconds();
  for (uint64_t i = 1; i < total; i++)
    while (!get(ring, &value)) {}
  printf("%.9f\n", (seconds() - start) / (double)total);
  wait(NULL);
}
