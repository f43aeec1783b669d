import Language
import Posix
import Processes

/// What the layers above a session have done at its moments: the host, the commands, the prompt.
public struct SessionHooks {
  /// Run in each forked child before its work, in the order added: later layers forget what the
  /// parent holds.
  public var afterForkInChild: ContiguousArray<() -> Void> = []
  /// Run at the end of this process and of forked ones, after `on-exit`: later layers give back what
  /// lies outside of the session.
  public var beforeEnd: ContiguousArray<() -> Void> = []
  /// Run before this process becomes a program.
  public var beforeBecoming: ContiguousArray<() -> Void> = []
  /// Told of each program that is about to be started, while a command in this very process is
  /// redirected to a channel, which that program inherits.
  public var willSpawn: ((SlotID) -> Void)?
  /// Serves `brood attach` in a process that was forked for that, over this socket.
  public var onAttach: ((Int32) -> Never)?

  /// Makes what knows how handles travel.
  public var makeHandleCoder: () -> any HandleCoder = { ProcessCoder() }
  /// Has the built-ins of a process stop at its gate.
  public var watchAtGate: ((Interpreter) -> Void)?
  /// Looks at processes, and on what descriptors this one sleeps, for `config stuck`.
  public var beginStuckLook: ((_ pids: [Int32], _ ownSleep: [Int32]) -> any StuckLook)?

  /// Told about children that ended, stopped or went on, in the session's own process only.
  public var notices: ((Notice) -> Void)?
  /// Gives background jobs a terminal of their own (KERNEL.md); nil: they inherit everything.
  public var backgroundOutput: (any BackgroundOutput)?
  /// Prints an uncaught error, as the host has it look.
  public var printError: (ErrorObject, Session) -> Void = { error, session in
    let name = session.ownName.map { " in process '\($0)'" } ?? ""
    Session.say("error\(name): \(error.message)")
  }
  /// Shows a report of processes that cannot go on.
  public var tellStuck: (String) -> Void = { Session.say(FoldedText.lines($0, for: 2)) }
  /// While a command has the whole screen: what the prompt would have printed above its line; else nil.
  public var heldOutput: String?
}

/// News of a child, for the prompt to show.
public struct Notice {
  public enum Event {
    case ended
    case stopped(Signal)
    case continued
  }

  public let process: ProcessHandle
  public let event: Event

  public init(process: ProcessHandle, event: Event) {
    self.process = process
    self.event = event
  }
}

/// Terminals for background jobs, whose lines the prompt prints above the one being typed.
public protocol BackgroundOutput: AnyObject {
  /// Opens a terminal; yields the descriptor that becomes the job's standard output and error.
  func open() throws -> Int32

  /// The job runs: close the descriptor that `open` gave, and serve the other side.
  func attach(_ descriptor: Int32, to process: ProcessHandle)

  /// The job could not be started.
  func abandon(_ descriptor: Int32)
}
