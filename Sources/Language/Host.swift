/// What the language needs of the world outside: output, programs, the environment, time.
///
/// The shell implements it over the operating system, unit tests without one.
public protocol Host: AnyObject {
  /// Set from signal handlers when something waits to be looked at; the machine reads it at every
  /// backward jump and call.
  var attention: UnsafeMutablePointer<Int32> { get }

  /// Deals with what set `attention`: runs handlers, throws `interrupted`.
  func attend(_ interpreter: Interpreter) throws

  /// Appends to standard output.
  func write(_ bytes: UnsafeBufferPointer<UInt8>) throws

  /// Hands everything written so far to the operating system.
  func flush() throws

  /// Asked for each time: `pid`, `ppid`, `env`, `args`, `last`.
  func liveVariable(_ name: String) -> Value

  /// `env.NAME = value`; null removes it.
  func setEnvironment(_ name: String, _ value: Value) throws

  /// Whether a word names a program on the path.
  func isProgram(_ name: String) -> Bool

  /// Names of programs that a mistyped word may have meant.
  func programNames() -> [String]

  /// Runs processes connected by pipes.
  func run(_ pipeline: Pipeline, _ interpreter: Interpreter) throws -> Value

  /// Runs a body with its standard descriptors redirected.
  func redirected(
    _ redirections: [Redirection], _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> Value

  /// File names for a pattern in which quoted characters are escaped by backslashes.
  ///
  /// - Parameter attend: to be called now and then where that takes long.
  func expand(pattern: String, attend: () throws -> Void) throws -> [String]

  /// Reads a program text for `source`.
  func load(path: String, from source: Source?) throws -> Source

  /// Whether reading it may wait for another process, as a FIFO's writer.
  func loadingWaits(path: String, from source: Source?) -> Bool

  /// Nanoseconds that never go back.
  func monotonicNow() -> Int

  /// The lowest address that the stack can grow down to; nil if that is not known.
  var stackEnd: UInt? { get }
}

extension Host {
  public var stackEnd: UInt? { nil }
  public func loadingWaits(path: String, from source: Source?) -> Bool { false }
}

/// Processes to run, each writing into the next.
public struct Pipeline {
  /// What becomes of the outcome.
  public enum Mode {
    /// Throw `failed` unless all succeed; yields null.
    case statement
    /// Likewise, and yields the last one's output as text.
    case capture
    /// Yields whether all succeeded.
    case ok
    /// Yields the record of the last one, with those of all in `all`.
    case status
    /// Starts and yields the process.
    case background
  }

  public struct Stage {
    public enum Work {
      /// A program's name and arguments.
      case program(name: String, arguments: [String], isForced: Bool)
      /// A block, function or built-in, to be run in a forked child.
      case closure(Value, arguments: [Value])
    }

    public let work: Work
    public let redirections: [Redirection]
    public let location: Location
  }

  public let stages: [Stage]
  public let mode: Mode
  public let location: Location
}

/// One redirection, its target evaluated.
public struct Redirection {
  public enum Kind: Sendable {
    case read, write, append
    /// `2>&1`: a copy of another descriptor.
    case duplicate(Int32)
  }

  /// The descriptors that are redirected: one, or 1 and 2 for `&>`.
  public let descriptors: [Int32]
  public let kind: Kind
  /// A path; empty for `duplicate`, and where a handle is meant.
  public let target: String
  /// What has the descriptor that is meant: the end of a pipe, a connection.
  public let handle: Handle?
  public let location: Location
}
