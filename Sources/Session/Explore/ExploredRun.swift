import Explore
import Glibc
import Language
import Posix
import Processes

/// One run of what is explored: its processes, of which one at a time goes on from a gate to the next.
final class ExploredRun {
  /// A process of the run that lives.
  struct Member {
    let path: ProcessPath
    var pid: Int32 = 0
    var pidfd: Int32 = -1
    let socket: Int32
    /// What it stands before; nil while it is on its way.
    var point: GatePoint?
    var isStopped = false
    /// What it has only looked at since it last did something else, or one of these has changed.
    var looks = Looks()
    /// The step, from 0, that made possible what it waited for.
    var cause: Int?
    /// What it holds, by what that is called in accesses.
    var held: [Held] = []
    /// Signals that were sent to it since its last step.
    var signals: Set<Int32> = []
  }

  /// Operations of a process in a row that change nothing.
  struct Looks {
    /// How many.
    var count = 0
    /// What they have used.
    var accesses: [Access] = []
    /// Where the process has been meanwhile.
    var states: Set<UInt64> = []
    /// It has come back to where it was, and will do the same again until somebody changes something.
    var isLoop = false

    mutating func note(_ effects: Operation, _ state: UInt64?) {
      count += 1
      for access in effects.accesses where !accesses.contains(access) { accesses.append(access) }
      if let state, !states.insert(state).inserted { isLoop = true }
    }
  }

  /// A lock, a permit or an item that a process has.
  struct Held: Hashable {
    let object: String
    /// What took it, as `lock acquire a`.
    let operation: String
  }

  var members: [ProcessPath: Member] = [:]
  /// The pids of all processes of the run, those that have ended, too.
  var pids: [Int32: ProcessPath] = [:]
  /// The time of the run (ns).
  private(set) var now: Int64 = 0
  /// What makes a proof impossible, in words.
  var used: Set<String> = []
  /// What went on, for findings.
  var history = RunHistory()
  /// How many operations were done.
  private(set) var steps = 0
  let limits: ExploreLimits
  private(set) var kills = 0
  /// For messages, of all runs.
  nonisolated(unsafe) static let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: 65536, alignment: 16)
  /// What a process looks at that is to be a step of its own.
  var wanted: RunDetail = []
  /// A process computes without end.
  var isLost = false
  /// Descriptors that came with messages.
  var arrived: [Int32] = []

  /// Who was made, and who has ended, since the last step began.
  var born: Set<ProcessPath> = []
  var gone: [ProcessPath] = []
  /// What the processes print goes there, if it counts.
  private let output: Int32
  private var printed = 0
  /// What runs have shown; nil where pids need not be told from other numbers.
  let numbers: RunNumbers?

  /// A run that is about to begin.
  ///
  /// - Parameter output: where its processes print.
  init(_ limits: ExploreLimits, _ output: Int32, _ numbers: RunNumbers?) {
    self.limits = limits
    self.numbers = numbers
    numbers?.begin()
    self.output = limits.comparesOutput ? output : -1
  }

  /// Whether something was printed since one last asked: what a built-in says beside its operation.
  private func hasPrinted() -> Bool {
    guard output >= 0, let size = try? MemoryFile.size(of: output), size != printed else {
      return false
    }
    printed = size
    return true
  }

  /// The first process was forked; it goes up to its first operation.
  func begin(_ socket: Int32, _ pid: Int32) throws {
    try attach(ProcessPath(), socket, pid)
  }

  /// Something cannot be explored.
  struct Refused: Error {
    /// What, and why, as a sentence.
    let what: String
    let place: String
    let help: String
  }

  /// A process has got a pid that is also a number of what is explored: another run is made in place of
  /// this one.
  struct Coincidence: Error {}

  // MARK: What can happen

  /// What each process could do now.
  private func look() -> Moment {
    var choices: [Step] = []
    var isLooping = false
    var pending: [ProcessPath: Operation] = [:]
    var idle: [Step] = []
    for member in members.values {
      guard let point = member.point else { continue }
      pending[member.path] = point.operation
      if kills < limits.kills, member.path != ProcessPath() {
        choices.append(Step(member.path, .kill))
      }
      if member.isStopped { continue }
      if point.outlook.hasSignal { choices.append(Step(member.path, .signal)) }
      if !point.outlook.waits || point.mayBegin {
        let choice = Step(member.path, point.act)
        if member.looks.isLoop {
          isLooping = true
        } else if member.looks.count < ExploredRun.mostLooks {
          choices.append(choice)
        } else {
          idle.append(choice)
        }
      }
      // Who is due may be late: others can come first.
      if let time = point.time, limits.anyTimeouts || time <= now {
        choices.append(Step(member.path, .expire))
      }
    }
    var advances = false
    if !choices.contains(where: { $0.act != .kill }) {
      let times = members.values.filter { !$0.isStopped }.compactMap { $0.point?.time }
      if let next = times.min() {
        for member in members.values where !member.isStopped && member.point?.time == next {
          choices.append(Step(member.path, .expire))
          advances = true
        }
      }
    }
    // Who looks again and again at the same waits until somebody changes it, or time goes on.
    if !choices.contains(where: { $0.act.isOwn || $0.act == .expire }) {
      choices += idle
    } else if !idle.isEmpty {
      used.insert(
        "a process has looked \(ExploredRun.mostLooks) times at what nobody changed, and was kept from "
          + "going on while others could")
    }
    loops = isLooping && !choices.contains { $0.act != .kill }
    var moment = Moment(choices, pending)
    moment.advances = advances
    return moment
  }

  /// The moment before the next step.
  private(set) var lastMoment = Moment([], [:])

  /// Looks at what can happen now.
  func keepMoment() { lastMoment = look() }

  /// Nothing is left but processes that look at the same again and again.
  private(set) var loops = false

  /// What keeps this from being a proof.
  func note(use what: String) { used.insert(what) }

  /// Two signals of one kind have come, and none was handled yet.
  private static let joined =
    "a signal was sent again before it was handled: the kernel may make one of both"

  /// Who is left and can do nothing any more.
  var waiting: [(ProcessPath, GatePoint)] {
    members.values.compactMap { member in member.point.map { (member.path, $0) } }
      .sorted { $0.0 < $1.0 }
  }

  /// So many looks in a row are made before all that others can do, unless they have come back to where
  /// they began.
  private static let mostLooks = 64

  // MARK: Steps

  /// Lets something happen; yields what it has done, and which earlier step made it possible.
  func take(_ choice: Step) throws -> (effects: Operation, cause: Int?) {
    guard var member = members[choice.process], let point = member.point else {
      return (Operation(""), nil)
    }
    let cause = member.cause
    steps += 1
    if choice.act == .kill { return (kill(member), nil) }
    var effects = point.operation
    var order = Gate.Order.go
    if choice.act == .expire, let time = point.time {
      if time > now {
        now = time
        for path in members.keys { members[path]?.looks = Looks() }
        member.looks = Looks()
      }
      order = point.ringsNext ? .ring : .expire
    } else if choice.act == .signal {
      order = .handle
    }
    if order == .ring || order == .handle {
      // Where the operation comes first, others may have to do something before it.
      effects.name = "signal"
      for place in effects.accesses.indices { effects.accesses[place].exclusion = .none }
      effects.accesses.append(Access("life \(choice.process)", .write))
    } else if choice.act == .wait {
      history.begin(point, by: choice.process)
    } else if order == .go {
      history.note(point, by: choice.process)
      note(point, &member)
    }
    member.point = nil
    member.cause = nil
    member.signals = []
    members[choice.process] = member
    (born, gone) = ([], [])
    send(order, to: member)
    try advance(choice.process)
    if order == .go, !point.sends.isEmpty {
      deliver(point.sends)
      // It may have looked before the other one had ended.
      look(at: choice.process)
    }
    if hasPrinted(), !effects.accesses.contains(where: { $0.object == "out" }) {
      effects.accesses.append(Access("out", .write))
    }
    for path in gone.sorted() where !born.contains(path) {
      if path == choice.process, choice.act.isOwn, !point.operation.name.hasPrefix("kill") {
        for held in ended[path] ?? [] {
          history.find("\(path) ends and has not given back what it took by \(held.operation)")
        }
      }
      let isOwn = path == choice.process
      effects.accesses += endings(of: path, isOwn ? member : nil, isAware: isOwn && point.ends)
    }
    if var after = members[choice.process], let next = after.point {
      if effects.accesses.allSatisfy({ $0.mode == .read || $0.mode == .readPart }) {
        after.looks.note(effects, next.state)
      } else {
        after.looks = Looks()
      }
      members[choice.process] = after
    }
    refresh(effects, except: choice.process)
    return (effects, cause)
  }

  /// What a process holds after a step.
  private func note(_ point: GatePoint, _ member: inout Member) {
    guard let object = point.operation.accesses.first?.object else { return }
    switch point.fact {
    case .takes: member.held.append(Held(object: object, operation: point.operation.name))
    case .gives:
      if let place = member.held.lastIndex(where: { $0.object == object }) {
        member.held.remove(at: place)
      }
    case .givesAll: member.held.removeAll { $0.object == object }
    default: break
    }
  }

  /// What the end of a process changes: who waits for it can go on, and what it held is free.
  ///
  /// - Parameter isAware: what it did last says itself which sockets that closes.
  func endings(
    of path: ProcessPath, _ member: Member?, isAware: Bool = false
  ) -> [Access] {
    var result = [Access("proc \(path)", .write, .gives)]
    if !isAware { result.append(Access(Gate.sockets, .add)) }
    for object in Set((member?.held ?? ended[path] ?? []).map(\.object)).sorted() {
      result.append(Access(object, .write, .gives))
    }
    return result
  }

  /// What ended processes held.
  var ended: [ProcessPath: [Held]] = [:]

  private func kill(_ member: Member) -> Operation {
    kills += 1
    history.killed.append((member.path, history.operations[member.path] ?? 0))
    endNow(member)
    awaitEnd(of: member.path)
    var effects = Operation("kill", [Access("life \(member.path)", .write)])
    effects.accesses += endings(of: member.path, nil)
    refresh(effects, except: member.path)
    return effects
  }

  func endNow(_ member: Member) {
    if member.pid > 0 { try? Process.send(.kill, to: member.pid) }
  }

  /// Signals were sent: who ends by them has ended, and who handles them knows of them.
  private func deliver(_ sends: [GatePoint.Sent]) {
    for sent in sends {
      guard let path = pids[sent.pid], members[path] != nil else { continue }
      switch sent.signal {
      case 9: awaitEnd(of: path)
      case 19, 20, 21, 22: members[path]?.isStopped = true
      case 18:
        members[path]?.isStopped = false
        look(at: path)
      default:
        if sent.signal < 34, members[path]?.signals.contains(sent.signal) == true,
          members[path]?.point?.outlook.hasSignal == true
        {
          note(use: ExploredRun.joined)
        }
        members[path]?.signals.insert(sent.signal)
        if members[path]?.isStopped == false { look(at: path) }
      }
    }
  }

  /// Asks those again whose prospects a step may have changed.
  private func refresh(_ effects: Operation, except own: ProcessPath) {
    let ends = effects.accesses.compactMap { access in
      access.mode == .write ? ProcessPath(ofEnd: access.object) : nil
    }
    let isEnd = !ends.isEmpty
    // A parent may handle CHLD, and a daemon gets TERM.
    let parents = Set(ends.compactMap(\.parent))
    func isKin(_ path: ProcessPath) -> Bool {
      parents.contains(path) || path.parent.map(ends.contains) ?? false
    }
    for path in members.keys.sorted() where path != own {
      guard let member = members[path], let point = member.point, !member.isStopped else {
        continue
      }
      let isChanged = point.operation.conflicts(with: effects)
      if member.looks.count > 0,
        isChanged || Operation("", member.looks.accesses).conflicts(with: effects)
      {
        members[path]?.looks = Looks()
      }
      let isParent = parents.contains(path)
      if isParent, member.signals.contains(SIGCHLD), point.outlook.hasSignal {
        note(use: ExploredRun.joined)
      }
      if isKin(path) || !point.neverWaits && (isChanged || isEnd && point.outlook.waits) {
        look(at: path)
      }
      if isParent { members[path]?.signals.insert(SIGCHLD) }
    }
  }

  func look(at path: ProcessPath) {
    guard let member = members[path], member.point != nil else { return }
    send(.look, to: member)
    guard case .looks(let outlook)? = receive(path) else { return }
    let couldNot = member.point.map { $0.outlook.waits && !$0.mayBegin } ?? false
    if couldNot, !outlook.waits { members[path]?.cause = steps - 1 }
    members[path]?.point?.outlook = outlook
  }

  /// Whether a process stands before an operation and could do it.
  func canGo(_ path: ProcessPath) -> Bool {
    guard let member = members[path], let point = member.point else { return false }
    return !member.isStopped
      && (!point.outlook.waits || point.mayBegin || point.outlook.hasSignal)
  }
}
