import Language
import Posix
import Processes
import Session
import Teaching

/// Runs lines of a lesson as a person at a prompt would type them.
struct LessonScript {
  let interpreter: Interpreter
  /// The file of the lesson, for places in messages.
  let source: Source
  /// How long an entry may take before it is interrupted (ns).
  var limit: Int64 = 60_000_000_000
  /// Whether results of entries are shown as the prompt shows reports.
  var showsReports = false
  /// Told of each entry before it runs.
  var willRun: ((String) throws -> Void)?
  /// Called after each entry.
  var didRun: (() throws -> Void)?

  init(_ interpreter: Interpreter, _ source: Source) {
    self.interpreter = interpreter
    self.source = source
  }

  /// Runs all entries, each with what those before it have declared.
  ///
  /// - Parameter stopsAtError: throws the first error that the text does not announce; else goes on.
  func run(_ code: LessonCode, stopsAtError: Bool = true) throws {
    for entry in LessonScript.entries(code) {
      do {
        try willRun?(entry.code.text)
        try run(entry.code)
        try didRun?()
        guard let kind = entry.error else { continue }
        throw fault(entry.code.line, "this line was to fail with '\(kind)', but did not")
      } catch let error as ErrorObject {
        if error.kind.rawValue == entry.error { continue }
        if stopsAtError { throw error }
      }
    }
  }

  /// An entry, and the kind of the error that a comment behind it announces.
  static func entries(_ code: LessonCode) -> [(code: LessonCode, error: String?)] {
    var entries: [(code: LessonCode, error: String?)] = []
    var text = ""
    var start = code.line
    var number = code.line
    let lines = code.text.split(separator: "\n", omittingEmptySubsequences: false)
    for (at, line) in lines.enumerated() {
      if text.isEmpty { start = number }
      text += (text.isEmpty ? "" : "\n") + line
      number += 1
      if text.allSatisfy(\.isWhitespace) {
        text = ""
      } else if at + 1 == lines.count
        || !ReadText(Source(name: "lesson", text: text)).isIncomplete
      {
        let mark = text.components(of: "# error ")
        let error = mark.count > 1 ? mark.last?.trimmed : nil
        entries.append((LessonCode(text: text, line: start), error))
        text = ""
      }
    }
    return entries
  }

  /// Whether an entry only waits for what a person would see: it is not shown.
  static func isPause(_ entry: String) -> Bool { entry.trimmed.hasSuffix("# pause") }

  private func run(_ code: LessonCode) throws {
    let findings = interpreter.compile(placed(code), isPersistent: true)
    if let stop = findings.stop { throw stop }
    if let error = findings.errors.first { throw error }
    guard let function = findings.function else { return }
    let session = interpreter.session
    session.beginEntry()
    LessonRun.current?.beginEntry()
    let timer = session.loop.addTimer(at: Clock.deadline(after: limit)) {
      session.postponing {
        throw ErrorObject(.timeout, "this line took longer than \(limit / 1_000_000_000) s")
      }
    }
    defer { session.loop.cancel(timer) }
    let value: Value
    do {
      value = try interpreter.run(function)
    } catch {
      if let error = error as? ErrorObject { LessonRun.current?.didShow(error.message) }
      throw error
    }
    if let lesson = LessonRun.current, !session.isBranch {
      lesson.didShow(Interpreter.shown(value), of: value)
    }
    // The child of a classic fork has run the rest of the entry, and is done.
    if session.isBranch { session.end(0, interpreter) }
    if showsReports { try interpreter.printReport(value) }
    try session.output.flush()
  }

  /// The text with as many lines before it as it has in its file, so that messages name its place.
  func placed(_ code: LessonCode) -> Source {
    let before = String(repeating: "\n", count: max(0, code.line - 1))
    return Source(name: source.name, text: before + code.text)
  }

  func fault(_ line: Int, _ message: String, help: String? = nil) -> ErrorObject {
    let text = placed(LessonCode(text: source.line(line), line: line))
    let end = text.bytes.count
    return ErrorObject(
      .failed, message, help: help, location: Location(text, Span(max(0, line - 1), end)))
  }
}
