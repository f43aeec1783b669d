// posix_spawn(3) of /bin/true and waitpid(2), 200 times, holding ARGUMENT MiB: seconds for each.
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

int main(int count, char **arguments) {
  size_t size = (size_t)atoi(count > 1 ? arguments[1] : "1") << 20;
  char *ballast = malloc(size);
  memset(ballast, 1, size);
  char *argv[] = {"/bin/true", NULL}, *envp[] = {NULL};
  double start = seconds();
  for (int i = 0; i < 200; i++) {
    pid_t pid;
    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, envp)) return 1;
    waitpid(pid, NULL, 0);
  }
  printf("%.9f\n", (seconds() - start) / 200);
  return ballast[size / 2] != 1;
}
