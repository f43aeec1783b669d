import Channels
import Language
import Posix
import Session
import Waits

/// Something that an arm of `select` waits for.
protocol SelectSource {
  /// The arm.
  var index: Int { get }

  /// What has come, and from where; nil if nothing has. Never waits.
  func take() throws -> (value: Value, origin: Value)?

  /// Makes sure that a sleep ends when something comes.
  func prepare() throws -> SelectReadiness

  /// What it waits for, for those who look; nil for a moment, or what is not known.
  var target: WaitTarget? { get }

  /// Whether the target is all that matters; else others may act that are not known.
  var isTargetAll: Bool { get }

  /// Gives back what `prepare` and `init` have opened.
  func close()
}

extension SelectSource {
  var isTargetAll: Bool { true }

  func close() {}
}

/// What a source says before the sleep.
enum SelectReadiness {
  /// Something has come meanwhile.
  case ready
  /// Nothing can come any more, and why.
  case never(ChannelError)
  /// Something comes at this moment (monotonic ns).
  case at(Int64)
  /// Something has come when one of these is readable, or may have at a moment (monotonic ns).
  case descriptors([Int32], until: Int64 = .max)
}

/// Values out of a queue.
final class QueueSource: SelectSource {
  let index: Int
  private let handle: QueueHandle
  private let session: Session

  init(_ index: Int, _ handle: QueueHandle, _ session: Session) {
    (self.index, self.handle, self.session) = (index, handle, session)
  }

  func take() throws -> (value: Value, origin: Value)? {
    do {
      let value = try handle.queue.get(session.nonblocking) { try session.codec.value($0) }
      return (value, .handle(handle))
    } catch ChannelError.empty {
      return nil
    } catch ChannelError.closed {
      return nil
    } catch let error as ChannelError {
      throw session.error(error, handle, "get from")
    }
  }

  func prepare() throws -> SelectReadiness {
    switch try handle.queue.awaitItems(session.waitLimit()) {
    case .ready: .ready
    case .never(let why): .never(why)
    case .descriptors(let descriptors, let until): .descriptors(descriptors, until: until)
    }
  }

  var target: WaitTarget? { WaitTarget(handle.queue.objectID, .value) }

  func close() { handle.queue.awaitedItems() }
}

/// Values out of a pipe.
final class PipeSource: SelectSource {
  let index: Int
  private let pipe: PipeTarget
  private let session: Session

  init(_ index: Int, _ value: Value, _ session: Session) throws {
    self.index = index
    self.session = session
    pipe = try PipeTarget(value, sends: false)
    try pipe.require(raw: false, "recv")
  }

  func take() throws -> (value: Value, origin: Value)? {
    do {
      return (try pipe.receive(session.nonblocking), .handle(pipe.handle))
    } catch let error as ErrorObject where error.kind == .empty || error.kind == .closed {
      return nil
    }
  }

  func prepare() throws -> SelectReadiness {
    let channel = pipe.handle.pipe
    guard channel.openEnds.contains(pipe.end) else { return .never(.closed) }
    switch try channel.awaitMessage(at: pipe.end, watchesPeers: !pipe.isNamed) {
    case .ready: return .ready
    case .never(let why): return .never(why)
    case .descriptors(let descriptors, let until): return .descriptors(descriptors, until: until)
    }
  }

  var target: WaitTarget? { WaitTarget(pipe.handle.pipe.reading(at: pipe.end), .value) }

  // Programs may have a named end.
  var isTargetAll: Bool { !pipe.isNamed }

  func close() { pipe.handle.pipe.awaited() }
}

/// An event that is set.
final class EventSource: SelectSource {
  let index: Int
  private let handle: EventHandle
  private let session: Session
  /// What is set and cleared at once while this waits counts, too.
  private let before: UInt64
  private var edge: Int32 = -1

  init(_ index: Int, _ handle: EventHandle, _ session: Session) {
    (self.index, self.handle, self.session) = (index, handle, session)
    before = handle.event.sets
  }

  func take() throws -> (value: Value, origin: Value)? {
    let event = handle.event
    return event.isSet || event.sets != before ? (.handle(handle), .handle(handle)) : nil
  }

  func prepare() throws -> SelectReadiness {
    Descriptors.close(edge)
    edge = -1
    return try session.with(handle, "wait for") {
      edge = try handle.event.listen()
      switch try handle.event.awaitSet(since: before, by: edge, session.waitLimit()) {
      case .ready: return .ready
      case .never(let why): return .never(why)
      case .descriptors(let descriptors, let until):
        return .descriptors(descriptors, until: until)
      }
    }
  }

  var target: WaitTarget? { WaitTarget(handle.event.objectID, .set) }

  func close() {
    Descriptors.close(edge)
    edge = -1
    handle.event.awaited()
  }
}

/// The result of a task of a pool.
struct FutureSource: SelectSource {
  let index: Int
  let future: PoolFuture

  func take() throws -> (value: Value, origin: Value)? {
    try future.takeResult().map { ($0, .handle(future)) }
  }

  // The session's event loop takes results in.
  func prepare() throws -> SelectReadiness {
    future.isLost ? .never(.closed) : .descriptors([])
  }

  var target: WaitTarget? { WaitTarget(future.poolID, .result) }
}

/// The end of a process.
final class ExitSource: SelectSource {
  let index: Int
  private let process: ProcessHandle
  private let session: Session
  private var pidfd: Int32 = -1

  init(_ index: Int, _ target: ProcessTarget, _ session: Session) throws {
    guard let process = target.handle else {
      throw ErrorObject(
        .missing, "no child has the pid \(target.pid)", help: session.liveProcesses)
    }
    (self.index, self.process, self.session) = (index, process, session)
  }

  func take() throws -> (value: Value, origin: Value)? {
    try session.reapNow(process).map { ($0.map, .handle(process)) }
  }

  func prepare() throws -> SelectReadiness {
    if pidfd < 0 {
      pidfd = try mapErrors("cannot watch process \(process.pid)") {
        try Process.descriptor(of: process.pid)
      }
    }
    return .descriptors([pidfd])
  }

  var target: WaitTarget? { WaitTarget(.process(process.pid), .end) }

  func close() {
    Descriptors.close(pidfd)
    pidfd = -1
  }
}

/// The end of this process's parent.
final class ParentSource: SelectSource {
  let index: Int
  private let parent: ParentWatch

  init(_ index: Int, _ parent: ParentWatch) { (self.index, self.parent) = (index, parent) }

  func take() throws -> (value: Value, origin: Value)? {
    parent.hasEnded ? (parent.record, .int(Int(parent.pid))) : nil
  }

  func prepare() throws -> SelectReadiness {
    do {
      return .descriptors([try parent.descriptor()])
    } catch {
      if parent.hasEnded { return .ready }
      throw error
    }
  }

  var target: WaitTarget? { WaitTarget(.process(parent.pid), .end) }

  func close() { parent.close() }
}

/// A signal, which is blocked meanwhile.
final class SignalSource: SelectSource {
  let index: Int
  private let signal: Signal
  private var descriptor: Int32 = -1

  init(_ index: Int, _ signal: Signal) { (self.index, self.signal) = (index, signal) }

  func take() throws -> (value: Value, origin: Value)? {
    Signals.takePending([signal]).map { (.text($0.signal.name), .int(Int($0.sender))) }
  }

  func prepare() throws -> SelectReadiness {
    if descriptor < 0 {
      descriptor = try mapErrors("cannot wait for \(signal.name)") {
        try Signals.descriptor([signal])
      }
    }
    return .descriptors([descriptor])
  }

  var target: WaitTarget? { WaitTarget(ObjectID(.signal, UInt64(signal.number)), .signal) }

  func close() {
    Descriptors.close(descriptor)
    descriptor = -1
  }
}

/// A moment.
struct TimeSource: SelectSource {
  let index: Int
  let moment: Int64

  func take() throws -> (value: Value, origin: Value)? {
    Clock.monotonic >= moment ? (.null, .null) : nil
  }

  func prepare() throws -> SelectReadiness { .at(moment) }

  var target: WaitTarget? { nil }
}

/// Connections of a listening socket, or values of a connection.
struct SocketSource: SelectSource {
  let index: Int
  let handle: SocketHandle

  func take() throws -> (value: Value, origin: Value)? {
    try handle.takeReady().map { ($0, .handle(handle)) }
  }

  var target: WaitTarget? {
    guard let file = try? FileStatus(descriptor: handle.socket.descriptor) else { return nil }
    return WaitTarget(ObjectID(handle.socket.isListening ? .listener : .socket, file.inode), .value)
  }

  // Who has the other end is not known here.
  var isTargetAll: Bool { target != nil }

  func prepare() throws -> SelectReadiness { .descriptors([handle.socket.descriptor]) }
}
