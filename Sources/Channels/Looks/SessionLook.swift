import CPosix
import Posix
import Processes
import Waits

/// A look at all processes of a session: who waits for what, and who has it.
///
/// It reads the session's table, the channels' memory and /proc, and changes nothing. One look is of
/// no single moment: `graph(since:)` takes a process for blocked only if an earlier look saw the same
/// wait, and the kernel has not run it in between. Who looks while it waits itself counts as blocked.
public struct SessionLook {
  /// What is read.
  public enum Depth: Sendable {
    /// What the processes have noted, and the channels of this process: memory alone. Who has noted
    /// nothing is unknown.
    case notes
    /// What /proc says of the processes, and the channels that they wait for.
    case waits
    /// All channels.
    case channels
  }

  /// What one look saw of a process, to tell whether another saw the same.
  struct Sight: Equatable {
    let number: UInt32
    let state: UInt8
    /// How often it was on a CPU, or where that is not counted gave one up; -1 where neither is told.
    let turns: Int64
    let start: UInt64
  }

  let memory: SessionMemory
  private let depth: Depth
  private let reader = ProcReader()
  private var channels: [UInt64: ChannelLook] = [:]
  private var mappings = Mappings()
  private(set) var sights: [Int32: Sight] = [:]
  private(set) var members: [SessionMemory.Member] = []
  private var stats: [Int32: ProcessLook] = [:]
  /// What could not be looked at, in words.
  public private(set) var gaps: [String] = []

  /// Maps that live as long as the look.
  private final class Mappings {
    var all: [(base: UnsafeMutableRawPointer, size: Int)] = []
    var inodes: Set<String> = []
    deinit { for map in all { brood_memory_unmap(map.base, map.size) } }
  }

  /// Looks once.
  ///
  /// - Complexity: two files of /proc for each process, and its descriptors; of one's own session the
  ///   channels of this process are taken, and descriptors are not read.
  public init(_ memory: SessionMemory, of depth: Depth = .waits) {
    self.memory = memory
    self.depth = depth
    members = memory.members
    for member in members where member.look.pid > 0 && depth != .notes {
      let pid = member.look.pid
      let look = reader.look(pid)
      stats[pid] = look
      guard let stat = look.stat else { continue }
      sights[pid] = Sight(
        number: member.look.has_wait ? member.look.wait.number : 1,
        state: isLooker(member) ? UInt8(ascii: "S") : stat.state,
        turns: isLooker(member) ? 0 : turns(of: pid), start: stat.startTicks)
    }
    findChannels()
  }

  /// Whether it is this process, which looks in the middle of a wait.
  private func isLooker(_ member: SessionMemory.Member) -> Bool {
    member.look.has_wait && member.look.pid == Process.pid
  }

  private func turns(of pid: Int32) -> Int64 {
    if let turns = reader.turns(of: pid) { return Int64(clamping: turns) }
    return reader.status(pid).map { Int64($0.voluntarySwitches) } ?? -1
  }

  /// The graph as far as the session's own memory tells.
  ///
  /// - Parameter earlier: a look at least 50 ms before; nil only where what merely looks blocked may
  ///   count as blocked.
  public func graph(since earlier: SessionLook? = nil) -> WaitGraph {
    var graph = WaitGraph(moment: Clock.monotonic)
    for member in members where member.look.pid > 0 { graph.add(process(member, earlier)) }
    for channel in channels.values { addObjects(channel, &graph) }
    addPools(&graph)
    addSignals(&graph)
    return graph
  }

  /// The processes of the session that have not been reaped.
  public var pids: [Int32] { members.map(\.look.pid).filter { $0 > 0 } }

  /// The name of a channel; nil if it was not found.
  public func name(of object: ObjectID) -> String? { channels[object.number]?.name }

  // MARK: Channels

  private mutating func findChannels() {
    if memory.rootPid > 0, let own = SessionMemory.own, own.base == memory.base {
      for channel in Channel.all {
        let name = channel.memory.name
        let base = UnsafeRawPointer(channel.memory.base)
        channels[channel.id] = ChannelLook(base, size: channel.memory.size, name: name)
      }
    }
    if depth == .notes { return }
    // Others may have channels that this process does not; most were made by the session's own.
    var missing: Set<UInt64> = []
    for member in members where member.look.has_wait {
      for target in WaitNote.Seen(member.look.wait).sleep.targets
      where target.object.kind.isChannel && channels[target.object.number] == nil {
        missing.insert(target.object.number)
      }
    }
    for member in members where member.look.pid > 0 && (depth == .channels || !missing.isEmpty) {
      findChannels(of: member.look.pid)
      missing.subtract(channels.keys)
    }
  }

  private mutating func findChannels(of pid: Int32) {
    guard let fds = reader.descriptors(of: pid) else {
      if stats[pid]?.stat?.hasEnded == false { gaps.append("descriptors of process \(pid)") }
      return
    }
    for (fd, target) in fds {
      guard let name = Self.channelName(target), let inode = reader.inode(of: pid, fd) else {
        continue
      }
      guard mappings.inodes.insert(inode).inserted else { continue }
      guard let file = try? SessionMemory.openForReading("/proc/\(pid)/fd/\(fd)") else { continue }
      defer { Descriptors.close(file) }
      let size = Int(brood_memory_size(file))
      var code: Int32 = 0
      guard size > 0, let base = brood_memory_map_to_read(file, size, &code) else { continue }
      mappings.all.append((base, size))
      guard let look = ChannelLook(base, size: size, name: name), channels[look.id] == nil else {
        continue
      }
      channels[look.id] = look
    }
  }

  /// What stands behind "brood" in the name of a channel's memfd.
  static func channelName(_ target: String) -> String? {
    let prefix = "/memfd:brood ", suffix = " (deleted)"
    guard target.hasPrefix(prefix), target.hasSuffix(suffix) else { return nil }
    let name = target.dropFirst(prefix.count).dropLast(suffix.count)
    let word = name.prefix { $0 != " " }
    return Channel.Kind.allCases.contains { $0.word == word } ? String(name) : nil
  }

  private func addObjects(_ channel: ChannelLook, _ graph: inout WaitGraph) {
    var object = channel.object()
    // A pipe is an object for each of its directions: others have to have the other end.
    let sides: [UInt64] = channel.kind == .pipe ? [1, 2] : [0]
    let held = object.shares
    // Only holders are listed before.
    var places: [Int32: Int] = [:]
    for (place, share) in held.enumerated().reversed() { places[share.pid] = place }
    let former = former(channel)
    for side in sides {
      object.id.device = side
      object.shares = held
      for member in members where member.look.pid > 0 {
        let pid = member.look.pid
        guard let part = channel.part(member.slot, generation: member.look.generation),
          part.state != .left, part.closed.rawValue & UInt32(side) == 0
        else { continue }
        let roles = roles(channel, side, object)
        if let at = places[pid] {
          object.shares[at].roles.formUnion(roles)
        } else {
          object.shares.append(.init(pid, roles))
        }
      }
      object.former = former
      for want in wants(of: channel, side, graph) { object.isTrue[want] = false }
      graph.add(object)
    }
  }

  private func roles(
    _ channel: ChannelLook, _ side: UInt64, _ object: WaitObject
  ) -> WaitObject.Roles {
    switch channel.kind {
    case .queue: channel.isClosedQueue ? .canGet : [.canPut, .canGet]
    // Where a pipe has one direction, who has one of its ends can do one of both.
    case .pipe where channel.hasOneDirection: side == 1 ? .canGet : .canPut
    case .pipe: [.canPut, .canGet]
    case .lock, .memory: .has
    // Of permits that are owned only who holds one can give it back.
    case .semaphore: object.detail.hasPrefix("counter") ? .canAct : .has
    case .event, .barrier, .condition: .canAct
    }
  }

  /// What is not true because one who waits for it for ever has not been woken.
  private func wants(of channel: ChannelLook, _ side: UInt64, _ graph: WaitGraph) -> Set<Want> {
    var result: Set<Want> = []
    for member in members where graph.processes[member.look.pid]?.state == .asleep {
      guard member.look.has_wait,
        let part = channel.part(member.slot, generation: member.look.generation)
      else { continue }
      let note = WaitNote.Seen(member.look.wait)
      // One that waits for several things says at each that it does.
      let isAmong = note.verb == .select && part.state == .reading && part.isCurrent
      guard part.isStuck || isAmong else { continue }
      for target in note.sleep.targets
      where target.object.number == channel.id && target.object.device == side {
        result.insert(target.want)
      }
    }
    return result
  }

  private func former(_ channel: ChannelLook) -> [WaitObject.Former] {
    (0..<memory.slotCount).compactMap { slot in
      let member = memory.member(slot)
      guard member.look.ending != 0,
        channel.part(slot, generation: member.look.generation) != nil
      else { return nil }
      let ending = Ending(pid: member.look.last, recorded: member.look.ending)
      return .init(ending.pid, name: member.name, ending: ending.description)
    }
  }

  // MARK: Processes

  private func process(
    _ member: SessionMemory.Member, _ earlier: SessionLook?
  ) -> WaitProcess {
    let look = member.look
    let isRoot = look.pid == memory.rootPid
    var process = WaitProcess(
      pid: look.pid, name: isRoot ? "brood" : member.name, parent: look.owner, .running,
      flags: isRoot ? .session : [])
    if look.fork_line > 0, let text = memory.text(look.fork_text) {
      process.forked = SourcePlace(text, line: Int(look.fork_line))
    }
    process.handled = handled(look)
    if depth == .notes {
      let sleep = sleep(member)
      process.sleep = sleep?.sleep
      process.flags.formUnion(sleep?.flags ?? [])
      process.state = sleep == nil ? .unknown("it has noted nothing") : .asleep
      return process
    }
    guard case .seen(let stat)? = stats[look.pid] else {
      process.state = stats[look.pid].map(Self.unseen) ?? .unknown("it was not looked at")
      return process
    }
    process.start = stat.startTicks
    if process.parent == 0 { process.parent = stat.parent }
    if stat.hasEnded {
      process.state = .ended
      return process
    }
    let isStopped = stat.state == UInt8(ascii: "T") || stat.state == UInt8(ascii: "t")
    if let sleep = sleep(member) {
      process.sleep = sleep.sleep
      process.flags.formUnion(sleep.flags)
      process.state = isStopped ? .stopped : .asleep
    } else if isStopped {
      process.state = .stopped
    }
    if isStopped {
      // Woken before it was stopped: it goes on without anything else.
      if isWoken(member) {
        process.sleep = nil
        process.flags.insert(.woken)
      }
      return process
    }
    switch isLooker(member) ? UInt8(ascii: "S") : stat.state {
    case UInt8(ascii: "R"): process.state = .running
    case UInt8(ascii: "S") where process.sleep == nil:
      process.state = .unknown("asleep in a call that is no wait of Brood's")
    case UInt8(ascii: "S"):
      // One that was woken and has not run yet is no more blocked than one that runs.
      if let sight = earlier?.sights[look.pid], sight != sights[look.pid] {
        process.state = .running
      } else if earlier != nil, earlier?.sights[look.pid] == nil {
        process.state = .running
      } else if isWoken(member) {
        process.state = .ready
      }
    default: process.state = .unknown("in state \(Character(Unicode.Scalar(stat.state)))")
    }
    return process
  }

  private static func unseen(_ look: ProcessLook) -> WaitProcess.State {
    switch look {
    case .seen: .running
    case .gone, .unseen(hasEnded: true): .ended
    case .unseen: .unknown("/proc does not show it")
    }
  }

  /// What a process has noted, with names of texts; a worker without a task waits for its pool.
  private func sleep(
    _ member: SessionMemory.Member
  ) -> (sleep: WaitProcess.Sleep, flags: WaitProcess.Flags)? {
    let look = member.look
    if look.manager > 0 {
      let since = look.has_wait ? look.wait.since : 0
      return (.init("", [WaitTarget(pool(of: look), .value)], since: since), [])
    }
    guard look.has_wait else { return nil }
    let seen = WaitNote.Seen(look.wait)
    var sleep = seen.sleep
    if sleep.verb.isEmpty { sleep.verb = member.call }
    if let text = memory.text(seen.text) {
      sleep.place = SourcePlace(text, line: Int(seen.line))
    }
    return (sleep, seen.flags)
  }

  /// Whether it said that it waits for ever at a channel, and was woken since.
  private func isWoken(_ member: SessionMemory.Member) -> Bool {
    guard member.look.has_wait else { return false }
    let seen = WaitNote.Seen(member.look.wait)
    if seen.verb == .select { return isWoken(member, seen.sleep.targets) }
    guard seen.sleep.deadline == nil, !seen.flags.contains(.handler),
      let target = seen.sleep.targets.first, let channel = channels[target.object.number],
      let part = channel.part(member.slot, generation: member.look.generation)
    else { return false }
    switch channel.kind {
    // Their waiters only say that they wait.
    case .lock, .memory: return false
    default: break
    }
    switch part.state {
    case .stuckReading, .stuckWriting: return !part.isStuck
    case .idle: return true
    // Whether what it waits for is there is not to be seen from this.
    case .reading, .writing, .left: return false
    }
  }

  /// Whether one of several channels has woken it.
  ///
  /// An event may have been set and cleared again; what a queue has is to be seen.
  private func isWoken(_ member: SessionMemory.Member, _ targets: [WaitTarget]) -> Bool {
    targets.contains { target in
      guard let channel = channels[target.object.number],
        channel.kind == .event || channel.kind == .pipe,
        let part = channel.part(member.slot, generation: member.look.generation)
      else { return false }
      return part.state == .idle || !part.isCurrent
    }
  }
}
