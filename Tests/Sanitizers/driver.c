// Calls the C window with ordinary arguments and with those at its limits, for a build with address
// and undefined-behaviour sanitizers (scripts/sanitize). What a call means is tested elsewhere; here
// the sanitizers judge, and a check tells that the call has done its work at all.
#include "brood_files.h"
#include "brood_guardian.h"
#include "brood_inspect.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "brood_sessions.h"
#include "brood_shared.h"
#include "brood_signals.h"
#include "brood_slots.h"
#include "brood_socket.h"
#include "brood_waits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) {                                                             \
      fprintf(stderr, "%s:%d: not true: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
      exit(1);                                                                      \
    }                                                                               \
  } while (0)

static char directory[] = "/tmp/brood-sanitize-XXXXXX";

static void path_in(char *path, size_t size, const char *name) {
  snprintf(path, size, "%s/%s", directory, name);
}

static int32_t fork_child(void) {
  int32_t pid = brood_fork(NULL, 7);
  CHECK(pid >= 0);
  return pid;
}

// A signal, as CHLD, ends the wait.
static void await(int32_t pid, bool keep, struct brood_end *end) {
  int32_t code;
  while ((code = brood_wait_pid(pid, keep, false, end)) == -EINTR) brood_clear_attention();
  CHECK(code >= 0 && end->pid == pid);
}

static void reap(int32_t pid, int32_t code, int32_t status) {
  struct brood_end end;
  await(pid, true, &end);
  await(pid, false, &end);
  CHECK(end.code == code && end.status == status);
}

// MARK: Descriptors and messages

static void descriptors(void) {
  int32_t ends[2];
  CHECK(brood_pipe(&ends[0], &ends[1]) >= 0);
  char buffer[256];
  CHECK(brood_read_now(ends[0], buffer, sizeof buffer) == -EAGAIN);
  CHECK(brood_look(ends[0], buffer, sizeof buffer, true) == -EAGAIN);
  CHECK(brood_write_now(ends[1], "hello", 5) == 5);
  CHECK(brood_write_now(ends[1], "", 0) == 0);
  CHECK(brood_look(ends[0], buffer, sizeof buffer, true) == 5);
  CHECK(brood_look(ends[0], buffer, 0, true) <= 0);
  CHECK(brood_wait_ready(ends[0], POLLIN, false, INT64_MAX) == 1);
  CHECK(brood_wait_ready(ends[0], POLLOUT, false, brood_monotonic()) <= 0);
  int32_t file = brood_memfd("sanitize");
  CHECK(file >= 0);
  CHECK(brood_splice(ends[0], file, 4) == 4);
  CHECK(brood_read_now(ends[0], buffer, 1) == 1 && buffer[0] == 'o');
  CHECK(brood_is_sealed(file) == 0);
  CHECK(brood_seal(file) >= 0);
  CHECK(brood_is_sealed(file) == 1);
  CHECK(brood_widen_pipe(ends[1], 1 << 16) >= 0);
  CHECK(brood_widen_pipe(ends[1], INT32_MAX) < 0);
  int32_t private = brood_copy_to_private(ends[0]);
  CHECK(private >= brood_private_base());
  int32_t moved = brood_move_to_private(ends[0]);
  CHECK(moved > private);
  CHECK(brood_copy_to_private(-1) == -EBADF);
  close(private);
  close(moved);
  close(ends[1]);
  close(file);
  CHECK(brood_error_name(0) == NULL || brood_error_name(0)[0]);
  for (int32_t code = -2; code < 200; code++) brood_error_name(code);
  CHECK(brood_error_name(INT32_MAX) == NULL && brood_error_name(INT32_MIN) == NULL);
  CHECK(brood_usable_cpus() > 0);
  CHECK(brood_original_nofile() > 0);
  int32_t main = -1, slave = -1;
  CHECK(brood_open_pty(&main, &slave) >= 0);
  uint16_t rows = 0, columns = 0;
  CHECK(brood_set_window_size(main, 65535, 1) >= 0);
  CHECK(brood_window_size(slave, &rows, &columns) >= 0 && rows == 65535 && columns == 1);
  CHECK(brood_window_size(-1, &rows, &columns) == -EBADF);
  int32_t pid = fork_child();
  if (pid == 0) brood_exit_now(brood_take_terminal(slave) == 0 ? 3 : 4);
  reap(pid, CLD_EXITED, 3);
  close(main);
  close(slave);
}

static void messages(void) {
  int32_t pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  static char bytes[70000], other[70000];
  int32_t fds[256], found[256], count = 0;
  size_t total = 0;
  for (int i = 0; i < 256; i++) fds[i] = 2;
  static const size_t sizes[] = {1, 2, 4095, 4096, 65535, 65536, 69999};
  brood_widen(pair[0], 1 << 20);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    memset(bytes, (int)i, sizes[i]);
    CHECK(brood_send(pair[0], bytes, sizes[i], NULL, 0, false) >= 0);
    CHECK(brood_peek(pair[1], other, 10, found, 256, &count, &total) >= 0 && total == sizes[i]);
    CHECK(brood_receive(pair[1], other, sizeof other, found, 256, &count, &total, false) >= 0);
    CHECK(total == sizes[i] && count == 0 && memcmp(bytes, other, sizes[i]) == 0);
  }
  static const int32_t numbers[] = {1, 2, 252, 253};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    CHECK(brood_send(pair[0], bytes, 10, fds, numbers[i], true) >= 0);
    CHECK(brood_receive(pair[1], other, 5, found, 253, &count, &total, true) >= 0);
    CHECK(count == numbers[i] && total == 10);
    for (int32_t j = 0; j < count; j++) close(found[j]);
  }
  CHECK(brood_send(pair[0], bytes, 10, fds, 254, false) < 0);
  CHECK(brood_send(pair[0], bytes, 10, fds, INT32_MAX, false) < 0);
  int32_t none = -1;
  CHECK(brood_send(pair[0], bytes, 10, &none, 1, false) == -EBADF);
  CHECK(brood_receive(pair[1], other, sizeof other, found, 253, &count, &total, false) == -EAGAIN);
  CHECK(brood_limit_waits(pair[1], 1000) >= 0);
  CHECK(brood_receive(pair[1], other, sizeof other, found, 253, &count, &total, true) == -EAGAIN);
  close(pair[0]);
  CHECK(brood_receive(pair[1], other, sizeof other, found, 253, &count, &total, true) == 0);
  close(pair[1]);
}

static void sockets(void) {
  char path[200], longer[300];
  path_in(path, sizeof path, "socket");
  int32_t server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(brood_unix_bind(server, path) >= 0);
  CHECK(listen(server, 4) == 0);
  CHECK(!brood_unix_is_stale(path));
  int32_t client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(brood_unix_connect(client, path) >= 0);
  CHECK(brood_socket_peer(client) == getpid());
  CHECK(brood_socket_peer_user(client) == geteuid());
  CHECK(brood_socket_peer_user(-1) == -EBADF);
  struct sockaddr_un address;
  uint32_t size = sizeof address;
  int32_t taken = brood_accept(server, &address, &size);
  CHECK(taken >= 0);
  CHECK(brood_accept(server, &address, &size) == -EAGAIN);
  close(taken);
  close(client);
  client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(brood_connect_waiting(client, path, NULL, 0, 1000000) >= 0);
  close(client);
  close(server);
  CHECK(brood_unix_is_stale(path));
  // Names around what fits: a path may be of any length, its last name only so long.
  int32_t most_name = brood_unix_longest();
  CHECK(most_name > 50);
  for (int32_t length = 1; length < most_name + 60; length++) {
    memset(longer, 'x', sizeof longer);
    int at = snprintf(longer, sizeof longer, "%s/", directory);
    longer[at] = 'y';
    longer[at + length] = 0;
    int32_t other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int32_t code = brood_unix_bind(other, longer);
    if (at + length <= most_name) CHECK(code >= 0);
    if (length > most_name) CHECK(code == -ENAMETOOLONG);
    if (code >= 0) CHECK(unlink(longer) == 0);
    close(other);
  }
  int32_t other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(brood_unix_connect(other, "/nowhere/at/all") == -ENOENT);
  CHECK(brood_unix_replace(other, path) >= 0);
  close(other);
  unlink(path);
  enum { most = 4096 };
  struct brood_socket_entry *entries = calloc(most, sizeof *entries);
  CHECK(brood_unix_sockets(entries, most) >= 0);
  CHECK(brood_unix_sockets(entries, 0) >= 0);
  CHECK(brood_tcp_sockets(entries, most) >= 0);
  CHECK(brood_tcp_sockets(entries, 1) >= 0);
  free(entries);
}

// MARK: Shared memory

static void memory(void) {
  int32_t code = 0;
  int32_t fd = brood_memory_make("sanitize", 1 << 20);
  CHECK(fd >= 0 && brood_memory_size(fd) == 1 << 20);
  char *base = brood_memory_map(fd, 1 << 20, &code);
  CHECK(base);
  CHECK(brood_memory_commit(fd, 0, 8192) >= 0);
  CHECK(brood_memory_used(fd) >= 8192);
  memset(base, 1, 8192);
  brood_memory_release(fd, 0, 8192);
  CHECK(base[0] == 0 && base[8191] == 0);
  CHECK(brood_memory_commit(fd, -1, 10) < 0);
  CHECK(brood_memory_commit(fd, 0, 0) <= 0);
  CHECK(brood_memory_commit(fd, INT64_MAX - 1, 10) < 0);
  CHECK(brood_memory_make("sanitize", -1) < 0);
  CHECK(brood_memory_size(0) < 0);
  CHECK(!brood_memory_map(-1, 4096, &code) && code != 0);
  char *view = brood_memory_map_to_read(fd, 1 << 20, &code);
  CHECK(view && view[100] == 0);
  brood_memory_unmap(view, 1 << 20);
  brood_memory_unmap(base, 1 << 20);
  // Claims around their number.
  int32_t lease = brood_lease_make(fd), second = brood_lease_make(fd);
  CHECK(lease >= 0 && second >= 0);
  CHECK(brood_lease_claim(lease, 0) == -EAGAIN);
  CHECK(brood_lease_claim(lease, 1) == 0);
  CHECK(brood_lease_claim(second, 1) == -EAGAIN);
  CHECK(brood_lease_claim(second, 2) == 1);
  close(lease);
  close(second);
  close(fd);
  uint32_t *words = brood_session_memory(4096);
  CHECK(words);
  int32_t bell = brood_bell_make(), edge = brood_edge_make(bell);
  CHECK(bell >= 0 && edge >= 0);
  uint8_t ready[2] = {0, 0};
  int32_t both[2] = {bell, edge};
  CHECK(brood_wait_readable(both, 2, ready, brood_monotonic()) == 0);
  brood_bell_ring(bell);
  CHECK(brood_wait_readable(both, 2, ready, INT64_MAX) == 2 && ready[0] && ready[1]);
  brood_bell_silence(bell);
  close(edge);
  close(bell);
  brood_word_sleep(words, 1, INT64_MAX);
  brood_word_sleep(words, 0, 1000);
  brood_word_wake(words);
}

// A lock that processes take, die in, and repair.
static void locks(void) {
  struct shared {
    uint32_t lock;
    uint32_t count, repairs;
  } *shared = brood_session_memory(sizeof *shared);
  CHECK(shared);
  CHECK(brood_lock(&shared->lock, INT64_MAX) == 0);
  CHECK(brood_lock_holder(&shared->lock) == getpid());
  brood_unlock(&shared->lock);
  enum { processes = 8, rounds = 300 };
  int32_t pids[processes];
  for (int i = 0; i < processes; i++) {
    pids[i] = fork_child();
    if (pids[i]) continue;
    for (int j = 0; j < rounds; j++) {
      int32_t code = brood_lock(&shared->lock, INT64_MAX);
      if (code < 0) brood_exit_now(2);
      if (code == 1) shared->repairs++;
      shared->count++;
      // Half of them die while they hold it.
      if (i % 2 && j == rounds / 2) raise(SIGKILL);
      brood_unlock(&shared->lock);
    }
    brood_exit_now(0);
  }
  for (int i = 0; i < processes; i++) {
    reap(pids[i], i % 2 ? CLD_KILLED : CLD_EXITED, i % 2 ? SIGKILL : 0);
  }
  int32_t last = brood_lock(&shared->lock, INT64_MAX);
  CHECK(last >= 0);
  brood_unlock(&shared->lock);
  CHECK(shared->repairs + (uint32_t)last == processes / 2);
  CHECK(shared->count == processes / 2 * rounds + processes / 2 * (rounds / 2 + 1));
  // One that does not come back in time.
  int32_t pid = fork_child();
  if (pid == 0) {
    brood_lock(&shared->lock, INT64_MAX);
    brood_word_wake(&shared->count);
    shared->repairs = 100;
    for (;;) pause();
  }
  while (brood_load32(&shared->repairs) != 100) usleep(1000);
  brood_raise_attention();
  CHECK(brood_lock(&shared->lock, INT64_MAX) == -EINTR);
  brood_clear_attention();
  CHECK(brood_lock(&shared->lock, brood_monotonic() + 1000000) == -ETIMEDOUT);
  kill(pid, SIGKILL);
  reap(pid, CLD_KILLED, SIGKILL);
  CHECK(brood_lock(&shared->lock, INT64_MAX) == 1);
  brood_unlock(&shared->lock);
}

// MARK: The table of processes

static void slots(void) {
  char name[300];
  memset(name, 'n', sizeof name);
  CHECK(brood_slots_limit() > 0);
  brood_slots_set_limit(3);
  int32_t taken[3];
  for (int i = 0; i < 3; i++) CHECK((taken[i] = brood_slot_reserve(false)) >= 0);
  CHECK(brood_slot_reserve(false) == -EDQUOT);
  CHECK(brood_slots_first_report() && !brood_slots_first_report());
  brood_slots_rearm();
  for (int i = 0; i < 3; i++) brood_slot_free(taken[i]);
  brood_slots_set_limit(1000);
  static const size_t sizes[] = {0, 1, 38, 39, 40, 63, 64, 65, 299};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int32_t slot = brood_slot_reserve(false);
    CHECK(slot >= 0 && slot < brood_slots_top());
    brood_slot_name(slot, name, sizes[i]);
    brood_slot_work(slot, name, sizes[i]);
    int32_t pid = fork_child();
    if (pid == 0) {
      brood_slot_take(slot);
      brood_slot_sleeps(name, sizes[i]);
      char maker[40];
      if (brood_slot_maker(maker) != getppid() || !brood_own_name()) brood_exit_now(9);
      static char value[100000];
      if (brood_slot_write(slot, value, sizeof value, 0) < 0) brood_exit_now(8);
      if (brood_slot_write(slot, value, 1, SIZE_MAX) >= 0) brood_exit_now(7);
      brood_slot_publish(slot, sizeof value);
      struct brood_wait wait = {.verb = 3, .since = brood_monotonic(), .deadline = INT64_MAX};
      wait.text = brood_text_number(name, sizes[i]);
      wait.line = UINT32_MAX;
      for (int j = 0; j < BROOD_WAIT_TARGETS; j++) {
        wait.kinds[j] = (uint32_t)j + 1;
        wait.ids[j] = UINT64_MAX;
      }
      brood_wait_begin(&wait);
      brood_exit_now(0);
    }
    brood_slot_fill(slot, pid);
    struct brood_end end;
    await(pid, true, &end);
    struct brood_slot_entry entry = brood_slot_entry(slot);
    CHECK(entry.pid == pid && strlen(entry.name) < sizeof entry.name);
    struct brood_wait wait;
    brood_wait_read(slot, &wait);
    CHECK(brood_slot_size(slot) == 100001);
    char bytes[16];
    CHECK(brood_slot_read(slot, bytes, 16, 99984) >= 0);
    CHECK(brood_slot_holds(slot, pid) && brood_slot_occupied(slot));
    brood_slot_end(slot, 0, 255);
    reap(pid, CLD_EXITED, 0);
    brood_slot_free(slot);
    int32_t ended = 0;
    int64_t when = 0;
    CHECK(brood_slot_ending(slot, &ended, &when) == 1001 + 255 && ended == pid);
  }
  for (int i = 0; i < BROOD_TEXTS + 10; i++) {
    int length = snprintf(name, sizeof name, "text %d", i);
    brood_text_number(name, (size_t)length);
  }
  // The memory as others see it.
  const void *own = brood_session_own();
  CHECK(own);
  for (int32_t i = -1; i <= brood_session_top(own); i++) {
    struct brood_process_look look;
    brood_session_slot(own, i, &look);
  }
  struct brood_process_look root;
  brood_session_root(own, &root);
  char text[BROOD_TEXT_SIZE];
  CHECK(brood_session_text(own, 1, text));
  CHECK(!brood_session_text(own, 0, text) && !brood_session_text(own, UINT32_MAX, text));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", BROOD_SESSION_DESCRIPTOR);
  int32_t fd = brood_session_open(path);
  CHECK(fd >= 0);
  void *base = NULL;
  int64_t size = 0;
  int32_t code = 0;
  const void *mapped = brood_session_map(fd, &base, &size, &code);
  CHECK(mapped && size > 0);
  brood_session_slot(mapped, 0, &root);
  brood_memory_unmap(base, (size_t)size);
  close(fd);
  // Files that are no session's memory: torn, empty, of another layout.
  static const size_t wrong[] = {0, 1, 8, 100, 4095, 4096, 4097, 1 << 20};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    for (int filled = 0; filled < 2; filled++) {
      int32_t file = brood_memfd("no session");
      CHECK(ftruncate(file, (off_t)wrong[i]) == 0);
      if (filled) {
        char page[4096];
        memset(page, 0xA5, sizeof page);
        CHECK(pwrite(file, page, wrong[i] < 4096 ? wrong[i] : 4096, 0) >= 0);
      }
      brood_seal(file);
      CHECK(!brood_session_map(file, &base, &size, &code) && code < 0);
      close(file);
    }
  }
}

// MARK: Processes

static void processes(void) {
  char *arguments[] = {"sh", "-c", "exit 7", NULL};
  char *environment[] = {"A=b", NULL};
  int32_t moves[] = {1, 5, 2, 6};
  struct brood_spawn request = {
    .path = "/bin/sh", .directory = "/", .arguments = arguments, .environment = environment,
    .moves = moves, .move_count = 2, .group = 0, .terminal = -1};
  int32_t pidfd = -1;
  int32_t pid = brood_spawn(&request, &pidfd);
  CHECK(pid > 0 && pidfd >= 0);
  struct brood_end end;
  CHECK(brood_wait_pidfd(pidfd, true, false, &end) >= 0 && end.status == 7);
  CHECK(brood_wait_child(pid, false, INT64_MAX, &end) == pid && end.status == 7);
  close(pidfd);
  request.path = "/nowhere";
  CHECK(brood_spawn(&request, &pidfd) == -ENOENT);
  request.path = "/bin/sh";
  request.directory = "/nowhere";
  CHECK(brood_spawn(&request, &pidfd) < 0);
  request.directory = NULL;
  moves[0] = 12345;
  CHECK(brood_spawn(&request, &pidfd) == -EBADF);
  CHECK(brood_wait_child(0, false, brood_monotonic(), &end) <= 0);
  CHECK(brood_wait_any(&end) <= 0 || end.pid == 0);
  pid = fork_child();
  if (pid == 0) {
    raise(SIGSTOP);
    brood_exit_now(1);
  }
  for (end.pid = 0; end.pid != pid;) CHECK(brood_next_stop(&end) >= 0);
  CHECK(end.code == CLD_STOPPED);
  pidfd = brood_pidfd_open(pid);
  CHECK(pidfd >= brood_private_base());
  int32_t nice = 0;
  CHECK(brood_set_nice(pid, 5) >= 0 && brood_get_nice(pid, &nice) >= 0 && nice == 5);
  CHECK(!brood_has_ended(pid));
  CHECK(brood_pidfd_signal(pidfd, SIGKILL) >= 0);
  reap(pid, CLD_KILLED, SIGKILL);
  CHECK(brood_has_ended(pid));
  CHECK(brood_pidfd_signal(pidfd, 0) == -ESRCH);
  close(pidfd);
  CHECK(brood_pidfd_open(pid) == -ESRCH);
  pid = fork_child();
  if (pid == 0) {
    char *words[] = {"sh", "-c", "kill -TERM $$", NULL};
    brood_exec("/bin/sh", words, environment, 0, 0);
    brood_exit_now(1);
  }
  reap(pid, CLD_KILLED, SIGTERM);
  brood_clear_attention();
  CHECK(brood_exec("/nowhere", arguments, environment, 0, 0) == -ENOENT);
  int32_t count = 0;
  CHECK(brood_arguments(&count) && count >= 1 && brood_environment());
  const uint8_t *id = NULL;
  brood_build_id(&id);
  CHECK(brood_stack_end() < (uintptr_t)&id);
}

static void signals(void) {
  CHECK(brood_signal_set(SIGUSR1, brood_disposition_record, false) >= 0);
  CHECK(brood_signal_get(SIGUSR1) == brood_disposition_record);
  CHECK(brood_signal_set(0, brood_disposition_record, false) == -EINVAL);
  CHECK(brood_signal_set(65, brood_disposition_record, false) == -EINVAL);
  CHECK(brood_signal_set(SIGKILL, brood_disposition_record, false) == -EINVAL);
  CHECK(brood_wake_fd() >= 0);
  for (int i = 0; i < 1000; i++) raise(SIGUSR1);
  CHECK(brood_attention_pending());
  brood_clear_attention();
  CHECK(brood_signals_take() >> (SIGUSR1 - 1) & 1);
  int32_t sender = 0;
  CHECK(brood_signal_take(SIGUSR1, &sender) == 1000 && sender == getpid());
  CHECK(brood_signal_take(SIGUSR1, &sender) == 0);
  brood_wake_drain();
  uint64_t old = 0;
  CHECK(brood_mask(SIG_BLOCK, 1ULL << (SIGUSR2 - 1), &old) >= 0);
  raise(SIGUSR2);
  CHECK(brood_pending() >> (SIGUSR2 - 1) & 1);
  CHECK(brood_wait_signal(1ULL << (SIGUSR2 - 1), 0, &sender) == SIGUSR2);
  CHECK(brood_wait_signal(1ULL << (SIGUSR2 - 1), 1000, &sender) == -EAGAIN);
  CHECK(brood_mask(SIG_SETMASK, old, &old) >= 0);
  int32_t fd = brood_signalfd(UINT64_MAX);
  CHECK(fd >= 0);
  close(fd);
  CHECK(brood_attention_timer(brood_monotonic() + 1000000) >= 0);
  while (!brood_attention_pending()) usleep(100);
  brood_clear_attention();
  CHECK(brood_attention_timer(0) >= 0);
  CHECK(brood_alarm(INT64_MAX) >= 0 && brood_alarm_is_pending());
  CHECK(brood_alarm(0) > 0 && !brood_alarm_is_pending());
  int32_t ends[2];
  CHECK(brood_pipe(&ends[0], &ends[1]) >= 0);
  CHECK(brood_signal_set(brood_io_signal(), brood_disposition_record, false) >= 0);
  CHECK(brood_signal_when_ready(ends[0]) >= 0);
  CHECK(write(ends[1], "x", 1) == 1);
  CHECK(brood_silence(ends[0]) >= 0);
  close(ends[0]);
  close(ends[1]);
  CHECK(brood_signals_end(UINT64_MAX) != 1);
}

// MARK: Looking

static void looks(void) {
  char small[1], buffer[70000];
  CHECK(brood_proc_read(getpid(), "stat", buffer, sizeof buffer) > 10);
  brood_proc_read(getpid(), "stat", small, sizeof small);
  CHECK(brood_proc_read(0, "uptime", buffer, sizeof buffer) > 0);
  CHECK(brood_proc_read(INT32_MAX, "stat", buffer, sizeof buffer) < 0);
  char long_name[500];
  memset(long_name, 'x', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = 0;
  CHECK(brood_proc_read(getpid(), long_name, buffer, sizeof buffer) < 0);
  CHECK(brood_proc_link(getpid(), "cwd", buffer, sizeof buffer) > 0);
  CHECK(brood_proc_link(getpid(), "cwd", small, sizeof small) <= 1);
  CHECK(brood_proc_link(getpid(), long_name, buffer, sizeof buffer) < 0);
  int32_t pids[10000];
  int32_t all = brood_proc_pids(pids, 10000);
  CHECK(all > 0 && brood_proc_pids(pids, 1) > 0 && brood_proc_pids(pids, 0) > 0);
  struct brood_fd_entry entries[512];
  CHECK(brood_proc_fds(getpid(), entries, 512) > 2);
  CHECK(brood_proc_fds(getpid(), entries, 1) > 2);
  CHECK(brood_proc_fds(INT32_MAX, entries, 1) < 0);
  uint32_t *shared = brood_session_memory(8192);
  struct brood_mapping found;
  CHECK(brood_proc_mapping(getpid(), (uint64_t)(uintptr_t)shared, &found) == 1 && found.is_shared);
  CHECK(brood_proc_mapping(getpid(), 0, &found) == 0);
  CHECK(brood_proc_mapping(getpid(), UINT64_MAX, &found) <= 1);
  uint64_t address = 0;
  brood_proc_mapping(getpid(), (uint64_t)(uintptr_t)shared, &found);
  CHECK(brood_proc_maps(getpid(), found.device, found.inode, found.offset, &address) == 1);
  CHECK(brood_proc_maps(getpid(), found.device, found.inode, UINT64_MAX, &address) <= 1);
  shared[0] = 77;
  uint32_t value = 0;
  CHECK(brood_read_memory(getpid(), (uint64_t)(uintptr_t)shared, &value, sizeof value) == 4);
  CHECK(value == 77);
  CHECK(brood_read_memory(getpid(), 1, &value, sizeof value) < 0);
  CHECK(brood_sched_on(0, buffer, sizeof buffer) != 0);
  brood_sched_on(INT32_MAX, buffer, sizeof buffer);
  brood_sched_on(-1, buffer, sizeof buffer);
  brood_share_memory(getpid(), getppid());
  char path[200];
  path_in(path, sizeof path, "fifo");
  CHECK(mkfifo(path, 0600) == 0);
  uint64_t device = 0, inode = 0;
  CHECK(brood_named_pipe(path, &device, &inode) == 1 && inode != 0);
  CHECK(brood_named_pipe("/", &device, &inode) == 0);
  CHECK(brood_named_pipe("/nowhere", &device, &inode) < 0);
  unlink(path);
  CHECK(brood_find("abcabd", 6, "abd", 3) == 3);
  CHECK(brood_find("abc", 3, "abcd", 4) == -1 && brood_find("", 0, "x", 1) == -1);
  CHECK(brood_find("abc", 3, "", 0) <= 0);
  CHECK(brood_syscall_name(0) && !brood_syscall_name(-1) && !brood_syscall_name(INT64_MAX));
  CHECK(brood_semaphore_user(-1, 0) < 0);
  int32_t epoll = brood_epoll_create();
  CHECK(epoll >= 0);
  struct brood_event events[4];
  CHECK(brood_epoll_wait(epoll, events, 4, 0) == 0);
  int32_t bell = brood_bell_make();
  CHECK(brood_epoll_set(epoll, true, bell, brood_ready_read, UINT64_MAX) >= 0);
  CHECK(brood_epoll_set(epoll, true, bell, brood_ready_read, 1) == -EEXIST);
  brood_bell_ring(bell);
  CHECK(brood_epoll_wait(epoll, events, 4, -1) == 1 && events[0].key == UINT64_MAX);
  CHECK(brood_epoll_remove(epoll, bell) >= 0 && brood_epoll_remove(epoll, bell) < 0);
  close(bell);
  close(epoll);
}

// MARK: Marks and the guardian

static void guardian(void) {
  for (int32_t pid = 1; pid < 1 << 22; pid = pid * 3 + 1) {
    struct brood_mark plan = brood_mark_plan(UINT64_MAX, pid, (uint64_t)pid * 0x9E3779B97F4A7C15);
    for (int depth = 0; depth < 4 && plan.level >= 0; depth++) {
      plan = brood_mark_plan(plan.value, pid, UINT64_MAX);
    }
  }
  brood_mark_plan(0, INT32_MAX, 0);
  brood_mark_plan(INT64_MAX, INT32_MIN, UINT64_MAX);
  brood_mark_with_part(UINT64_MAX, UINT32_MAX);
  brood_mark_part(UINT64_MAX);
  brood_mark_start();
  brood_mark_make_unique();
  int32_t pidfd = -1, pids[64];
  int32_t pid = brood_guardian_start(&pidfd);
  CHECK(pid > 0);
  brood_slots_set_guardian(pid);
  brood_mark_members(0, pids, 64);
  brood_mark_members(0, pids, 0);
  brood_mark_strays(pids, 64);
  int32_t child = fork_child();
  if (child == 0) for (;;) pause();
  brood_guardian_know(child, 1);
  brood_guardian_unknow(child);
  char path[200], name[32];
  int32_t numbers[40];
  for (int i = 0; i < 40; i++) {
    snprintf(name, sizeof name, "guarded%d", i);
    path_in(path, sizeof path, name);
    numbers[i] = brood_guardian_announce(path);
    if (numbers[i] < 0) continue;
    int32_t socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(brood_unix_bind(socket_fd, path) >= 0);
    close(socket_fd);
    CHECK(brood_guardian_confirm(numbers[i]) >= 0);
  }
  brood_guardian_unlink(numbers[0]);
  brood_guardian_forget(numbers[1]);
  brood_guardian_forget(-1);
  brood_guardian_unlink(INT32_MAX);
  brood_guardian_confirm(-1);
  char longest[5000];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  brood_guardian_announce(longest);
  brood_guardian_unlink_all();
  path_in(path, sizeof path, "guarded2");
  CHECK(access(path, F_OK) < 0);
  path_in(path, sizeof path, "guarded1");
  CHECK(unlink(path) == 0);
  brood_guardian_end_rest(pid, 1000000000);
  reap(child, CLD_KILLED, SIGKILL);
  kill(pid, SIGKILL);
  struct brood_end end;
  await(pid, false, &end);
  close(pidfd);
  int32_t group = brood_forwarder_start(0);
  CHECK(group > 0 && brood_forwarder_group() == group && brood_forwarder() > 0);
  brood_forwarder_settle(1000000);
  brood_forwarder_end();
  CHECK(brood_forwarder_group() == 0);
}

// A process whose parent was killed counts from the fork on: until it tells its pid, and then by that.
static void births(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  int32_t parent = fork_child();
  if (parent == 0) {
    int32_t told[2] = {brood_slot_reserve(false), 0};
    if (told[0] < 0) brood_exit_now(9);
    told[1] = fork_child();
    if (told[1] == 0) {
      // Longer than any process counts without a look.
      const struct timespec late = {1, 400000000};
      nanosleep(&late, NULL);
      brood_slot_take(told[0]);
      for (;;) pause();
    }
    if (write(ends[1], told, sizeof told) != sizeof told) brood_exit_now(8);
    brood_exit_now(0);
  }
  close(ends[1]);
  int32_t told[2];
  CHECK(read(ends[0], told, sizeof told) == sizeof told);
  reap(parent, CLD_EXITED, 0);
  bool hasTold = false;
  for (int64_t end = brood_monotonic() + 20000000000; !hasTold && brood_monotonic() < end;) {
    hasTold = brood_slot_occupant(told[0]) != 0;
    CHECK(hasTold || brood_slot_begins(told[0]));
  }
  CHECK(hasTold && brood_slot_occupant(told[0]) == told[1]);
  kill(told[1], SIGKILL);
  brood_slot_free(told[0]);
  close(ends[0]);
}

int main(void) {
  CHECK(mkdtemp(directory));
  brood_signals_start();
  CHECK(brood_files_start() >= 0);
  CHECK(brood_slots_start() >= 0);
  descriptors();
  messages();
  sockets();
  memory();
  locks();
  slots();
  processes();
  signals();
  looks();
  guardian();
  births();
  CHECK(rmdir(directory) == 0);
  puts("nothing found");
  return 0;
}
