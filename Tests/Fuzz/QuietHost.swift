import Language

/// A host without an operating system: output vanishes, programs fail, and a text that runs for
/// long is interrupted.
final class QuietHost: Host {
  let attention = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private var turns = 0

  func reset() {
    turns = 0
    attention.pointee = 1
  }

  func attend(_ interpreter: Interpreter) throws {
    turns += 1
    if turns > 300 { throw ErrorObject(.interrupted, "enough") }
  }

  func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {}
  func flush() throws {}
  func liveVariable(_ name: String) -> Value { name == "args" ? .items([]) : .int(1) }
  func setEnvironment(_ name: String, _ value: Value) throws {}
  func isProgram(_ name: String) -> Bool { name == "ls" }
  func programNames() -> [String] { ["ls"] }

  func run(_ pipeline: Pipeline, _ interpreter: Interpreter) throws -> Value {
    for stage in pipeline.stages {
      if case .closure(let closure, let arguments) = stage.work {
        _ = try interpreter.invoke(closure, arguments)
      }
    }
    switch pipeline.mode {
    case .statement: throw ErrorObject(.failed, "programs fail here", location: pipeline.location)
    case .capture: return .text("output")
    case .ok: return .bool(false)
    case .status, .background: return .record(["exit": .int(1), "ok": .bool(false)])
    }
  }

  func redirected(
    _ redirections: [Redirection], _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> Value { try body() }

  func expand(pattern: String, attend: () throws -> Void) throws -> [String] { [pattern] }

  func load(path: String, from source: Source?) throws -> Source {
    throw ErrorObject(.missing, "there are no files here")
  }

  func monotonicNow() -> Int { turns }
}
