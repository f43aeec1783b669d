import CPosix
import Explore
import Glibc
import Posix
import Processes

/// Lets the processes of a session go on one at a time, from gate to gate; which one is drawn from a seed.
///
/// Unlike those of an explored run they may wait for others than each other: who does is away meanwhile.
/// Times are real, but are over only while nothing else can happen.
final class ChaosDecider {
  private struct Member {
    let path: ProcessPath
    let socket: Int32
    var pid: Int32 = 0
    var pidfd: Int32 = -1
    var state = State.runs
    /// What it stands before.
    var point: GatePoint?
    var isStopped = false
  }

  private enum State {
    /// It is on its way to its next operation.
    case runs
    case stands
    /// It has made a child, which goes on to its first operation.
    case forks
    /// It waits for something else.
    case isAway
  }

  private var members: [ProcessPath: Member] = [:]
  private var pids: [Int32: ProcessPath] = [:]
  /// Who has made children that have not come to their first operation, the last one at the end.
  private var parents: [ProcessPath] = []
  /// The time of the session (ns), which goes on only while nothing else can happen.
  private var now: Int64 = 0
  private var state: UInt64
  private var history = RunHistory()
  private var told: Set<String> = []
  private var buffer = [UInt8](repeating: 0, count: 65536)
  private var arrived: [Int32] = []
  /// What the last step has sent.
  private var sends: [GatePoint.Sent] = []
  /// Whether others were looked at since the last step.
  private var isSettled = true
  /// Since when nothing could happen (monotonic ns).
  private var idleBegan: Int64?

  init(_ seed: UInt64) { state = seed }

  /// Decides until no process is left.
  func run(_ root: Int32) {
    members[ProcessPath()] = Member(path: ProcessPath(), socket: root)
    limitWaits(ProcessPath())
    while !members.isEmpty {
      if members.values.contains(where: { $0.state == .runs }) {
        hear(nil)
      } else if let parent = parents.popLast() {
        if members[parent] != nil { order(.go, parent) }
      } else if !isSettled {
        settle()
      } else if let step = draw() {
        take(step)
      } else {
        idle()
      }
    }
  }

  // MARK: Steps

  private func draw() -> Step? {
    var choices: [Step] = []
    for member in members.values where member.state == .stands && !member.isStopped {
      guard let point = member.point else { continue }
      if !point.outlook.waits { choices.append(Step(member.path)) }
      if point.outlook.hasSignal { choices.append(Step(member.path, .signal)) }
    }
    if choices.isEmpty { return nil }
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return choices.sorted()[Int(mixed % UInt64(choices.count))]
  }

  private func take(_ step: Step) {
    guard let point = members[step.process]?.point else { return }
    isSettled = false
    if let began = idleBegan {
      now += Clock.monotonic - began
      idleBegan = nil
    }
    if step.act == .signal { return order(.handle, step.process) }
    history.note(point, by: step.process)
    for finding in history.takeFindings() {
      // Each process and thing once: a loop loses the same again and again.
      let key = finding.split(separator: " ").prefix(6).joined(separator: " ")
      if told.insert(key).inserted { Session.say("warning: \(finding)") }
    }
    sends = point.sends
    order(.go, step.process)
  }

  /// What a step has changed for others is looked at before the next one.
  private func settle() {
    isSettled = true
    for sent in sends {
      guard let path = pids[sent.pid], members[path] != nil else { continue }
      switch sent.signal {
      case 9: drop(path)
      case 19: members[path]?.isStopped = true
      case 18:
        members[path]?.isStopped = false
        look(at: path)
      default: look(at: path)
      }
    }
    sends = []
    for path in members.keys.sorted() { look(at: path) }
  }

  /// Nothing can happen now but what comes from elsewhere, or with time.
  private func idle() {
    let standing = members.values.filter { $0.state == .stands && !$0.isStopped }
    let next = standing.compactMap { $0.point?.time }.min()
    if standing.isEmpty {
      // Only news help.
      hear(nil)
      return
    }
    if next == nil, !members.values.contains(where: { $0.state == .isAway }) {
      return free(standing)
    }
    let began = idleBegan ?? Clock.monotonic
    idleBegan = began
    let timeLimit = next.map { max(0, $0 - now) } ?? ChaosDecider.timeLimit
    if hear(began + timeLimit) { return }
    idleBegan = nil
    guard let next else { return free(standing) }
    now = next
    let due = standing.filter { $0.point?.time == next }.min { $0.path < $1.path }
    guard let due, let point = due.point else { return }
    isSettled = false
    order(point.ringsNext ? .ring : .expire, due.path)
  }

  /// How long nothing has to happen, while some process is away, until the others wait by themselves (ns).
  private static let timeLimit: Int64 = 1_000_000_000

  /// They wait by themselves, where others see what for, and can wake them.
  private func free(_ standing: [Member]) {
    for member in standing {
      order(.free, member.path)
      members[member.path]?.state = .isAway
    }
  }

  // MARK: Messages

  private func limitWaits(_ path: ProcessPath) {
    if let socket = members[path]?.socket { try? Messages.limitWaits(socket, to: 200_000_000) }
  }

  private func order(_ order: Gate.Order, _ path: ProcessPath, _ text: String = "") {
    guard let member = members[path] else { return }
    if order != .look && order != .answer {
      members[path]?.state = .runs
      members[path]?.point = nil
    }
    var bytes = [UInt8](repeating: 0, count: 9) + text.utf8.prefix(400)
    bytes[0] = order.rawValue
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: now, toByteOffset: 1, as: Int64.self) }
    _ = try? Messages.send(member.socket, bytes)
  }

  /// Waits for a message of any process; false where the time was over before one came.
  @discardableResult
  private func hear(_ deadline: Int64?) -> Bool {
    let all = members.values.sorted { $0.path < $1.path }
    var watched = all.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
    let left = deadline.map { max(0, $0 - Clock.monotonic) }
    // Rounded up, so that what is due is due.
    let time = left.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
    let count = poll(&watched, nfds_t(watched.count), time)
    if count <= 0 { return count < 0 || deadline.map { $0 > Clock.monotonic } ?? true }
    for (place, member) in all.enumerated() where watched[place].revents != 0 {
      receive(member.path)
    }
    return true
  }

  private func look(at path: ProcessPath) {
    guard let member = members[path], member.state == .stands, !member.isStopped else { return }
    order(.look, path)
    // It answers at once, as it waits for orders, unless somebody has stopped it.
    for _ in 0..<5 where members[path]?.state == .stands {
      if receive(path, waits: true) { return }
    }
  }

  /// Takes a message in; whether it was what a look is answered by.
  @discardableResult
  private func receive(_ path: ProcessPath, waits: Bool = false) -> Bool {
    guard let member = members[path] else { return true }
    let message: ReceivedMessage?
    do {
      message = try buffer.withUnsafeMutableBytes {
        try Messages.receive(member.socket, into: $0, waits: waits)
      }
    } catch {
      drop(path)
      return true
    }
    // A signal has ended the call, or its time is over.
    guard let received = message else { return false }
    if received.count == 0 {
      drop(path)
      return true
    }
    arrived += received.descriptors
    let told = buffer.withUnsafeBytes {
      GateMessage(UnsafeRawBufferPointer(rebasing: $0[..<received.count]))
    }
    switch told {
    case .began(let pid):
      members[path]?.pid = pid
      members[path]?.pidfd = (try? Process.descriptor(of: pid)) ?? -1
      pids[pid] = path
      order(.go, path)
    case .stands(var point):
      point.operation.name = Gate.shortened(point.operation.name)
      members[path]?.point = point
      members[path]?.state = .stands
    case .looks(let outlook):
      members[path]?.point?.outlook = outlook
      return true
    case .news(let outlook): members[path]?.point?.outlook = outlook
    case .forked(let place, _):
      guard let socket = arrived.popLast() else {
        order(.go, path)
        break
      }
      let child = path.child(place)
      members[child] = Member(path: child, socket: (try? Descriptors.makePrivate(socket)) ?? socket)
      limitWaits(child)
      members[path]?.state = .forks
      parents.append(path)
    case .asks(let pid): order(.answer, path, pids[pid].map(\.description) ?? "")
    case .goesAway: members[path]?.state = .isAway
    default: break
    }
    return false
  }

  /// A process has ended, or goes on without its gate.
  private func drop(_ path: ProcessPath) {
    guard let member = members.removeValue(forKey: path) else { return }
    if member.pidfd >= 0, member.state != .isAway {
      var descriptor = pollfd(fd: member.pidfd, events: Int16(POLLIN), revents: 0)
      // Its parent is to see it as ended. One that became a program has not.
      while poll(&descriptor, 1, 1000) < 0, errno == EINTR {}
    }
    Descriptors.close(member.socket)
    Descriptors.close(member.pidfd)
    if pids[member.pid] == path { pids[member.pid] = nil }
    isSettled = false
  }
}
