// fork(2), _exit(2) and waitpid(2), 300 times: seconds for each.
#include "bench.h"

int main(void) {
  double start = seconds();
  for (int i = 0; i < 300; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, NULL, 0);
  }
  printf("%.9f\n", (seconds() - start) / 300);
}
