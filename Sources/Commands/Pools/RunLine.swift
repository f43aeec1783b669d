import Language
import Posix
import Session
import ShellHost

/// `brood run`: the command `pool run`, or `pool tasks`, called from another shell.
public enum RunLine {
  /// The only commands that are needed, so that nothing else is set up.
  public static let table = CommandTable([
    CommandFamily("Pools", [RunCommand.command, TasksCommand.command])
  ])

  /// What may stand behind `brood run`.
  public static let line = CommandLine(
    "brood run", "Run a program for each of many inputs",
    operands: "[-j N] [FLAGS] [--] PROGRAM [ARGS…] [::: INPUTS… | :::: FILES…]", details: teaching,
    flags: RunCommand.command.flags.filter { !hidden.contains($0.name) } + others,
    parameters: RunCommand.command.parameters.map { Parameter($0.name, $0.type, $0.arity) },
    rules: RunCommand.command.rules, extent: .program, advice: advice)

  /// Flags that make sense only in Brood's own language.
  private static let hidden = ["inputs"]
  /// Flags that make it another command.
  private static let others = [TasksLine.only] + FromCommandLine.flags

  /// Runs what a command line says; prints the help if it asks for that.
  ///
  /// - Parameter words: those behind `brood run`.
  public static func run(_ words: [String], _ interpreter: Interpreter) throws {
    try JournalFlags.markingUsage(hasInputs: true) {
      let host = interpreter.host as? BroodHost
      if let text = try FromCommandLine.text(words, environment: host?.environmentEntries ?? []) {
        return try interpreter.write(text)
      }
      if TasksLine.isMeant(words) { return try TasksLine.run(words, interpreter) }
      let reading = try line.read(words)
      if reading.wantsHelp { return try interpreter.write(HelpText.page(line)) }
      let isShellLine = reading.has(RunProgram.shell.name)
      if !isShellLine, reading.words.first?.hasPrefix(":::") ?? true {
        throw ErrorObject(
          .arity, "'brood run' needs a program",
          help: "usage: \(line.usage); inputs that are commands are run by: brood run -- sh -c")
      }
      if let other = others.first(where: { reading.has($0.name) }) { throw misplaced(other) }
      _ = try interpreter.invoke(
        RunCommand.command, flags: reading.flags.map { ($0.flag.name, $0.word) },
        words: values(reading.words))
    }
  }

  private static func misplaced(_ flag: Flag) -> ErrorObject {
    if flag.name == TasksLine.only.name {
      return ErrorObject(
        .arity, "'--only' is for a file of tasks", help: "as: brood run --only test build.tasks")
    }
    return ErrorObject(
      .arity, "'--\(flag.name)' stands first, and all behind it is the other program's line",
      help: "as: brood run --\(flag.name) -0 gzip")
  }

  /// The last words of the process's command line as values: bytes where they are not UTF-8.
  private static func values(_ words: [String]) -> [Value] {
    guard words.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else {
      return words.map { .text($0) }
    }
    return Process.arguments.suffix(words.count).map { TaskInput.value($0) }
  }

  private static func advice(_ word: String) -> CommandLine.Advice? {
    if let text = OptionAdvice.text(word, isLine: true) { return CommandLine.Advice(text) }
    if word.hasPrefix("--") { return nil }
    return CommandLine.Advice("flags of the program stand behind its name; see: brood run --help")
  }

  // MARK: Help

  private static let teaching = """
    Runs a program for each of many inputs, as many at a time as there are CPUs. The inputs stand
    behind ':::', or are the lines of the files behind '::::' or of standard input. Outputs are shown
    whole, in the order of the inputs.

      brood run -- gzip -k ::: *.log
      ls *.wav | brood run -j 2 -- flac {} -o {.}.flac
      find . -name '*.tmp' -print0 | brood run --null -- rm -v
      brood run --dry-run -- mv {} {/.}.bak ::: *.txt

    {} is the input, {.} without extension, {/} its last part, {//} its directory, {/.} its last
    part without extension, {#} its number, {%} the number of its place, {{}} a literal {}. Without
    any of them the input is appended. Each word stays one argument, whatever is in it. --shell runs a
    line by a shell, which gets the inputs as arguments and parses nothing in them:

      brood run --shell 'sort {} | uniq -c' ::: a.txt b.txt

    Several inputs go to each call with -n N, as many as fit with -X:

      find . -type f -print0 | brood run -0 -X -- sha256sum

    Tables have columns {1} {2}, the last one is {-1}; with --header they have names:

      brood run -C '\\t' -- ./fetch {1} -o {2} :::: list.tsv
      brood run --csv-in --header -- convert {file} -resize {width} {file.}.png :::: images.csv

    --pipe gives each program a block of whole lines of standard input, or of other records:

      zcat big.gz | brood run --pipe --block 20MB -- grep -c ERROR
      brood run --pipepart genome.fa --recstart '>' -- ./align

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

    A file whose name ends in .tasks is a list of programs, each of which begins when those have
    succeeded that it needs; it is only read, as this one or as JSON:

      [[name: build, run: "make"], [name: test, run: "make test", after: [build], timeout: 5m]]

      brood run -j 4 build.tasks
      brood run --dry-run build.tasks --only test

    brood -c 'help pool tasks' has its fields. A program of such a name is run by: brood run -- FILE.

    What a line of xargs or GNU parallel is here is printed, with remarks on what differs:

      brood run --from-xargs -0 -P4 -I% cp % %.bak
      brood run --from-parallel -j4 --timeout 10 'gzip -9 {}' ::: *.txt

    Ctrl-C and TERM end all that runs, Ctrl-Z stops it; HUP lets it end and starts no more, USR1 has
    it tell how far it is. The exit status is 0 if all succeeded, 1 if some failed,
    2 for a wrong command line, 124 if all that failed took too long, 130 after Ctrl-C.

    """
}

/// `brood run FILE.tasks`: the command `pool tasks`, called from another shell.
enum TasksLine {
  static let only = Flag(
    "only", TasksCommand.names, "of a file of tasks, run these and what they need",
    isRepeatable: true)

  private static let line = CommandLine(
    "brood run", TasksCommand.command.summary, operands: "[FLAGS] FILE.tasks [--only NAME…]",
    flags: TasksCommand.command.flags,
    parameters: [Parameter("file", .any, .required), Parameter("name", .any, .rest)],
    rules: TasksCommand.command.rules, advice: advice)

  private static func advice(_ word: String) -> CommandLine.Advice? {
    let name = word.dropFirst(2).prefix { $0 != "=" }
    guard RunLine.line.flags.contains(where: { $0.name == name }) else { return nil }
    return CommandLine.Advice(
      "see: brood run --help", message: "the flag '--\(name)' means nothing for a file of tasks")
  }

  /// Whether a line of `brood run` is about a file of tasks: its first word that is no flag ends in
  /// `.tasks`, and no `--` stands before it.
  static func isMeant(_ words: [String]) -> Bool {
    guard let reading = try? RunLine.line.read(words), !reading.wantsHelp,
      let file = reading.words.first, file.hasSuffix(".tasks")
    else { return false }
    let place = words.count - reading.words.count
    return place == 0 || words[place - 1] != "--"
  }

  /// Runs it: flags may stand before and behind the file, and further words are names for `--only`.
  static func run(_ words: [String], _ interpreter: Interpreter) throws {
    if let sign = words.first(where: { $0.hasPrefix(":::") }) {
      throw line.misuse("tasks have no inputs, so '\(sign)' means nothing here")
    }
    let reading = try line.read(words)
    if reading.wantsHelp { return try interpreter.write(HelpText.page(RunLine.line)) }
    guard let file = reading.words.first(where: { $0.hasSuffix(".tasks") }) else {
      throw line.misuse("a file of tasks is missing")
    }
    var flags = reading.flags.map { (name: $0.flag.name, word: $0.word) }
    for name in reading.words where name != file {
      guard reading.has("only") else {
        throw ErrorObject(
          .arity, "'\(name)' stands beside the file of tasks",
          help: "some of them are run by: --only \(name)")
      }
      flags.append((name: "only", word: name))
    }
    _ = try interpreter.invoke(TasksCommand.command, flags: flags, words: [.text(file)])
  }
}
