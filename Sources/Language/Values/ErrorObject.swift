/// What went wrong, as a word that `catch e: kind` tests.
public enum ErrorKind: String, CaseIterable, Sendable {
  case thrown, failed, timeout, interrupted, closed, full, empty
  case peerDied = "peer-died"
  case deadlock
  case type, range, arity, missing, syntax, limit, system
}

/// One step of a call trace: a function's name and where it was called from.
public struct TraceEntry {
  public let name: String
  public let location: Location

  public init(name: String, location: Location) {
    self.name = name
    self.location = location
  }
}

/// What went wrong, in words and facts.
public struct Problem {
  public let kind: ErrorKind
  public var message: String
  /// What to do about it.
  public var help: String?
  /// What was thrown, and further facts: `status`, `record`, `value`.
  public var payload: [String: Value]
  /// What a script that it ends exits with, if not with 1.
  public var exitStatus: Int32?
  /// Whether more input could mend it: an open bracket, a trailing operator.
  public var isPartial = false
}

/// An error of the language: thrown by Swift code and by programs, caught by `catch`.
///
/// It carries a problem, which does not change, to the place where it is caught or shown; where it
/// happened and through which calls is filled in on the way. Who knows more of the problem throws an
/// `amended` one.
///
/// Unchecked because the shell has one thread, and Swift wants errors to be sendable.
public final class ErrorObject: Error, @unchecked Sendable {
  public let problem: Problem
  /// How deeply what it has is nested: one more than its deepest fact, 0 without any.
  let depth: Int
  /// Where it happened; filled in by the machine when the thrower did not know.
  public var location: Location?
  /// The calls that led there, innermost first.
  public var trace: [TraceEntry] = []
  /// Of a run that took too long, as timeout(1) has it, and of one that was not started right.
  public static let timeoutStatus: Int32 = 124
  public static let usageStatus: Int32 = 2
  /// What only inputs decide cannot be found before a run.
  public static let inputStatus: Int32 = 1
  /// Found in a function, but a fault of the call: the trace begins there.
  var isOfCaller = false
  /// Whether the trace was taken already.
  var hasTrace = false
  /// Set once it was shown to the user, so that no one prints it twice.
  public var wasPrinted = false

  public init(_ problem: Problem, location: Location? = nil) {
    self.problem = problem
    self.location = location
    depth = problem.payload.isEmpty ? 0 : 1 + (problem.payload.values.map(\.depth).max() ?? 0)
  }

  public convenience init(
    _ kind: ErrorKind, _ message: String, help: String? = nil, location: Location? = nil,
    payload: [String: Value] = [:], exitStatus: Int32? = nil, isPartial: Bool = false
  ) {
    self.init(
      Problem(
        kind: kind, message: message, help: help, payload: payload, exitStatus: exitStatus,
        isPartial: isPartial),
      location: location)
  }

  public var kind: ErrorKind { problem.kind }
  public var message: String { problem.message }
  public var help: String? { problem.help }
  public var payload: [String: Value] { problem.payload }
  public var exitStatus: Int32? { problem.exitStatus }
  public var isPartial: Bool { problem.isPartial }

  /// The same error, at the same place, of which more is known.
  public func amended(_ change: (inout Problem) -> Void) -> ErrorObject {
    var problem = problem
    change(&problem)
    let result = ErrorObject(problem, location: location)
    result.trace = trace
    result.isOfCaller = isOfCaller
    result.hasTrace = hasTrace
    result.wasPrinted = wasPrinted
    return result
  }

  /// The same problem at the same place, to be thrown anew: the calls that lead to where it is thrown
  /// are added to its trace.
  public var rethrown: ErrorObject {
    let result = ErrorObject(problem, location: location)
    result.trace = trace
    return result
  }

  /// Finds the topic of `explain` that an error leads to; set by the commands that know them.
  nonisolated(unsafe) public static var topic: (ErrorObject) -> String? = { _ in nil }

  /// The field of an error value, nil when there is none such.
  public func field(_ name: String) -> Value? {
    switch name {
    case "kind": return .text(kind.rawValue)
    case "message": return .text(message)
    case "topic": return ErrorObject.topic(self).map { .text($0) } ?? .null
    case "help": return help.map { .text($0) } ?? .null
    case "span":
      guard let location else { return .null }
      let at = location.source.position(location.span.start)
      return .record([
        "file": .text(location.source.name), "line": .int(at.line), "column": .int(at.column),
        "text": .text(location.source.text(location.span)),
      ])
    case "trace":
      return .items(
        trace.map { .record(["name": .text($0.name), "at": .text($0.location.description)]) })
    default: return payload[name]
    }
  }
}

/// Leaving the program, as by `exit`: it unwinds through `finally` like an error, and no `catch` takes
/// it.
///
/// It is a handle so that a register can keep it while a `finally` runs; no program sees it.
public final class ExitRequest: Handle, Error, @unchecked Sendable {
  /// What the process ends with.
  public let status: Int32

  public init(_ status: Int32) { self.status = status }

  /// Whether an error is Ctrl-C or the end of the process, which nothing may take for a mere failure.
  public static func isStop(_ error: any Error) -> Bool {
    error is ExitRequest || (error as? ErrorObject)?.kind == .interrupted
  }
}

extension ErrorObject {
  /// `bad WHAT: it must be VALID, but is ACTUAL`, the one wording for values that do not fit.
  ///
  /// - Parameter kind: `type`, or `range` for a number outside its bounds.
  public static func badValue(
    _ what: String, must valid: String, is actual: Value, _ kind: ErrorKind = .type,
    help: String? = nil, location: Location? = nil
  ) -> ErrorObject {
    ErrorObject(
      kind, "bad \(what): it must be \(valid), but is \(actual.described)", help: help,
      location: location)
  }
}
