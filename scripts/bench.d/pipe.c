// The floor for pipes: a pair of SOCK_SEQPACKET sockets for round trips, of SOCK_STREAM for large
// messages one way: seconds for each.
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void whole(int fd, char *buffer, size_t size, int sends) {
  for (size_t done = 0; done < size;) {
    ssize_t count = sends ? write(fd, buffer + done, size - done) : read(fd, buffer + done, size - done);
    if (count <= 0) _exit(1);
    done += (size_t)count;
  }
}

int main(int count, char **arguments) {
  size_t size = strtoul(arguments[1], NULL, 10);
  int turns = atoi(arguments[2]), one_way = count > 3, ends[2];
  char *buffer = malloc(size + 1);
  memset(buffer, 'x', size + 1);
  socketpair(AF_UNIX, one_way ? SOCK_STREAM : SOCK_SEQPACKET, 0, ends);
  if (fork() == 0) {
    for (int i = 0; i <= turns; i++) {
      size_t length = i == 0 ? 1 : size;
      whole(ends[1], buffer, length, 0);
      if (!one_way || i == 0 || i == turns) whole(ends[1], buffer, one_way ? 1 : length, 1);
    }
    _exit(0);
  }
  whole(ends[0], buffer, 1, 1);
  whole(ends[0], buffer, 1, 0);
  double start = seconds();
  for (int i = 0; i < turns; i++) {
    whole(ends[0], buffer, size, 1);
    if (!one_way) whole(ends[0], buffer, size, 0);
  }
  if (one_way) whole(ends[0], buffer, 1, 0);
  printf("%.9f\n", (seconds() - start) / turns);
  wait(NULL);
}
