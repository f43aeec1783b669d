import Language
import Posix
import Processes

/// What a process is to the session.
public enum ProcessKind: String, Sendable {
  /// A block, a program, a background or foreground job.
  case fork, spawn, background, foreground
  /// A worker or other help: never seen by `wait` without P, reaped at once, not joined.
  case helper
  /// A member of a job, for which its last process stands: reaped at once, but joined.
  case member
  /// An orphan that came to the session, made by its own verbs: reaped at once, joined at the end.
  case adopted
  /// An orphan that a program has left: reaped at once, ended with the session.
  case leftover
  /// An orphan of others, as the first process of a container gets them: only reaped.
  case foreign

  /// Whether `wait` without P and `--all` see it.
  public var isUsers: Bool {
    switch self {
    case .fork, .spawn, .background: true
    case .foreground, .helper, .member, .adopted, .leftover, .foreign: false
    }
  }
}

extension ProcessKind {
  /// Whether no verb waits for it, so that it is reaped when it ends.
  var isReapedAtOnce: Bool { isOrphan || self == .helper || self == .member }

  /// Whether another process made it.
  public var isOrphan: Bool { self == .adopted || self == .leftover || self == .foreign }
}

/// What a process runs.
public enum ProcessWork {
  case program(String)
  /// A block or function, whose text is made when a report shows it.
  case function(Value)

  /// One line of it at most.
  var text: String {
    switch self {
    case .program(let text): return text
    case .function(let value):
      guard case .closure(let closure) = value else { return "" }
      if let name = closure.function.name { return name }
      let text = closure.function.text
      let line = text.prefix { $0 != "\n" }
      return line.count < text.count || line.count > 120 ? line.prefix(120) + " …" : text
    }
  }
}

extension ProcessSlots {
  /// Tells what the process that a slot is for will run; costs no more than a few bytes' copy.
  func describe(_ slot: SlotID, _ work: ProcessWork) {
    switch work {
    case .function(.closure(let closure)) where closure.function.name == nil:
      let function = closure.function
      function.source.bytes.withUnsafeBufferPointer { bytes in
        describe(slot, UnsafeBufferPointer(rebasing: bytes[function.span.range(in: bytes.count)]))
      }
    default:
      var text = work.text
      text.withUTF8 { describe(slot, $0) }
    }
  }
}

/// A process as the language sees it.
public final class ProcessHandle: Handle {
  /// Counts the session's processes from 1; never used again.
  public let id: Int
  /// Its number, which the child itself and its descendants know from the session's table.
  public var pid: Int32 {
    if givenPid != 0 { return givenPid }
    guard let slot, let slots = session.slots, !slots.isOwn(slot) else { return Process.pid }
    return slots.occupant(slot)
  }
  /// Set after the fork, in the parent; all else is written before it, where it costs less.
  var givenPid: Int32 = 0
  public let name: String
  public let kind: ProcessKind
  let work: ProcessWork
  /// The process group that it was put into; 0 if it stayed in ours.
  public internal(set) var group: Int32 = 0
  public let isDaemon: Bool
  public internal(set) var isDetached: Bool
  /// When it was started (monotonic ns).
  public let startedAt: Int64
  /// Its record, once it was reaped.
  public internal(set) var record: WaitRecord?
  /// The members before it, if it is the last one of a job.
  public var upstream: [ProcessHandle] = [] {
    didSet { for member in upstream { member.downstream = self } }
  }
  /// The last process of the job that it is a member of.
  weak var downstream: ProcessHandle?
  /// Whether all members before it have ended: the job has when this process has too.
  public var isAlone: Bool { upstream.allSatisfy { $0.record != nil } }
  /// Whether it only hands on the output of the process that it is a member of.
  public var isRelay = false
  /// By what it is known to be ready, if it was spawned with that.
  public var readiness: Readiness?
  /// The signal that stopped it, as last reported.
  public internal(set) var stoppedBy: Signal?

  /// This process has stopped it for a moment, and is to be told that it goes on; or not any more.
  public func noteHeld(_ isHeld: Bool) {
    if !isHeld { stoppedBy = nil } else if stoppedBy == nil { stoppedBy = .stop }
  }

  /// It was said that a wait for it cannot end before it is continued.
  var wasToldStopped = false
  /// Whether it, or a member before it that outlives it, is stopped.
  public var isStopped: Bool { stoppedBy != nil || upstream.contains { $0.stoppedBy != nil } }
  /// The prompt sets this when the end was shown.
  public var wasReported = false
  /// How and when it ended, once that was seen; it is a zombie until it has a record.
  var endInfo: ExitInfo?
  var endedAt: Int64 = 0
  /// When its status was taken (monotonic ns).
  var reapedAt: Int64 = 0
  /// Where it stands in the table of children.
  var place = 0
  private var pidfd: Int32 = -1
  let slot: SlotID?

  init(_ ticket: SpawnTicket, _ options: ForkOptions) {
    id = ticket.id
    name = ticket.name
    kind = options.kind
    work = options.work
    isDaemon = options.isDaemon
    isDetached = options.isDetached
    slot = ticket.slot
    startedAt = ticket.startedAt
  }

  /// How it ended, seen without reaping it; nil while it lives.
  public var ending: ExitInfo? {
    get throws { try session.peek(self) }
  }

  /// A pidfd, opened when first asked for; private, so of no use after a fork.
  func descriptor() throws(SystemError) -> Int32 {
    if pidfd < 0 { pidfd = try Process.descriptor(of: pid) }
    return pidfd
  }

  func closeDescriptor() {
    if pidfd >= 0 { Descriptors.close(pidfd) }
    pidfd = -1
  }

  /// Whether it has printed an error; to be asked before it is reaped.
  var hasReported: Bool { slot.flatMap { session.slots?.hasReported($0) } ?? false }

  /// What it runs, for reports: `sleep 10`, `{ … }`.
  public var command: String { work.text }

  /// It was detached: the end of the session leaves it alone.
  public func noteDetached() { isDetached = true }

  public override var typeName: String { "process" }

  /// As `[3] 4711 worker running`.
  public override var text: String {
    Gate.current?.stop(textOf: self)
    return "[\(id)] \(pid) \(name) \(word)"
  }

  public override var fieldNames: [String] {
    guard let record else { return ["pid", "name", "state", "word"] }
    return ["state", "word"] + WaitRecord.fieldNames + (record.upstream.isEmpty ? [] : ["all"])
  }

  public override func field(_ name: String) -> Value? {
    switch name {
    case "pid": return .int(Int(pid))
    case "name": return .text(self.name)
    case "state": return .text(String(letter))
    case "word": return .text(word)
    case "id": return .int(id)
    case "command": return .text(command)
    default:
      return record?.field(name)
    }
  }

  public override func isSame(_ other: Handle) -> Bool {
    guard let other = other as? ProcessHandle else { return false }
    return self === other || (pid == other.pid && startedAt == other.startedAt)
  }
}
