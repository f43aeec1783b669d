import Language
import Posix
import Session

/// `brood run`: the command `pool run`, called from another shell.
public enum RunLine {
  /// The only command that is needed, so that nothing else is set up.
  public static let table = CommandTable([CommandFamily("Pools", [RunCommand.command])])

  /// A flag, for completions.
  public struct Option: Sendable {
    /// Its spelling: `--jobs` or `-j`.
    public let name: String
    /// A word for its value; nil for a switch.
    public let argument: String?
    public let choices: [String]
    public let takesFiles: Bool
    public let summary: String
  }

  /// One-letter spellings of flags.
  private static let short = ["j": "jobs", "n": "max-inputs", "X": "fill", "0": "null"]
  /// Flags that make sense only in Brood's own language.
  private static let hidden = ["inputs"]

  private static var flags: [Flag] {
    RunCommand.command.flags.filter { !hidden.contains($0.name) }
  }

  /// What may stand in front of the program.
  public static var options: [Option] {
    let long = flags.map { flag in
      var choices: [String] = []
      var takesFiles = false
      switch flag.type?.completion {
      case .choices(let words)?: choices = words
      case .file?, .directory?: takesFiles = true
      default: break
      }
      return Option(
        name: "--\(flag.name)", argument: flag.type?.name, choices: choices,
        takesFiles: takesFiles, summary: flag.summary)
    }
    let letters = short.sorted { $0.key > $1.key }.compactMap { letter, name -> Option? in
      guard let flag = flags.first(where: { $0.name == name }) else { return nil }
      return Option(
        name: "-\(letter)", argument: flag.type?.name, choices: [], takesFiles: false,
        summary: flag.summary)
    }
    let help = Option(
      name: "--help", argument: nil, choices: [], takesFiles: false,
      summary: "explain it with examples")
    return letters + long + [help]
  }

  /// Runs what a command line says; prints the help if it asks for that.
  ///
  /// - Parameter line: the words behind `brood run`.
  public static func run(_ line: [String], _ interpreter: Interpreter) throws {
    try JournalFlags.markingUsage {
      guard let (flags, words) = try split(line) else { return try interpreter.write(help) }
      guard let program = words.first, !program.hasPrefix(":::") else {
        throw wrong("'brood run' needs a program", "as: brood run -j 4 -- gzip ::: a.txt b.txt")
      }
      _ = try interpreter.invoke(RunCommand.command, flags: flags, words: values(words))
    }
  }

  /// The last words of the process's command line as values: bytes where they are not UTF-8.
  private static func values(_ words: [String]) -> [Value] {
    guard words.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else {
      return words.map { .text($0) }
    }
    return Process.arguments.suffix(words.count).map { TaskInput.value($0) }
  }

  private static func wrong(_ message: String, _ help: String) -> ErrorObject {
    ErrorObject(.arity, message, help: help)
  }

  /// Flags, and the words from the program on; nil if help is wanted.
  private static func split(
    _ line: [String]
  ) throws -> (flags: [(name: String, word: String?)], words: [String])? {
    var found: [(name: String, word: String?)] = []
    var rest = line[...]
    while let word = rest.first, word.hasPrefix("-"), word != "-" {
      rest.removeFirst()
      if word == "--" { break }
      if word == "--help" || word == "-h" { return nil }
      var (name, value) = try word.hasPrefix("--") ? long(word) : letter(word)
      guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(word, name) }
      if flag.type == nil, value != nil { throw wrong("the flag '--\(name)' takes no value", see) }
      if flag.type != nil, value == nil {
        guard let next = rest.popFirst() else {
          throw wrong("the flag '\(word)' needs a value", see)
        }
        value = next
      }
      found.append((name, value))
    }
    return (found, Array(rest))
  }

  private static let see = "see: brood run --help"

  private static func long(_ word: String) -> (name: String, value: String?) {
    let parts = word.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
  }

  /// `-j`, `-j4` or `-j=4`.
  private static func letter(_ word: String) throws -> (name: String, value: String?) {
    let letter = word.dropFirst().prefix(1)
    guard let name = short[String(letter)] else { throw unknown(word, "") }
    let value = word.dropFirst(2)
    if value.isEmpty { return (name, nil) }
    return (name, String(value.hasPrefix("=") ? value.dropFirst() : value))
  }

  /// What letters of xargs and GNU parallel are here.
  private static let habits = [
    "P": "-j N is how many run at a time",
    "k": "outputs stand in the order of the inputs anyway; --unordered shows them as they come",
    "I": "{} is the place for an input, and {{}} a literal {}",
    "i": "{} is the place for an input, and {{}} a literal {}",
    "a": "--file FILE reads the inputs from a file, as does :::: FILE behind the program",
    "L": "-n N gives each call so many inputs, each a line",
  ]

  /// Flags of GNU parallel that are missing still.
  private static let later: Set = ["bar", "eta", "joblog", "colsep", "pipe", "delay", "load"]

  private static func unknown(_ word: String, _ name: String) -> ErrorObject {
    if let hint = habits[String(word.dropFirst().prefix(1))], !word.hasPrefix("--") {
      return wrong("'brood run' has no flag '\(word)'", hint)
    }
    if later.contains(name) {
      return wrong("'brood run' has no flag '\(word)' yet", "a later version has it")
    }
    let near = name.isEmpty ? nil : nearest(name, among: flags.map(\.name) + ["help"])
    return wrong(
      "'brood run' has no flag '\(word)'",
      near.map { "did you mean '--\($0)'?" }
        ?? "flags of the program stand behind its name; \(see)")
  }

  // MARK: Help

  /// What `brood run --help` prints.
  static var help: String {
    let rows = options.filter { $0.name.hasPrefix("--") }.map { option in
      let letter = short.first { "--\($0.value)" == option.name }.map { "-\($0.key), " } ?? ""
      return (
        letter + option.name + (option.argument.map { " \($0.uppercased())" } ?? ""),
        option.summary
      )
    }
    return teaching + "\nFlags\n" + HelpText.columns(rows)
  }

  private static let teaching = """
    usage: brood run [-j N] [FLAGS] [--] PROGRAM [ARGS…] [::: INPUTS… | :::: FILES…]

    Runs a program for each of many inputs, as many at a time as there are CPUs. The inputs stand
    behind ':::', or are the lines of the files behind '::::' or of standard input. Outputs are shown
    whole, in the order of the inputs.

      brood run -- gzip -k ::: *.log
      ls *.wav | brood run -j 2 -- flac {} -o {.}.flac
      find . -name '*.tmp' -print0 | brood run --null -- rm -v
      brood run --dry-run -- mv {} {/.}.bak ::: *.txt

    {} is the input, {.} without extension, {/} its last part, {//} its directory, {/.} its last
    part without extension, {#} its number, {%} the number of its place, {{}} a literal {}. Without
    any of them the input is appended. Each word stays one argument, whatever is in it; where a shell
    is needed:

      brood run -- sh -c 'sort "$1" | uniq -c' sh {} ::: a.txt b.txt

    Several inputs go to each call with -n N, as many as fit with -X:

      find . -type f -print0 | brood run -0 -X -- sha256sum

    What takes too long is ended with all that it has started; what fails is tried again:

      brood run --timeout 1m --retries 3 --backoff 1s --file urls.txt -- curl -sO

    --results DIR keeps outputs and records in files. DIR must be new or empty, so that old results
    are never taken for new ones; with a journal the run goes on in it:

      brood run --results out -- sh -c 'sort "$1" | uniq -c' sh {} ::: a.txt b.txt

    With a journal a run that was interrupted goes on where it was, by what the tasks are and not by
    their numbers, and says what it leaves out and why:

      brood run --journal jobs.log -- ./simulate ::: $(seq 1000)
      brood run --journal jobs.log --rerun missing -- ./simulate ::: $(seq 1000)
      brood run --journal jobs.log --rerun failed --retries 2 -- ./simulate ::: $(seq 1000)

    Ctrl-C and TERM end all that runs, Ctrl-Z stops it; HUP lets it end and starts no more, USR1 has
    it tell how far it is. The exit status is 0 if all succeeded, 1 if some failed,
    2 for a wrong command line, 124 if all that failed took too long, 130 after Ctrl-C.

    """
}
