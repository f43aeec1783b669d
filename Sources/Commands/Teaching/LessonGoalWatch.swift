import Language
import Session
import Teaching

/// Asks whether a goal is reached: its parts, each compiled once.
struct LessonGoalWatch {
  private struct Part {
    let isThen: Bool
    let condition: LessonCondition
    /// Whether it asks for a look.
    let isLook: Bool
    var isMet = false
  }

  /// From when what was shown counts: the entry that has met the last part that was met.
  private var shownSince: Int64 = 0
  /// The same for the first part that was met: for signs of wrong ways, which are asked all the time.
  private var firstMet: Int64 = 0

  private var parts: [Part]
  /// It was seen not to be reached, so that reaching it means something.
  private(set) var hasBegun = false

  init(_ goal: LessonGoal, _ script: LessonScript) throws {
    parts = try goal.parts.map { part in
      Part(
        isThen: part.isThen, condition: try LessonCondition(part.condition, script),
        isLook: part.condition.text.contains("lesson shown"))
    }
  }

  /// Whether it is reached now; once true a part stays so.
  mutating func look() throws -> Bool {
    for at in parts.indices where !parts[at].isMet {
      // What stands behind a part that is not met yet does not count.
      if parts[at].isThen, parts[..<at].contains(where: { !$0.isMet }) { break }
      LessonRun.current?.shownSince = shownSince
      parts[at].isMet = try parts[at].condition.holds()
      guard parts[at].isMet, let run = LessonRun.current else { continue }
      shownSince = run.lastEntry
      if firstMet == 0 { firstMet = shownSince }
    }
    LessonRun.current?.shownSince = firstMet
    let isReached = parts.allSatisfy(\.isMet)
    if hasBegun || !isReached {
      hasBegun = true
      return isReached
    }
    for at in parts.indices { parts[at].isMet = false }
    (shownSince, firstMet) = (0, 0)
    return false
  }

  /// The part that asks for a look and that comes next, where something has been reached before it.
  var awaitedLook: Int? {
    guard let at = parts.firstIndex(where: { !$0.isMet }), at > 0, parts[at].isLook else {
      return nil
    }
    return at
  }

  /// Whether nothing is missing but looks.
  var lacksOnlyLooks: Bool { awaitedLook != nil && parts.allSatisfy { $0.isMet || $0.isLook } }

  /// It is known not to have been reached, as before what was just done.
  mutating func assumeBegun() { hasBegun = true }

  /// How many parts are met, and how many there are.
  var count: (met: Int, all: Int) { (parts.count(where: \.isMet), parts.count) }
}

/// A condition on the state of things.
struct LessonCondition {
  private let function: Function
  private let interpreter: Interpreter

  /// Compiles it.
  ///
  /// - Throws: what is wrong with the text.
  init(_ code: LessonCode, _ script: LessonScript) throws {
    interpreter = script.interpreter
    let source = script.placed(code)
    if let effect = interpreter.effects(of: source, allows: LessonCondition.onlyLooks).first {
      throw effect
    }
    let findings = interpreter.compile(source)
    if let error = findings.errors.first { throw error }
    guard let function = findings.function else {
      throw script.fault(code.line, "this condition is empty")
    }
    self.function = function
  }

  /// Whether a built-in has no effect but its value, and does not wait.
  static func onlyLooks(_ command: Command, _ arguments: Int) -> Bool {
    // With a value behind it they change something.
    if ["nice", "config"].contains(command.name), arguments > 1 { return false }
    return command.traits.contains(.pure) || looks.contains(command.name)
  }

  /// Those that look at processes, channels and files.
  static let looks: Set<String> = [
    "ps", "tree", "state", "info", "jobs", "nice", "why", "who", "deadlock", "sessions", "now",
    "any", "all", "filter", "map", "reduce", "collect", "range", "sort", "group-by", "first",
    "last",
    "take", "drop", "lines", "format", "config", "exists", "glob", "read", "type", "lesson events",
    "lesson shown",
    "queue size", "queue full",
    "queue empty", "queue info", "queue list", "queue peek", "queue dead", "pipe list", "lock list",
    "sem list", "sem value", "shm get", "shm list", "event is-set", "event list", "barrier list",
    "cond list", "socket list", "signal list", "signal pending", "pool list", "pool size",
    "pool info",
    "process info", "process alive", "process list", "getpid", "getppid",
    // What their blocks do is looked at, too.
    "filter", "map", "reduce", "any", "all", "sort", "group-by", "first", "last",
  ]

  /// Whether it yields true; an error is no.
  ///
  /// - Throws: only Ctrl-C and the like.
  func holds() throws -> Bool {
    do {
      let value = try interpreter.session.aside { try interpreter.value(of: function) }
      if case .bool(true) = value.plain { return true }
      return false
    } catch {
      if ExitRequest.isStop(error) { throw error }
      return false
    }
  }

  /// The value that it yields, or the error; for those who write lessons.
  func outcome() throws -> Value {
    try interpreter.session.aside { try interpreter.value(of: function) }.plain
  }
}
