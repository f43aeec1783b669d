import Explore
import Language
import Session

/// Files where they are explored: each run has a directory of its own.
enum ExploredFiles {
  /// `read`, `exists`, `write` and `append`.
  @Sendable static func file(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, call.has(0) else { return try work(call) }
    let verb = call.command.name
    let path = try call.path(0)
    try gate.stop(file: path, writes: verb == "write" || verb == "append", "\(verb) \(path)")
    do {
      return try gate.inside { try work(call) }
    } catch let error as ErrorObject {
      if error.kind == .missing, verb == "read", !path.hasPrefix("/"),
        let outer = gate.outerDirectory
      {
        throw error.amended {
          $0.help = "each run begins in an empty directory; by its whole path: \(outer)/\(path)"
        }
      }
      throw error
    }
  }

  /// `glob`.
  @Sendable static func glob(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, call.has(0) else { return try work(call) }
    try gate.stop(pattern: call.text(0))
    return try gate.inside { try work(call) }
  }
}
