import Glibc
import Language
import Posix
import Session

/// `brood sem`: runs a program while a permit of a semaphore is held that scripts share by its name.
public enum SemLine {
  /// The only command that is needed, so that nothing else is set up.
  public static let table = CommandTable([CommandFamily("Semaphores", [command])])

  /// What may stand behind `brood sem`.
  public static let line = CommandLine(
    "brood sem", command.summary,
    operands: "[-j N] [--name NAME] [FLAGS] [--] PROGRAM [ARGS…]", details: details,
    flags: command.flags.filter { $0.name != held },
    parameters: [Parameter("program", .any, .optional), Parameter("argument", .any, .rest)],
    rules: command.rules, extent: .program, advice: advice)

  /// What flags of GNU parallel's `sem` are here.
  private static let others = [
    "id": "it is --name NAME here", "semaphore-name": "it is --name NAME here",
    "semaphorename": "it is --name NAME here", "st": "it is --timeout 10s here",
    "semaphore-timeout": "it is --timeout 10s here", "semaphoretimeout": "it is --timeout 10s here",
    "bg": "leave it out: without --fg the program goes on in the background",
    "semaphore": "leave it out: it is what this command does",
  ]

  private static func advice(_ word: String) -> CommandLine.Advice? {
    others[String(word.dropFirst(2).prefix { $0 != "=" })].map { CommandLine.Advice($0) }
  }

  /// A flag of Brood's own: the descriptor that holds the permit already.
  private static let held = "held"

  private static let command = Command(
    "sem", "Run a program while it holds a permit that scripts share by name",
    parameters: [
      Parameter("program", .any, .optional, "its name or path"),
      Parameter("argument", .any, .rest),
    ],
    flags: [
      Flag(
        "jobs", .int.within(NamedSemaphore.counts),
        "how many permits there are; 1 by default, a mutex", letter: "j"),
      Flag("name", .text, "the semaphore; by default the terminal's"),
      Flag("fg", nil, "wait for the program's end, and exit with its status"),
      Flag("wait", nil, "wait until no permit is held, and run nothing"),
      Flag("timeout", .duration, "give up when no permit is free after this long: status 124"),
      Flag(held, .int, ""),
    ], rules: [.exclusive(["fg", "wait"])], traits: .passesWords
  ) { call in try run(call) }

  /// Does what a command line says.
  ///
  /// - Parameter words: those behind `brood sem`.
  /// - Throws: what `exit` throws, with the program's status.
  public static func run(_ words: [String], _ interpreter: Interpreter) throws {
    var words = words
    var permit: String?
    if words.count > 1, words[0] == "--\(held)" {
      permit = words[1]
      words.removeFirst(2)
    }
    try JournalFlags.markingUsage { try run(words, permit, interpreter) }
  }

  private static func run(
    _ words: [String], _ permit: String?, _ interpreter: Interpreter
  ) throws {
    let reading = try line.read(words)
    if reading.wantsHelp { return try interpreter.write(HelpText.page(line)) }
    if reading.words.isEmpty != reading.has("wait") {
      throw line.misuse(
        reading.has("wait") ? "with --wait no program is run" : "'brood sem' needs a program")
    }
    var flags = reading.flags.map { (name: $0.flag.name, word: $0.word) }
    if let permit { flags.append((held, permit)) }
    _ = try interpreter.invoke(command, flags: flags, words: reading.words.map { .text($0) })
  }

  private static func run(_ call: borrowing Call) throws -> Value {
    if case .int(let fd)? = call.flag(held), let permit = Int32(exactly: fd) {
      return try HeldProgram(call.rest(from: 0).map(\.asText), call).run(holding: permit)
    }
    let deadline = call.deadline
    let name = call.flag("name")?.asText ?? defaultName()
    var count = 1
    if case .int(let jobs)? = call.flag("jobs") { count = jobs }
    let semaphore = try NamedSemaphore(name, count: count, call.interpreter)
    if call.isSet("wait") {
      guard try semaphore.waitUntilFree(until: deadline) else {
        throw late(call, "permits of '\(name)' are held still")
      }
      return .null
    }
    let program = try HeldProgram(call.rest(from: 0).map(\.asText), call)
    guard let permit = try semaphore.take(until: deadline) else {
      throw late(call, "no permit of '\(name)' was free")
    }
    if call.isSet("fg") { return try program.run(holding: permit) }
    try program.runBehind(holding: permit)
    return .null
  }

  private static func late(_ call: borrowing Call, _ what: String) -> ErrorObject {
    call.error(
      .timeout, "\(what) within \(call.timeoutText)",
      flag: "timeout"
    ).amended { $0.exitStatus = ErrorObject.timeoutStatus }
  }

  /// As a person would expect of two lines at one terminal.
  private static func defaultName() -> String {
    for fd: Int32 in 0...2 {
      var buffer = [CChar](repeating: 0, count: 256)
      if ttyname_r(fd, &buffer, buffer.count) == 0 {
        return String(
          decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      }
    }
    return "default"
  }

  private static let details = """
    Waits until a permit of a semaphore is free, starts the program, and is done; the permit is held
    until the program has ended, however that comes about. All scripts of a user on a machine that say
    the same NAME share the semaphore.

      for f in *.wav; do brood sem -j 4 --name flac -- flac "$f"; done; brood sem --wait --name flac
      brood sem --name deploy --fg --timeout 5m -- ./deploy.sh
      brood sem --name log --fg -- sh -c 'date >> log; uptime >> log'

    With --fg it waits for the program and exits with its status, 128 and the signal's number after a
    signal. Without it the program reads nothing from standard input, and ends with status 1 here only
    if it cannot be started. -j N says how many permits there are: a call with -j 2 uses the first two
    of one with -j 4. What the program leaves in the background goes on, and holds nothing. If this
    process is killed, the program is ended, and the permit is free when that has happened. No order
    is kept among those that wait.

    A file called sem is run by: brood ./sem

    Exit status: 0, the program's with --fg, 124 after --timeout, 2 for a wrong command line.

    """
}
