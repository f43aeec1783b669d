import Glibc
import Language
import Posix
import Processes
import Session
import ShellHost
import Teaching

/// `lesson test`: proves that a lesson does what it promises, each in a session of its own.
enum LessonTest {
  static let command = Command(
    "lesson test", "Prove that lessons work",
    details: """
      For each step: its goal is false at first; each wrong way leaves it false and gets its hint; the \
      solution reaches it. In the end nothing of the lesson is left. Without FILE all lessons of the \
      program are tested, in both languages. Each lesson runs in a session of its own.

      With --long each solution is explored (`help explore`): none may be able to end in another way, \
      unless the lesson says `outcomes: many`, and none may have effects that cannot be explored, \
      unless it says `real: yes`.
      """,
    parameters: [
      Parameter(
        "file", .path.named("lesson", completion: .live("lesson")), .rest,
        "files, numbers or names of lessons")
    ],
    flags: [
      Flag("here", nil, "in this session, as the test itself does"),
      Flag("long", nil, "explore the solutions, too: two seconds each"),
      Flag("timeout", .duration, "how long a goal or a hint may take: 60s by default"),
    ], traits: .reports,
    examples: [Example("lesson test zombies", "ok    zombies  …")]
  ) { call in
    let asked = (0..<call.count).map { call.spelled($0) }
    if call.isSet("here") {
      guard let word = asked.first else {
        throw call.error(.arity, "--here needs a lesson", help: "lesson test --here FILE")
      }
      return try here(word, isLong: call.isSet("long"), call)
    }
    return try each(asked.isEmpty ? TextLibrary.lessons.map(\.name) : asked, call)
  }

  /// How long a goal or a hint may take (ns).
  private static func timeLimit(_ call: borrowing Call) -> Int64 {
    max(0, Int64(call.nanoseconds("timeout") ?? 60_000_000_000))
  }

  // MARK: In sessions of their own

  private struct Run {
    let word: String
    let process: ProcessHandle
    let output: Int32
  }

  private static func each(_ words: [String], _ call: borrowing Call) throws -> Value {
    let session = call.session
    let interpreter = call.interpreter
    var running: [Run] = []
    var waiting = words[...]
    var failed: [String] = []
    let flags = "\(call.isSet("long") ? "--long " : "")--timeout \(timeLimit(call))ns"
    let most = max(2, min(4, session.usableCPUs))
    while !waiting.isEmpty || !running.isEmpty {
      while running.count < most, let word = waiting.popFirst() {
        running.append(try start(word, flags, interpreter))
      }
      _ = try session.pause(interpreter) {
        try running.contains { try session.peek($0.process) != nil }
      }
      for run in running where try session.peek(run.process) != nil {
        let record = try session.wait(for: run.process, interpreter)
        let text = String(
          decoding: try mapErrors { try Transfer.readAll(run.output) }, as: UTF8.self)
        Descriptors.close(run.output)
        running.removeAll { $0.process === run.process }
        if record?.info.cause != .exited(0) { failed.append(run.word) }
        let isSilent = text.allSatisfy(\.isWhitespace)
        try interpreter.write(isSilent ? "FAIL  \(run.word): it ended without a word\n" : text)
        try session.output.flush()
      }
    }
    if failed.isEmpty { return .null }
    throw call.error(
      .failed,
      "\(failed.count) of \(words.count) lessons failed: "
        + failed.joined(separator: ", "))
  }

  private static func start(
    _ word: String, _ flags: String, _ interpreter: Interpreter
  ) throws -> Run {
    let session = interpreter.session
    let host = interpreter.host as? BroodHost
    let text = "lesson test --here \(flags) $args[0]"
    let output = try mapErrors("cannot test a lesson") { try Descriptors.pipe() }
    defer { Descriptors.close(output.write) }
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDWR | O_CLOEXEC) }
    defer { Descriptors.close(null) }
    var environment = host?.environmentEntries ?? []
    environment.removeAll { $0.hasPrefix("BROOD_") }
    var request = SpawnRequest(
      path: "/proc/self/exe", arguments: ["brood", "-c", text, word], environment: environment)
    request.descriptors = [
      (from: null, to: 0), (from: output.write, to: 1), (from: output.write, to: 2),
    ]
    let ticket = try session.prepareSpawn(
      name: nil, prefix: "lesson", command: "lesson test \(word)")
    do throws(SystemError) {
      let (pid, pidfd) = try Processes.spawn(request)
      let process = session.register(
        ticket, pid: pid, pidfd: pidfd, command: "lesson test \(word)", kind: .foreground)
      return Run(word: word, process: process, output: output.read)
    } catch {
      session.abandon(ticket)
      Descriptors.close(output.read)
      throw error.asError("cannot test a lesson")
    }
  }

  // MARK: In this session

  private static func here(
    _ word: String, isLong: Bool, _ call: borrowing Call
  ) throws -> Value {
    let session = call.session
    guard let found = try LessonShelf.lesson(word, call.interpreter) else {
      throw call.error(.missing, "there is no lesson '\(word)'", at: 0)
    }
    // The other language has the same steps.
    if let entry = TextLibrary.entry(word), !LessonShelf.isPath(word) {
      for language in TextLanguage.allCases { _ = try TextLibrary.lesson(entry, language) }
    }
    try session.output.flush()
    let own = try mapErrors { try Descriptors.privateCopy(of: 1) }
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDWR | O_CLOEXEC) }
    // What processes of the lesson print is none of the report.
    for fd: Int32 in [1, 2] { try mapErrors { try Descriptors.copy(null, onto: fd) } }
    Descriptors.close(null)
    session.output.descriptorChanged()
    let began = Clock.monotonic
    var status: Int32 = 0
    var text: String
    do {
      let test = try LessonProof(
        found.lesson, name: found.name, within: timeLimit(call), call.interpreter)
      let steps = try test.run()
      let count = isLong ? try LessonExploration(found.lesson, call.interpreter).prove() : nil
      let time = (Clock.monotonic - began) / 100_000_000
      text = "ok    \(word)  \(steps) steps, \(time / 10).\(time % 10)s"
      if let count {
        text += ", \(count.explored) explored in \(count.runs) runs, \(count.refused) real"
      }
      text += "\n"
    } catch {
      // What the lesson has started would be waited for.
      LessonRun.current?.leave()
      if ExitRequest.isStop(error) { throw error }
      status = 1
      let fault = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
      text = "FAIL  \(word)\n" + Diagnostics().text(fault)
    }
    try? Transfer.writeAll(own, text)
    throw ExitRequest(status)
  }
}
