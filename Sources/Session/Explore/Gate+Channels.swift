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
    watchOperations()
    made = Set(session.channels.all.map { Gate.key($0.channel.id) })
    session.hooks.beforeEnd.append { [self] in leave() }
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
    let left = session.processes.users.filter { $0.record == nil && !$0.isDaemon && !$0.isDetached }
    let children = left.compactMap { paths[$0.pid] }
    if !children.isEmpty { send(.leaves(children)) }
  }

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
    let passage = try stop(
      Operation("\(verb.name) \(name)", accesses), fact: fact, until: deadline
    ) {
      if isImpatient { return .goes }
      return try outlook?() ?? channel.outlook(of: verb)
    }
    if passage == .expired { throw ChannelError.timeout }
  }

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
