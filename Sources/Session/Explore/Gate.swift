import Channels
import Explore
import Glibc
import Language
import Posix
import Processes

/// Where a process of a run stops before each shared operation, until the one that decides lets it go.
///
/// Each process has a socket of its own to the decider; a child's is made by its parent before the fork.
/// If the decider has gone, the process ends at once.
public final class Gate {
  /// That of this process; nil where nothing is explored.
  nonisolated(unsafe) public internal(set) static var current: Gate?

  /// Whether this process is explored: then it ends with its run, and what it has detached does, too.
  static var endsWithRun: Bool { current.map { !$0.isLoose } ?? false }

  private var socket: Int32
  /// Whose gate it is.
  public private(set) var path: ProcessPath
  private var children = 0
  /// The paths of the children of this process, by their pids.
  private(set) var paths: [Int32: ProcessPath] = [:]
  /// How many channels it has made.
  private var channels: UInt64 = 0
  /// The time of the run (ns), which goes on only while no process can do anything.
  public private(set) var now: Int64 = 0
  /// The time that a process measures (ns): that of the run, else the monotonic one.
  public var clock: Int64 { isLoose ? Clock.monotonic : now }
  /// How many operations in a row have only looked.
  private var looks = 0
  /// How many built-ins run, one inside the other, where none of them calls a block.
  private var mostBuiltins = 0
  /// Operations inside of one that has passed do not stop.
  private(set) var depth = 0
  /// Of the call that runs: it never waits.
  public var isImpatient = false
  /// Of the call that runs: when it gives up, by the time of the run.
  public var deadline: Int64?
  /// What would be told of the channel that the call works on, where the channel does not know it.
  public var outlook: (() throws -> Prospect)?
  /// Each deadline may come at any time.
  public internal(set) var expiresAnytime = false
  /// Effects outside of the run are had.
  public var isReal = false
  /// Of the call that runs: what it takes is only lent.
  public var isLease = false
  /// When what is lent to this process is over, by the time of the run; the channel goes by the clock.
  public var leases: [Int64] = []
  /// That of `config chaos`: nothing is refused, others than the processes at gates have a part in what
  /// happens, and without the one that decides all goes on by itself.
  public let isLoose: Bool
  /// It waits for what is none of the processes at gates; meanwhile these go on.
  private var isAway = false
  /// Nobody at a gate can go on, so that the operation that has passed really waits.
  public private(set) var isFree = false
  private var isOver = false
  /// The channels that there were before the run.
  var made: Set<String> = []
  /// What is a step of its own.
  var detail: RunDetail = []
  /// What of that this process has said it looks at.
  private var isToldOf: RunDetail = []
  /// When the alarm of this process rings, by the time of the run.
  public var alarm: Int64?
  /// Of the call that runs: what it waits for where that is no channel.
  var awaited: [Access] = []
  /// The same number for all processes of this run, and for no others.
  var secret: UInt64 = 0
  /// The directory that the run has to itself; nil where files are used as they are.
  var directory: String?
  /// The working directory of those who explore: what a script reads that it consists of is there.
  public var outerDirectory: String?
  /// What the pids of other processes of the run are called.
  private var others: [Int32: String] = [:]
  /// The pid of the process that has made this one, and that of the first one of the run.
  private(set) var parentPid = Process.parentPid
  private(set) var rootPid = Process.pid
  /// What is printed is none of an outcome.
  var ignoresOutput = false
  /// What is printed now belongs to a step that has passed.
  var isPrinting = false
  /// The kernel is told which pid a child is to have.
  var fixesPids = false
  public var session: Session { .current }
  private var buffer = [UInt8](repeating: 0, count: 512)
  /// How many bytes the last order had.
  private var received = 0

  init(_ socket: Int32, _ path: ProcessPath, isLoose: Bool = false) throws {
    self.socket = try mapErrors { try Descriptors.makePrivate(socket) }
    self.path = path
    self.isLoose = isLoose
    if isLoose { limitWaits() }
  }

  /// What comes from elsewhere is looked for now and then.
  private func limitWaits() { try? Messages.limitWaits(socket, to: Gate.turn) }

  /// How often (ns).
  private static let turn: Int64 = 100_000_000

  /// What the decider says.
  enum Order: UInt8 {
    case go = 1, expire, look
    /// Signals that have come are handled, before the operation.
    case handle
    /// The alarm rings, which is handled before the operation, too.
    case ring
    /// The answer to a question.
    case answer
    /// The operation is to be done although it has to wait.
    case free
  }

  /// How the stop at a gate ended.
  public enum Passage {
    /// The operation is to be done, and will not have to wait.
    case go
    /// Its time is over.
    case expired
  }

  // MARK: Operations

  /// Stops before an operation.
  ///
  /// - Parameters:
  ///   - deadline: when it gives up, by the run's time.
  ///   - mayBegin: it can be begun although it has to wait.
  ///   - isBrief: signals that have come are handled behind it.
  ///   - outlook: whether it would have to wait; asked again whenever that may have changed. Nil where it
  ///     never has to.
  public func stop(
    _ operation: Operation, fact: GatePoint.Fact = .none, sends: [GatePoint.Sent] = [],
    until deadline: Int64? = nil, mayBegin: Bool = false, ends: Bool = false,
    isBrief: Bool = false, outlook: (() throws -> Prospect)? = nil
  ) throws -> Passage {
    if depth > 0 || isAway || isOver { return .go }
    isFree = false
    lookAtLeases()
    try session.output.flush()
    if let outer = operation.accesses.first(where: { made.contains($0.object) }) {
      let shown = Gate.shortened(operation.name)
      if outer.mode == .read {
        note(use: "'\(shown)' looks at a channel that was made before")
      } else {
        refuse("'\(shown)', on a channel that was made before,")
      }
    }
    var point = GatePoint(operation: operation, fact: fact, sends: sends)
    point.operation.accesses.append(Access("life \(path)", .read))
    point.deadline = deadline
    point.alarm = isBrief ? nil : alarm
    point.mayBegin = mayBegin
    point.neverWaits = outlook == nil
    // Who only looks again and again may have come back to where it was.
    if looks > 2, !isLoose, let state = session.interpreter?.stateNumber(within: mostBuiltins) {
      point.state =
        state ^ session.random.position ^ UInt64(bitPattern: now) &* 0x9e37_79b9_7f4a_7c15
    }
    let onlyLooks =
      operation.accesses.allSatisfy { $0.mode == .read || $0.mode == .readPart } && sends.isEmpty
    looks = onlyLooks ? looks + 1 : 0
    point.ends = ends
    if let place = session.interpreter?.activePlace {
      point.place = "\(place.source.name):\(place.line)"
    }
    while true {
      point.outlook = try look(outlook, isBrief)
      send(.stands(point))
      orders: while true {
        switch isLoose ? receiveOnce() : receive() {
        case nil: send(.news(try look(outlook, isBrief)))
        case .look: send(.looks(try look(outlook, isBrief)))
        case .expire: return .expired
        // A signal that has come is dealt with behind the operation.
        case .go: return .go
        case .free:
          isFree = true
          return .go
        case .ring:
          alarm = nil
          point.alarm = nil
          try? Process.send(.alrm, to: Process.pid)
          fallthrough
        case .handle:
          // Then the operation may have to wait after all.
          try session.attend()
          looks = 0
          point.state = nil
          point.alarm = alarm
          break orders
        case .answer: continue
        }
      }
    }
  }

  /// A lease that is over in the time of the run is not in that of the clock.
  func lookAtLeases() {
    guard leases.contains(where: { $0 <= now }) else { return }
    leases = []
    note(use: "a lease is over in the time of the run, which its queue does not know")
  }

  /// A block is about to run as the whole of the process: then its call and one of a built-in are all.
  func beginBlock() { mostBuiltins = (session.interpreter?.depthOfBuiltins ?? 0) + 2 }

  /// Runs what handles a signal: its operations stop, whatever it came into.
  func handle(_ block: Value, _ interpreter: Interpreter, _ body: () throws -> Void) rethrows {
    if interpreter.changesOuter(block) {
      note(
        use: "a handler of a signal changes a variable that the rest of its process has, too, and "
          + "is tried only before and behind operations")
    }
    let call = (depth, isImpatient, deadline, outlook, isLease, awaited)
    (depth, isImpatient, deadline, outlook, isLease, awaited) = (0, false, nil, nil, false, [])
    defer { (depth, isImpatient, deadline, outlook, isLease, awaited) = call }
    try body()
  }

  /// Does what may wait for others than the processes at gates: these go on meanwhile.
  public func away<R>(_ body: () throws -> R) throws -> R {
    if !isLoose || isAway || isFree || isOver || depth > 0 { return try body() }
    isAway = true
    send(.goesAway)
    let result: Result<R, any Error>
    do { result = .success(try body()) } catch { result = .failure(error) }
    isAway = false
    _ = try stop(Operation("go on"))
    return try result.get()
  }

  /// Whether a sleep is a real one, whose end is none of a step.
  var sleepsItself: Bool { isLoose && (depth > 0 || isAway || isFree || isOver) }

  /// Lets go of the socket of a gate that was only tried.
  func closeSocket() {
    Descriptors.close(socket)
    isOver = true
  }

  /// Gives the gate back: this process goes on by itself.
  ///
  /// - Parameter isInherited: in a forked child, where the descriptor is closed already.
  func close(isInherited: Bool = false) {
    if !isInherited {
      send(.goesAway)
      Descriptors.close(socket)
    }
    isOver = true
    if Gate.current === self { Gate.current = nil }
    OperationPoint.gate = nil
    session.interpreter?.endWatchingCalls()
  }

  /// Does what belongs to an operation that has passed: nothing in it stops.
  public func inside<R>(_ body: () throws -> R) rethrows -> R {
    depth += 1
    defer { depth -= 1 }
    return try body()
  }

  /// What the end of a process is called in accesses: of a child or the parent of this one.
  public func key(process pid: Int32) -> String {
    if let child = paths[pid] { return "proc \(child)" }
    if pid == Process.pid { return "proc \(path)" }
    if pid == parentPid, let parent = path.parent { return "proc \(parent)" }
    if let known = others[pid] { return known }
    send(.asks(pid: pid))
    while receive() != .answer { if isOver { return "proc of another" } }
    let name = String(decoding: buffer[9..<max(9, received)], as: UTF8.self)
    let key = name.isEmpty ? "proc of another" : "proc \(name)"
    others[pid] = key
    return key
  }

  /// The number of the next channel that this process makes: the same in each run.
  func nextChannel() -> UInt64 {
    channels += 1
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for place in path.places + [Int(channels)] {
      hash = (hash ^ UInt64(truncatingIfNeeded: place)) &* 0x100_0000_01b3
      hash ^= hash >> 29
    }
    return max(1, hash)
  }

  /// Says that something was used that is not part of the run, so that nothing is proven.
  public func note(use what: String) { if !isLoose { send(.uses(what)) } }

  /// Says that something is looked at that is to be a step of its own.
  public func need(_ detail: RunDetail) {
    if isLoose || depth > 0 || isToldOf.isSuperset(of: detail) { return }
    isToldOf.formUnion(detail)
    send(.needs(detail))
  }

  /// Before something that has an effect outside of the run, or is not known to have none: ends the run,
  /// unless such effects are wanted.
  public func refuse(_ what: String) {
    if isLoose { return }
    if isReal { return note(use: what) }
    refuse(
      "\(what) has effects outside of what is explored, in each run anew",
      help: "leave it out, or have it done in each run with --real")
  }

  /// Before something that cannot be explored at all: ends the run.
  ///
  /// - Parameter sentence: what, and why.
  public func refuse(_ sentence: String, help: String) {
    if isLoose { return }
    let place = session.interpreter?.activePlace.map { "\($0.source.name):\($0.line)" } ?? ""
    send(.refuses(sentence, place: place, help: help))
    while true { _ = receive() }
  }

  private func look(
    _ outlook: (() throws -> Prospect)?, _ isBrief: Bool
  ) throws -> GateMessage.Outlook {
    var result = GateMessage.Outlook()
    // The kernel sends CHLD with a lock held that this call waits for, after it has told others.
    if session.handlers.blocks[.chld] != nil { _ = try? Reaper.peek(pid: Process.pid) }
    result.hasSignal = !isBrief && session.hasSignalToObey
    if case .waits(let holders)? = try outlook?() {
      result.waits = true
      result.holders = holders
    }
    return result
  }

  // MARK: Forks

  /// Forks: the child's gate is made before, and its parent stops until the child stands before something.
  func fork(_ make: () throws -> Int32) throws -> Int32 {
    if isOver { return try make() }
    children += 1
    let ends = try mapErrors("cannot fork") { try Descriptors.messagePair() }
    let own = Process.pid
    let pid: Int32
    do {
      if fixesPids { RunPids.prepare(path.child(children)) }
      pid = try make()
    } catch {
      for end in [ends.0, ends.1] { Descriptors.close(end) }
      children -= 1
      throw error
    }
    if pid == 0 {
      // Only the decider has it, so that each side sees the end of the other.
      Descriptors.close(ends.0)
      path = path.child(children)
      parentPid = own
      children = 0
      isPrinting = false
      leases = []
      paths = [:]
      depth = 0
      looks = 0
      mostBuiltins = 0
      channels = 0
      alarm = nil
      // That of its parent was private, and is closed. What it does up to its first stop others cannot see.
      socket = (try? Descriptors.makePrivate(ends.1)) ?? ends.1
      (isAway, isFree) = (false, false)
      if isLoose {
        limitWaits()
        begin()
      }
    } else {
      Descriptors.close(ends.1)
      paths[pid] = path.child(children)
      send(.forked(place: children, pid: pid), descriptors: [ends.0])
      Descriptors.close(ends.0)
      awaitGo()
    }
    return pid
  }

  /// A process has begun, of which the decider is to learn the pid.
  func begin() {
    send(.began(pid: Process.pid))
    awaitGo()
  }

  private func awaitGo() { while receive() != .go {} }

  // MARK: Messages

  func send(_ message: GateMessage, descriptors: [Int32] = []) {
    let bytes = message.bytes
    while !isOver {
      let isSent = bytes.withUnsafeBytes {
        try? Messages.send(socket, $0, descriptors: descriptors, waits: true)
      }
      guard let isSent else { return end() }
      if isSent { return }
    }
  }

  private func receive() -> Order {
    while true { if let order = receiveOnce() { return order } }
  }

  /// What the decider says; nil where a signal has come, or some time has passed, before that.
  private func receiveOnce() -> Order? {
    if isOver { return .go }
    let received: ReceivedMessage?
    do {
      received = try buffer.withUnsafeMutableBytes {
        try Messages.receive(socket, into: $0, waits: true)
      }
    } catch {
      end()
      return .go
    }
    // A signal that is recorded ends the call.
    guard let received else { return nil }
    guard received.count >= 9, let order = Order(rawValue: buffer[0]) else {
      end()
      return .go
    }
    self.received = received.count
    now = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 1, as: Int64.self) }
    return order
  }

  /// The decider has gone.
  private func end() {
    if !isLoose { Process.exitNow(0) }
    isOver = true
  }
}
