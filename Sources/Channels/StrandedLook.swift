import CPosix
import Posix
import Processes
import Waits

/// A look at who is left that could act on a channel, by one who waits for ever: a graph of the
/// processes that could, of those that they wait for, and so on.
///
/// The graph has no more than the rule needs. A process cannot act if it
/// - waits for ever for the same at this channel, and was not woken since (`Peers`);
/// - waits, without a time limit or a handler, for the end of processes that cannot act, the one who
///   looks among them: a parent in `wait`;
/// - waits for ever at any channel, where a process that had this one has failed: the stages of a
///   pipeline whose middle is gone.
///
/// All others can. Whatever cannot be read is unknown, and then a process may be left.
struct StrandedLook {
  private(set) var answer = Answer.can
  /// The processes that were looked at, with the numbers of their wait records: the same waits have
  /// the same signature.
  private(set) var signature: [UInt64] = []

  /// Those who could act and wait for the end of processes instead, and where.
  var waitingForEnds: [(pid: Int32, place: SourcePlace?)] {
    graph.order.compactMap { pid in
      guard let sleep = graph.sleep(of: pid), sleep.targets.contains(where: { $0.want == .end })
      else { return nil }
      return (pid, sleep.place)
    }
  }

  /// Whether one look at a process's wait record says that it can act: it is awake, or it will be.
  ///
  /// Of a hundred sleepers each asks this first, since one process that can act is enough.
  static func surelyActs(_ slot: Int32) -> Bool {
    var wait = brood_wait()
    guard brood_wait_read(slot, &wait) else { return true }
    return wait.deadline != .max
  }

  private let channel: Channel
  private let stuck: Peers.State
  private let turn: UInt32?
  private let target: WaitTarget
  private let followsOthers: Bool
  private var graph = WaitGraph()

  /// - Parameters:
  ///   - stuck: what this process is in.
  ///   - seen: the turn at which all who are stuck so saw what they wait for, if they are alike.
  ///   - closed: what a process that could act must not have closed.
  init(
    _ channel: Channel, as stuck: Peers.State, since seen: UInt32?, needing closed: Peers.Closed
  ) {
    self.channel = channel
    self.stuck = stuck
    turn = seen
    let id = channel.objectID
    let want = channel.kind.want(isWriting: stuck == .stuckWriting)
    target = WaitTarget(id, want)
    followsOthers = channel.peers.lastFailure() != nil
    let own = brood_slot_own()
    // Without a table no process can be told from another.
    guard own >= 0, !channel.peers.isTravelling else { return }
    let pid = Process.pid
    graph.add(WaitProcess(pid: pid, .asleep, .init("", [target])))
    // Those who wait for the same cannot act; there may be a thousand of them. For a worker without a
    // task its maker counts, if that has the channel.
    let wakers = (0..<brood_slots_top()).filter { slot in
      slot != own
        && channel.peers.standing(slot, beside: stuck, since: seen, needing: closed)?.mayAct
          ?? false
    }
    for slot in wakers where !addWaker(slot) { return }
    addObject(id, want, wakers)
    addAwaited()
    // What the whole graph says of this process.
    answer = graph.whoCanAct()[pid] ?? .unknown
  }

  /// The slots of the processes that have a channel and use it.
  private func users(of channel: Channel) -> [Int32] {
    (0..<brood_slots_top()).filter { slot in
      guard let state = channel.peers.state(slot) else { return false }
      return state != .left || Peers.waitsForLeft
    }
  }

  private mutating func addObject(_ id: ObjectID, _ want: Want, _ wakers: [Int32]) {
    let role: WaitObject.Roles = want == .value ? .canPut : want == .room ? .canGet : .canAct
    let shares = wakers.map { WaitObject.Share(brood_slot_occupant($0), role) }
    graph.add(WaitObject(id, shares, isTrue: [want: false]))
  }

  /// Adds one who could act at once; false if it surely can, and the rest need not be looked at.
  private mutating func addWaker(_ slot: Int32) -> Bool {
    let pid = brood_slot_occupant(slot)
    add(slot)
    switch graph.processes[pid]?.state {
    case .running, .ready: return false
    default: return true
    }
  }

  /// The processes and channels that those wait for who are in the graph, until nothing is new.
  private mutating func addAwaited() {
    var at = 0
    while at < graph.order.count {
      let pid = graph.order[at]
      at += 1
      for target in graph.sleep(of: pid)?.targets ?? [] { addAwaited(target) }
    }
  }

  private mutating func addAwaited(_ target: WaitTarget) {
    if let pid = target.object.pid {
      guard graph.processes[pid] == nil else { return }
      if let slot = slot(of: pid) { add(slot) }
      return
    }
    guard graph.objects[target.object] == nil else { return }
    // Results of tasks are looked at by the session.
    if let maker = target.object.owner, target.want == .value {
      // A worker without a task: who gives it one.
      if let slot = slot(of: maker), graph.processes[maker] == nil { add(slot) }
      graph.add(
        WaitObject(target.object, [.init(maker, .canPut)], isTrue: [target.want: false]))
      return
    }
    // Not in the graph is unknown.
    guard followsOthers, let other = Channel.find(target.object.number), !other.peers.isTravelling
    else { return }
    let wakers = users(of: other)
    for slot in wakers where graph.processes[brood_slot_occupant(slot)] == nil { add(slot) }
    addObject(target.object, target.want, wakers)
  }

  private func slot(of pid: Int32) -> Int32? {
    (0..<brood_slots_top()).first { brood_slot_occupant($0) == pid && brood_slot_occupied($0) }
  }

  // MARK: One process

  private mutating func add(_ slot: Int32) {
    let pid = brood_slot_occupant(slot)
    let (seen, number) = look(slot, pid)
    signature.append(UInt64(UInt32(bitPattern: pid)) << 32 | UInt64(number))
    graph.add(seen.process(beside: target))
  }

  /// What there is to see of a process, and the number of its wait record.
  private func look(_ slot: Int32, _ pid: Int32) -> (SeenProcess, UInt32) {
    var seen = SeenProcess(pid: pid, life(slot, pid))
    guard seen.life == .living else { return (seen, 1) }
    if channel.peers.isIdleWorker(slot, needing: []) {
      seen.maker = brood_slot_occupant(brood_slot_manager(slot) - 1)
    }
    seen.waitsForTheSame = waitsForTheSame(slot)
    var wait = brood_wait()
    guard brood_wait_read(slot, &wait) else { return (seen, 1) }
    let note = WaitNote.Seen(wait)
    var sleep = note.sleep
    if let text = SessionMemory.own?.text(note.text) {
      sleep.place = SourcePlace(text, line: Int(note.line))
    }
    seen.note = sleep
    seen.flags = note.flags
    seen.isNoteBelieved = note.sleep.targets.allSatisfy { isBelieved($0, slot) }
    // Of those that wait for the same, the turn says what the number says of others.
    return (seen, seen.waitsForTheSame || seen.maker != nil ? 0 : wait.number)
  }

  private func waitsForTheSame(_ slot: Int32) -> Bool {
    channel.peers.state(slot, alike: turn.map { (state: stuck, turn: $0) }) == stuck
  }

  private func life(_ slot: Int32, _ pid: Int32) -> SeenProcess.Life {
    if pid <= 0 { return brood_slot_begins(slot) ? .beginning : .ended }
    switch ProcessIdentity.look(pid) {
    case .seen(let stat): return stat.hasEnded || stat.isEnding ? .ended : .living
    case .gone, .unseen(hasEnded: true): return .ended
    case .unseen: return .unseen
    }
  }

  /// Whether it is sure that a process still lacks what it noted that it waits for.
  private func isBelieved(_ target: WaitTarget, _ slot: Int32) -> Bool {
    if target.want == .end { return true }
    guard followsOthers, let other = Channel.find(target.object.number) else { return false }
    switch other.kind {
    // These have holders, who are not told by `Peers`.
    case .lock, .memory: return false
    case .semaphore where !((other as? Semaphore)?.isCounter ?? false): return false
    default: break
    }
    let state = other.peers.state(slot)
    return state == .stuckReading || state == .stuckWriting
  }
}
