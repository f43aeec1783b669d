import Channels
import Explore
import Language
import Posix
import Session

/// What built-ins do in a process that is explored: they stop before they use what processes share, and
/// time and random numbers are those of the run.
enum ExploredCalls {
  /// Has the calls of this process watched.
  static func watch(_ interpreter: Interpreter) {
    interpreter.watchCalls(
      { command in standIn(command) }, select: ExploredSelect.select, field: ExploredFields.field)
    let session = interpreter.session
    Gate.endAccesses = { ExploredSockets.ends(session) }
  }

  private static func standIn(_ command: Command) -> Interpreter.StandIn? {
    switch command.name {
    case "shm get", "shm set", "shm add", "shm cas": ExploredMemory.standIn
    case "shm update": ExploredMemory.update
    case "print", "echo": print
    case "wait": ExploredProcesses.wait
    case "kill", "stop", "continue", "process terminate": ExploredProcesses.signal
    case "terminate": ExploredProcesses.terminate
    case "_exit": ExploredProcesses.leave
    case "signal on", "signal ignore", "signal default", "signal block", "signal unblock",
      "signal pending", "signal list":
      ExploredSignals.local
    case "signal wait": ExploredSignals.wait
    case "alarm": ExploredSignals.alarm
    case "process alive", "process info", "state": ExploredProcesses.look
    case "info": ExploredProcesses.lookClosely
    case "pipe send", "pipe recv": ExploredPipes.transfer
    case "pipe read", "pipe write": ExploredPipes.bytes
    case "pipe poll": ExploredPipes.poll
    case "pipe close": letGo
    case _ where command.name.hasSuffix(" drop"): letGo
    case "queue get": lend
    case "queue ack", "queue nack": acknowledge
    case "process join": ExploredProcesses.wait
    case "queue size", "queue empty", "queue full", "queue peek", "event is-set", "sem value",
      "lock info", "queue info", "sem info", "event info", "pipe info", "shm info", "queue items",
      "queue dead":
      look
    case "queue list", "pipe list", "shm list", "lock list", "sem list", "event list",
      "barrier list", "cond list", "ps", "jobs", "tree":
      survey
    case "why", "who", "deadlock", "top", "sessions": refuseLook
    case "sleep": sleep
    case "now": now
    case "read", "exists", "write", "append": ExploredFiles.file
    case "glob": ExploredFiles.glob
    case "spawn", "exec", "detach": refuse
    case _ where command.name.hasPrefix("pool "): refusePool
    case _ where command.name.hasPrefix("socket "): ExploredSockets.standIn(command.name)
    case _ where foreign.contains { command.name.hasPrefix($0) }: refuse
    default: command.flags.contains { $0.name == "timeout" } ? timed : nil
    }
  }

  /// Families whose processes, files and connections are none of a run.
  private static let foreign = ["record", "timeline", "blackbox", "fg", "bg"]

  @Sendable private static func refuse(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    Gate.current?.refuse("'\(call.command.name)'")
    return try work(call)
  }

  /// What looks at many things at once: others may change them before or behind.
  @Sendable private static func survey(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    if call.command.name.hasSuffix(" list") { gate.need(.waiters) }
    gate.note(use: "'\(call.command.name)' looks at all at once, in no order to what others do")
    _ = try gate.stop(Operation(words(call)))
    return try gate.inside { try work(call) }
  }

  @Sendable private static func refuseLook(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    Gate.current?.refuse(
      "'\(call.command.name)' cannot be explored: it looks at processes as the kernel has them, and there "
        + "all stand before their next operation",
      help: "leave it out: a deadlock is an outcome of its own")
    return try work(call)
  }

  @Sendable private static func refusePool(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    Gate.current?.refuse(
      "'\(call.command.name)' cannot be explored: a pool's workers do not stop where others could come "
        + "first",
      help: "fork a process for each item: wait ...(map $items { |item| fork { … } })")
    return try work(call)
  }

  /// `queue get`, which may only lend the item.
  @Sendable private static func lend(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let lease = call.nanoseconds("lease")
    gate.isLease = lease != nil
    defer { gate.isLease = false }
    let value = try timed(call, work)
    if let lease, !gate.isLoose { gate.leases.append(gate.now &+ Int64(lease)) }
    return value
  }

  @Sendable private static func acknowledge(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, case .handle(let handle as ChannelHandle) = call[0] else {
      return try work(call)
    }
    _ = try gate.stop(
      Operation(words(call), [Access(Gate.key(handle.channel.id), .write)]), fact: .givesAll)
    gate.leases = []
    return try gate.inside { try work(call) }
  }

  /// What closes an end of a pipe, or lets go of a channel: others may wait in vain from then on.
  @Sendable private static func letGo(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let id: UInt64
    switch call[0] {
    case .handle(let end as PipeEndHandle): id = end.owner.pipe.id
    case .handle(let handle as ChannelHandle): id = handle.channel.id
    default: return try work(call)
    }
    let key = Gate.key(id)
    _ = try gate.stop(
      Operation(words(call), [Access(key, .write), Access(key + " lock", .write)]))
    return try gate.inside { try work(call) }
  }

  /// What looks at a channel and changes nothing.
  @Sendable private static func look(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, case .handle(let handle as ChannelHandle) = call[0] else {
      return try work(call)
    }
    let key = Gate.key(handle.channel.id)
    var accesses = [Access(key, .read)]
    if call.command.name.hasSuffix(" info") {
      gate.need(.waiters)
      accesses.append(Access(Gate.waiters(of: handle.channel.id), .read))
      if handle is SharedHandle { accesses.append(Access(key + " lock", .read)) }
    }
    _ = try gate.stop(Operation(words(call), accesses))
    return try gate.inside { try work(call) }
  }

  /// Of a call that may wait for so long and no longer: the time is that of the run.
  @Sendable static func timed(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, call.hasFlags else { return try work(call) }
    let time = call.nanoseconds("timeout")
    let isImpatient = call.isSet("no-wait") || time == 0
    let outer = (gate.isImpatient, gate.deadline)
    gate.isImpatient = isImpatient
    gate.deadline = isImpatient ? nil : time.map { gate.now &+ Int64($0) }
    defer { (gate.isImpatient, gate.deadline) = outer }
    if !isImpatient { call.replace(flag: "timeout", by: .duration(century)) }
    return try work(call)
  }

  /// Longer than any run (ns).
  static let century = 100 * 365 * 86_400 * 1_000_000_000

  @Sendable private static func print(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    var named: [ProcessHandle] = []
    for index in 0..<call.count { collect(call[index], &named, 0) }
    // What is printed tells their states.
    let looks = named.compactMap { gate.accesses(textOf: $0) }
    for process in named where process.record == nil { gate.awaitStanding(process.pid) }
    let name = gate.printing { words(call) }
    if call.session.hasRedirectedOutput {
      try gate.stopAtOutput(name, looks)
    } else {
      _ = try gate.stop(Operation(name, gate.output + looks))
    }
    for process in named where process.record == nil { gate.awaitStanding(process.pid) }
    return try gate.printing {
      let result = try work(call)
      try call.session.output.flush()
      return result
    }
  }

  /// The processes in a value that is about to be shown.
  private static func collect(_ value: Value, _ processes: inout [ProcessHandle], _ depth: Int) {
    if depth > 8 { return }
    switch value {
    case .handle(let process as ProcessHandle): processes.append(process)
    case .handle(let object as ProcessObject):
      if let process = object.process { processes.append(process) }
    case .list(let list):
      // What is shown of a long one is enough.
      for item in list.items.prefix(1000) { collect(item, &processes, depth + 1) }
    case .map(let map): for (_, item) in map.pairs { collect(item, &processes, depth + 1) }
    default: break
    }
  }

  @Sendable private static func sleep(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current else { return try work(call) }
    let time = Int64(max(0, call.int(0)))
    if time == 0 { return .null }
    _ = try gate.stop(Operation(words(call)), until: gate.now &+ time) { .waits(holders: []) }
    return .null
  }

  @Sendable private static func now(
    _ call: borrowing Call, _ work: @Sendable (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let gate = Gate.current, !gate.isLoose else { return try work(call) }
    return .time(Int(gate.now) + beginning)
  }

  /// When each run begins: the first second of the year 2000.
  private static let beginning = 946_684_800 * 1_000_000_000

  /// A call with the values of its arguments, as `Gate.shortened` makes it what people read.
  static func words(_ call: borrowing Call) -> String {
    var bytes = Array(call.command.name.utf8)
    for index in 0..<call.count {
      let word: String
      switch call[index] {
      case .handle(let handle as ChannelHandle): word = handle.name
      case .handle(let handle as ProcessHandle): word = handle.name
      case .handle(let handle as SocketHandle): word = handle.name
      case .closure: word = "{ … }"
      default: word = call.spelled(index)
      }
      bytes.append(Gate.separator)
      // A pid in it is to be seen whole before it is cut.
      for byte in word.utf8.prefix(400) {
        bytes.append(byte == 0x0A || byte == Gate.separator ? 0x20 : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
