import CPosix
import Channels
import Explore
import Language
import Posix
import Waits

/// Operations on channels at a gate.
extension Gate {
  /// Makes this the gate of the process: its channels stop here from now on.
  func open() {
    Gate.current = self
    beginBlock()
    watchOperations()
    made = Set(session.channels.all.map { Gate.key($0.channel.id) })
    session.hooks.beforeEnd.append { [self] in leave() }
    session.output.beforeWriting = { Gate.current?.stopAtCollected() }
    OperationPoint.number { Gate.current?.nextChannel() ?? .random(in: 1 ... .max) }
  }

  /// Operations on channels stop here.
  func watchOperations() {
    OperationPoint.gate = { verb, channel in try Gate.current?.stop(verb, channel) }
  }

  /// Stands between the words of an operation's name until it is shortened.
  public static let separator: UInt8 = 0x1F

  /// A name with one more word.
  public static func words(_ name: String, _ word: String) -> String {
    "\(name)\(Character(Unicode.Scalar(separator)))\(word)"
  }

  /// The name of an operation as people read it: long words are cut, by the decider, which knows first
  /// what in them is a pid.
  public static func shortened(_ name: String) -> String {
    guard name.utf8.contains(separator) else { return name }
    return name.utf8.split(separator: separator, omittingEmptySubsequences: false).map { part in
      let word = String(decoding: part, as: UTF8.self)
      return word.utf8.count > 40 && word.count > 40 ? word.prefix(39) + "…" : word
    }.joined(separator: " ")
  }

  /// Names a channel in accesses.
  public static func key(_ id: UInt64) -> String {
    // Every process does it: what is generic in Swift would be found out anew in each.
    var rest = id
    var digits: [UInt8] = []
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest % 36)
      digits.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      rest /= 36
    } while rest > 0
    digits.append(UInt8(ascii: "c"))
    digits.reverse()
    return String(decoding: digits, as: UTF8.self)
  }

  /// Before the end of this process: who of its children was not waited for.
  private func leave() {
    session.postponing { try session.output.flush() }
    lookAtLeases()
    let left = session.processes.users.filter { $0.record == nil && !$0.isDaemon && !$0.isDetached }
    let children = left.compactMap { paths[$0.pid] }
    if !children.isEmpty { send(.leaves(children)) }
    try? stopAtEnd()
  }

  /// Stops before the end of this process, where that is a step.
  public func stopAtEnd() throws {
    guard detail.contains(.ends) else { return }
    let others = Gate.endAccesses?() ?? []
    if path == ProcessPath(), others.isEmpty { return }
    _ = try stop(Operation("exit", [Access("proc \(path)", .write, .gives)] + others), ends: true)
  }

  /// What else the end of a process of a run changes.
  nonisolated(unsafe) public static var endAccesses: (() -> [Access])?

  /// What stands for all sockets in accesses: the death of a process may close some.
  public static let sockets = "sockets"

  /// Does what may stop in its middle until something has come, at most until a moment of the run's time.
  ///
  /// - Parameter accesses: what it waits for.
  public func waiting<R>(
    for accesses: [Access], until deadline: Int64?, _ body: () throws -> R
  ) rethrows -> R {
    let outer = (awaited, self.deadline)
    (awaited, self.deadline) = (accesses, deadline)
    defer { (awaited, self.deadline) = outer }
    return try body()
  }

  /// A text with the pids of processes of the run as their names.
  public func named(_ text: String) -> String {
    var result = ""
    var digits = ""
    func take() {
      if let pid = Int32(digits), pid > 1, digits.count > 1 {
        let key = key(process: pid)
        result += key == "proc of another" ? digits : "<\(key.dropFirst(5))>"
      } else {
        result += digits
      }
      digits = ""
    }
    for character in text {
      if ("0"..."9").contains(character) {
        digits.append(character)
      } else {
        take()
        result.append(character)
      }
    }
    take()
    return result
  }

  /// The name of a socket that only processes of this run find.
  public func hiddenName(_ name: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return "brood-explore-\(Gate.key(secret))-\(Gate.key(hash))"
  }

  /// A port for one who listens at any: the same in each run.
  public func nextPort() -> UInt16 { UInt16(clamping: 40_000 + nextChannel() % 20_000) }

  private func stop(_ verb: OperationPoint.Verb, _ channel: Channel) throws {
    let key = Gate.key(channel.id)
    var accesses: [Access]
    var fact = GatePoint.Fact.none
    switch verb {
    case .lockAcquire, .memoryLock:
      accesses = [Access(key, .write, isImpatient || deadline != nil ? .none : .takes)]
      fact = .takes
    case .lockRelease, .memoryUnlock:
      accesses = [Access(key, .write, .gives)]
      fact = .gives
    case .semaphoreAcquire:
      accesses = [Access(key, .write)]
      fact = (channel as? Semaphore)?.isCounter ?? true ? .none : .takes
    case .semaphoreRelease:
      accesses = [Access(key, .write)]
      fact = (channel as? Semaphore)?.isCounter ?? true ? .none : .gives
    case .eventWait: accesses = [Access(key, .read)]
    case .conditionWait:
      accesses = [Access(key, .write)]
      if let mutex = (channel as? Condition)?.mutex {
        accesses.insert(Access(Gate.key(mutex.id), .write, .gives), at: 0)
        fact = .gives
      }
    case .queueGet:
      accesses = [Access(key, .write)]
      if isLease { fact = .takes }
    default: accesses = [Access(key, .write)]
    }
    // The lock of shared memory is none of its elements.
    if channel.kind == .memory { accesses = accesses.map { $0.renamed($0.object + " lock") } }
    let name = Channel.name(of: channel.objectID) ?? channel.kind.word
    var operation = Operation("\(verb.name) \(name)", accesses)
    if isImpatient || !verb.mayWait {
      if try stop(operation, fact: fact, until: deadline) == .expired { throw ChannelError.timeout }
      return
    }
    func look() throws -> Prospect { try outlook?() ?? channel.outlook(of: verb) }
    var isTold = false
    if isLoose || detail.contains(.waiters), depth == 0 {
      if detail.contains(.waiters) {
        operation.accesses.append(Access(Gate.waiters(of: channel.id), .write))
        var first = operation
        for place in first.accesses.indices where first.accesses[place].exclusion == .takes {
          first.accesses[place].exclusion = .none
        }
        let passage = try stop(first, fact: fact, until: deadline, mayBegin: true, outlook: look)
        if passage == .expired { throw ChannelError.timeout }
        if try look() == .goes { return }
      }
      isTold = try !isLoose || look() != .goes
      if isTold { channel.tell(waitingFor: verb) }
    }
    defer { if isTold { channel.tell(waitingFor: nil) } }
    let passage = try stop(operation, fact: fact, until: deadline, outlook: look)
    if passage == .expired { throw ChannelError.timeout }
  }

  /// Names those who wait for a channel in accesses.
  public static func waiters(of id: UInt64) -> String { key(id) + " waiters" }

  /// Stops in the middle of an operation, until one of some descriptors is readable; false where it is to
  /// sleep by itself.
  func sleep(
    on descriptors: UnsafeBufferPointer<Int32>, ready: UnsafeMutablePointer<UInt8>
  ) throws -> Bool {
    if sleepsItself { return false }
    var wait = brood_wait()
    var name = "wait"
    var accesses: [Access] = []
    if brood_wait_own(&wait) {
      let seen = WaitNote.Seen(wait)
      name = seen.verb.name
      for target in seen.sleep.targets {
        if let channel = Channel.name(of: target.object) { name += " \(channel)" }
        accesses.append(Access(Gate.key(target.object.number), .write))
      }
    }
    accesses += awaited
    let count = Int32(clamping: descriptors.count)
    func look() -> Bool {
      brood_wait_readable(descriptors.baseAddress, count, ready, 0)
      return (0..<descriptors.count).contains { ready[$0] != 0 }
    }
    let passage = try stop(Operation("\(name) (asleep)", accesses), until: deadline) {
      look() ? .goes : .waits(holders: [])
    }
    if passage == .expired { throw ChannelError.timeout }
    if isFree { return false }
    _ = look()
    return true
  }
}

extension Access {
  func renamed(_ object: String) -> Access { Access(object, mode, exclusion) }
}
