// Signals that end the process while a line is being typed: the terminal is given back first.
#include "editor.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios modes;
static bool has_modes, brackets_pastes;
static int keyboard, screen;
static pid_t process;
static pid_t group_before;
// The signals that have the handler below.
static uint64_t caught;

void brood_editor_leave_terminal_to(int32_t group) { group_before = group; }

// Nothing here waits: the screen may be held by Ctrl-S.
static void give_back(void) {
  static const char end_of_brackets[] = "\033[?2004l", end_of_line[] = "\r\n";
  pid_t foreground = tcgetpgrp(keyboard);
  if (foreground > 0 && foreground != getpgrp()) return;
  if (has_modes) tcsetattr(keyboard, TCSANOW, &modes);
  if (group_before > 0) tcsetpgrp(keyboard, group_before);
  struct pollfd entry = {.fd = screen, .events = POLLOUT};
  if (poll(&entry, 1, 0) <= 0) return;
  if (brackets_pastes && write(screen, end_of_brackets, sizeof end_of_brackets - 1) < 0) return;
  if (write(screen, end_of_line, sizeof end_of_line - 1) < 0) return;
}

// Only async-signal-safe calls. All other signals are blocked, TTOU too.
static void die(int signal) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigset_t own;
  // Not in a forked child that is still to forget the line.
  if (getpid() == process) give_back();
  sigaction(signal, &standard, NULL);
  raise(signal);
  sigemptyset(&own);
  sigaddset(&own, signal);
  sigprocmask(SIG_UNBLOCK, &own, NULL);
}

static bool is_harmless(int signal) {
  switch (signal) {
  case SIGCHLD: case SIGCONT: case SIGURG: case SIGWINCH:
  case SIGTSTP: case SIGTTIN: case SIGTTOU: return true;
  default: return false;
  }
}

void editor_catch_deaths(void) {
  struct sigaction action = {.sa_handler = die};
  sigfillset(&action.sa_mask);
  for (int signal = 1; signal <= 64; signal++) {
    struct sigaction now;
    if (is_harmless(signal) || sigaction(signal, NULL, &now) < 0) continue;
    // What the session or the user has decided about is left alone.
    if (now.sa_flags & SA_SIGINFO || now.sa_handler != SIG_DFL) continue;
    if (sigaction(signal, &action, NULL) == 0) caught |= 1ULL << (signal - 1);
  }
}

void editor_release_deaths(void) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (; caught; caught &= caught - 1) {
    int signal = __builtin_ctzll(caught) + 1;
    struct sigaction now;
    if (sigaction(signal, NULL, &now) < 0 || now.sa_flags & SA_SIGINFO) continue;
    if (now.sa_handler == die) sigaction(signal, &standard, NULL);
  }
}

void editor_remember_terminal(void) {
  const char *bracketed = rl_variable_value("enable-bracketed-paste");
  brackets_pastes = !brood_editor_is_dumb() && bracketed && strcmp(bracketed, "on") == 0;
  keyboard = fileno(rl_instream);
  screen = fileno(rl_outstream);
  process = getpid();
  has_modes = tcgetattr(keyboard, &modes) == 0;
}
