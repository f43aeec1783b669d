import Commands
import Language

/// Brood's own command line, and the text of its help.
enum BroodLine {
  static let line = CommandLine(
    "brood", "A shell for raising processes",
    flags: [
      Flag(letter: "c", .text, "run TEXT; $args are the ARGS"),
      Flag(
        "check", ParameterType.path.named("file"),
        "report errors and warnings of files without running them"),
      Flag(
        "completions", ParameterType.choice(["bash", "fish", "zsh"]).named("shell"),
        "print completions of this command line for a shell"),
      Flag("record", ParameterType.path.named("file"), "record what the script does: help record"),
      Flag("version", nil, "show the version and the commit"),
    ], extent: .first)

  /// The text of `--help`.
  static var help: String {
    """
    Brood, a shell for raising processes.

      brood                      a prompt; a script if standard input is no terminal
      brood FILE [ARGS]          run a script (write ./run for a file called run)
      brood -c TEXT [ARGS]       run a text
      brood --check FILE…        report its errors and warnings, and run nothing
      brood run -- PROGRAM ARGS  run a program for each of many inputs: brood run --help
      brood sem -- PROGRAM ARGS  run a program while it holds a semaphore: brood sem --help
      brood why PID…             why processes do not go on: brood why --help
      brood who THING            which processes have a file, a pipe, a port
      brood deadlock [PID…]      which processes hold each other up
      brood tree [PID]           a process and its descendants
      brood sessions             which sessions of Brood run
      brood attach [PID]         a prompt in one of them: brood attach --help
      brood blackbox [N]         what a session has left that ended badly
      brood timeline FILE        a recording as a chart: brood timeline --help


    """ + HelpText.flags(line, column: 29) + """

      Exit status: 0, 1 after an error, 2 for a text with mistakes or a wrong command line, 130
      after Ctrl-C, or what `exit` said. Commands and the language: type `help` at the prompt.

      BROOD_STUCK=report: a script tells when processes can never go on; throw: it ends such a deadlock
      by an error; off: it tells nothing of waits, as that it is at its end and waits for children.
      BROOD_WARNINGS=off: a script at a terminal does not tell what --check would warn of.

      Files of the prompt:
        ~/.config/brood/init.brood    runs at its start; $XDG_CONFIG_HOME in place of ~/.config
        ~/.local/state/brood/history  what was typed; $XDG_STATE_HOME in place of ~/.local/state
        ~/.inputrc                    keys, between `$if brood` and `$endif` for Brood alone

      """
  }
}
