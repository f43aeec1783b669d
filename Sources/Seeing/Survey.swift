import Glibc
import Posix
import Processes
import Waits

/// Looks at processes twice, and makes a graph of who waits for whom of what it saw.
///
/// Only what was asleep at both looks, in the same sleep, counts as asleep. What a process waits for
/// leads to those who could bring it about, which are looked at too, and so on.
public final class Survey {
  let files: ProcFiles
  private let reader: ProcReader
  /// Every process of this pid namespace at the beginning.
  let processes: [Int32: ProcessStat]
  let children: [Int32: [Int32]]
  private(set) var members: [Int32: Member] = [:]
  /// In the order in which they were met, the asked ones first.
  private(set) var order: [Int32] = []
  public internal(set) var graph = WaitGraph()
  /// Processes of which a session of Brood tells what they wait for.
  var describedBySessions: Set<Int32> = []
  /// What could not be read that matters, each once, for the report.
  public internal(set) var gaps: [String] = []
  /// CLOCK_MONOTONIC at the second look (ns).
  public private(set) var moment: Int64
  /// The descriptors on which this process sleeps itself, if it looks in the middle of a wait.
  private let ownSleep: [Int32]?
  private var sessions = SessionLooks()

  private var clocks = SchedulerClocks()
  private var holdersMemory: Holders?
  private var locksMemory: Reading<[FileLock]>?
  private var sharersMemory: [SharedPlace: (pids: [Int32], hidden: [Int32])] = [:]
  /// Memory that no descriptor leads to, so that no message can bring it to a process.
  var memoryWithoutFile: Set<ObjectID> = []
  private let wait: (Int64) -> Void
  /// Pipes that were met.
  var pipes: [PipeKey: SeenObject] = [:]
  private var unixMemory: Reading<[UInt64: SocketFacts]>?
  private var tcpMemory: Reading<[UInt64: SocketFacts]>?

  /// What was seen of a process.
  public struct Member {
    public var sight: ProcessSight
    public var sleep: Sleep?
    /// Asleep at both looks, in the same sleep.
    public var isStill: Bool
    /// It could run at both looks, and did not between them.
    public var isKeptWaiting = false
    public var situation = Situation()
    /// The kernel's function, where the call may not be read.
    public var channel: String?
    public var isHidden: Bool
  }

  /// What of a process's wait is told beside the graph.
  public struct Situation {
    /// `reads pipe:[4711], which is empty`: what it does, without its subject.
    public var phrase = ""
    /// In few words, for a table: `read pipe:[4711]`.
    public var waits = ""
    /// Lines of evidence.
    public var notes: [String] = []
    /// What one could change in the program's text.
    public var advice: String?
    /// Processes that could bring about what it waits for.
    public var wakers: [Int32] = []
    /// Who else could: `a person at the terminal`.
    public var outsider: String?
  }

  /// - Parameters:
  ///   - pids: the processes to look at; nil for all of this user that may be read.
  ///   - wait: lets so much time pass (ns) between the looks.
  public convenience init(
    _ pids: [Int32]?, files: ProcFiles = ProcFiles(), reader: ProcReader = ProcReader(),
    wait: @escaping (Int64) -> Void = Survey.pause
  ) {
    self.init(beginningWith: pids, files: files, reader: reader, wait: wait)
    if hasSleepers { wait(Survey.interval) }
    finish()
  }

  /// The first look alone; `finish` is for later.
  ///
  /// - Parameter ownSleep: the descriptors on which this process sleeps, which counts as asleep then.
  public init(
    beginningWith pids: [Int32]?, files: ProcFiles = ProcFiles(),
    reader: ProcReader = ProcReader(), ownSleep: [Int32]? = nil,
    wait: @escaping (Int64) -> Void = Survey.pause
  ) {
    self.files = files
    self.wait = wait
    self.reader = reader
    self.ownSleep = ownSleep
    let tree = ProcessTree(reader)
    processes = tree.processes
    children = tree.children
    moment = Survey.now
    if let gap = tree.gap { gaps.append("some processes cannot be looked at: \(gap.message)") }
    guard files.isOwn else {
      isBlind = true
      gaps.append("the /proc that is mounted here is of another pid namespace")
      return
    }
    var agenda = pids ?? Survey.readable(tree, files)
    let asked = Set(agenda)
    // First looks, and what follows from them.
    var at = 0
    while at < agenda.count {
      let pid = agenda[at]
      at += 1
      if members[pid] != nil { continue }
      guard let member = firstLook(pid) else { continue }
      members[pid] = member
      order.append(pid)
      agenda += sessions.admit(pid)
      // Those who could wake it matter; the objects are made anew after the second look.
      if let wakers = sessions.wakers(of: pid) {
        agenda += wakers
      } else if pids != nil || !asked.contains(pid) || member.sleep != nil {
        agenda += resolve(pid).filter { members[$0] == nil }
      }
    }
  }

  private var sleepers: [Int32] {
    order.filter { pid in
      members[pid]?.sleep != nil || members[pid]?.sight.stat.state == UInt8(ascii: "R")
    }
  }

  /// Whether a second look tells more.
  private var hasSleepers: Bool { !sleepers.isEmpty }

  /// The second look, at least `interval` after the first, and what both say.
  public func finish() {
    if isBlind { return }
    moment = Survey.now
    for pid in sleepers { secondLook(pid) }
    // Most descriptors are on their way for a moment: who receives one shows it then.
    var looks = 1
    while !judge(), looks < Survey.mostLooks {
      looks += 1
      wait(Survey.transferTime)
      moment = Survey.now
      forgetHolders()
      // What was awake was not looked at well enough to be asleep now.
      for pid in sleepers where members[pid]?.isStill == true { secondLook(pid) }
    }
  }

  /// Makes the graph of what was seen.
  ///
  /// - Returns: whether it is certain; false if a process counts as not stuck only because of
  ///   descriptors on their way.
  private func judge() -> Bool {
    graph = WaitGraph(moment: moment)
    describedBySessions = []
    let known = sessions.graph()
    for gap in sessions.gaps { self.gap(gap) }
    for pid in order { addProcess(pid) }
    for pid in order where !isToldWholly(known.processes[pid]) { addSleep(pid) }
    add(known)
    return check()
  }

  /// Looks while descriptors are on their way, and the time between two of them (ns).
  private static let mostLooks = 6
  private static let transferTime: Int64 = 20_000_000

  /// Whether nothing can be said, since /proc shows other processes than this one's own.
  public private(set) var isBlind = false

  /// Whether a process lives although it was not seen; nil where that cannot be told.
  func lives(_ pid: Int32) -> Bool? {
    if isBlind { return nil }
    switch reader.look(pid) {
    case .seen: return true
    case .gone: return false
    case .unseen(let hasEnded): return hasEnded ? false : nil
    }
  }

  /// Between two looks (ns).
  public static let interval: Int64 = 50_000_000

  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Sleeps (ns), whatever signals come.
  public static func pause(_ duration: Int64) {
    let end = now + duration
    while case let left = end - now, left > 0 {
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      nanosleep(&time, nil)
    }
  }

  /// The processes that this user may look into.
  private static func readable(_ tree: ProcessTree, _ files: ProcFiles) -> [Int32] {
    tree.processes.values.filter { stat in
      if stat.isKernelThread { return false }
      let activity = files.activity(of: stat.pid)
      return activity != .hidden || files.hidden.contains(.call)
    }.map(\.pid).sorted()
  }

  public func member(_ pid: Int32) -> Member? { members[pid] }

  /// The processes that were looked at: those that were asked for, and whom they wait for.
  public var seen: [Int32] { order }

  /// What /proc says of a process that lives; of one that was not looked at too.
  public func stat(_ pid: Int32) -> ProcessStat? { members[pid]?.sight.stat ?? processes[pid] }

  /// When a process that is asleep was on a CPU last (monotonic ns), about.
  func lastRun(of pid: Int32) -> Int64? {
    guard let member = members[pid], member.isStill else { return nil }
    return files.lastRun(of: member.sight.stat, &clocks)
  }

  /// Gives a process another name than the kernel's, as it has in a session.
  public func rename(_ pid: Int32, _ name: String) { graph.change(pid) { $0.name = name } }

  /// Tells the name of a process that has ended, and is no part of the graph.
  public func remember(_ pid: Int32, _ name: String) { graph.formerNames[pid] = name }

  /// Where else than in the files of the processes something was looked for.
  public var sources: [String] {
    var result: [String] = []
    if locksMemory != nil { result.append("/proc/locks") }
    if unixMemory != nil || tcpMemory != nil { result.append("sock_diag(7)") }
    if readsMemory { result.append("process_vm_readv(2), /proc/PID/maps") }
    return result
  }

  /// Whether memory was looked at, for what a futex or a set of descriptors is.
  private var readsMemory: Bool {
    members.values.contains { member in
      switch member.sleep?.awaited {
      case .futex, .events, .partner: true
      default: false
      }
    }
  }

  // MARK: Looks

  private func firstLook(_ pid: Int32) -> Member? {
    guard let sight = files.sight(of: pid, known: processes[pid]).value
    else { return nil }
    var member = Member(
      sight: sight, sleep: nil, isStill: false, channel: nil,
      isHidden: sight.activity == .hidden)
    if pid == Process.pid, let ownSleep {
      member.sight.stat.state = UInt8(ascii: "S")
      let polled = ownSleep.map {
        Awaited.Polled(descriptor: $0, wantsInput: true, wantsRoom: false)
      }
      member.sleep = Sleep(call: .none, awaited: .events(polled), limit: .none)
      member.isStill = true
      return member
    }
    guard "SDTt".utf8.contains(sight.stat.state), sight.runningThreads == 0 else { return member }
    switch sight.activity {
    case .call(let call): member.sleep = files.sleep(of: pid, in: call)
    case .outside: member.sleep = Sleep(call: .none, awaited: .other, limit: .none)
    case .hidden, .ended, .running:
      // Its state is known all the same, and the function where the kernel tells that.
      member.channel = files.channel(of: pid)
      member.sleep = Sleep(call: .none, awaited: .other, limit: .none)
    }
    return member
  }

  private func secondLook(_ pid: Int32) {
    if pid == Process.pid, ownSleep != nil { return }
    guard var member = members[pid] else { return }
    // What has not had a CPU, and is not ready for one, is in the same sleep.
    if let turn = member.sight.turn, member.sight.stat.threads == 1, member.sleep != nil,
      case .call = member.sight.activity, files.activity(of: pid) == member.sight.activity,
      files.turn(of: pid) == turn
    {
      member.isStill = true
      members[pid] = member
      return
    }
    guard let sight = files.sight(of: pid).value else {
      member.sight.stat.state = UInt8(ascii: "X")
      member.sleep = nil
      members[pid] = member
      return
    }
    let first = member.sight
    member.isStill =
      sight.stat.state == first.stat.state && sight.runningThreads == 0
      && sight.stat.startTicks == first.stat.startTicks
      && sight.switches != nil && sight.switches == first.switches
      && sight.activity == first.activity
    member.sight = sight
    if first.stat.state == UInt8(ascii: "R"), let before = first.turn, let after = sight.turn {
      member.isKeptWaiting = before == after
    }
    if !member.isStill, "ZX".utf8.contains(sight.stat.state) {
      member.sleep = nil
    }
    members[pid] = member
  }

  // MARK: What is read only if it is needed

  var holders: Holders {
    if let holdersMemory { return holdersMemory }
    let made = Holders(files, processes.values.lazy.filter { !$0.isKernelThread }.map(\.pid))
    holdersMemory = made
    return made
  }

  /// Reads descriptors again.
  func forgetHolders() {
    holdersMemory = nil
    pipes = [:]
  }

  /// Of a pipe: which, what of it is waited for, and the path of a named one.
  struct PipeKey: Hashable {
    let file: FileID
    let want: Want
    let path: String?
  }

  /// Which processes map a place of memory, in the order of their pids, and of which that cannot be
  /// told; /proc/PID/maps of each is read once.
  func sharers(of place: SharedPlace) -> (pids: [Int32], hidden: [Int32]) {
    if let known = sharersMemory[place] { return known }
    var found: (pids: [Int32], hidden: [Int32]) = ([], [])
    for pid in processes.keys.sorted() {
      guard let stat = processes[pid], !stat.isKernelThread, !stat.hasEnded else { continue }
      switch files.maps(pid, place) {
      case .known(true): found.pids.append(pid)
      case .known(false), .ended: break
      case .hidden: found.hidden.append(pid)
      }
    }
    sharersMemory[place] = found
    return found
  }

  var locks: Reading<[FileLock]> {
    if let locksMemory { return locksMemory }
    let made = files.locks()
    locksMemory = made
    return made
  }

  /// The facts of a socket, and whether it is one that they could have been told of.
  func socket(_ inode: UInt64) -> Reading<SocketFacts> {
    if unixMemory == nil { unixMemory = files.unixSockets() }
    if let found = unixMemory?.value?[inode] { return .known(found) }
    if tcpMemory == nil { tcpMemory = files.tcpSockets() }
    if let found = tcpMemory?.value?[inode] { return .known(found) }
    if case .hidden(let code)? = unixMemory { return .hidden(errno: code) }
    if case .hidden(let code)? = tcpMemory { return .hidden(errno: code) }
    return .ended
  }

  /// Changes what is told of a process's wait.
  func note(_ pid: Int32, _ change: (inout Situation) -> Void) {
    guard var member = members[pid] else { return }
    change(&member.situation)
    members[pid] = member
  }

  func gap(_ text: String) {
    if !gaps.contains(text) { gaps.append(text) }
  }
}

extension SystemCall {
  /// No call.
  static let none = SystemCall(name: "", arguments: [])
}
