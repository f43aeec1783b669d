import CPosix
import Posix
import Waits

/// Warns of locks that are taken in orders that can deadlock, before they do: locks, `shm lock`,
/// semaphores of one permit.
///
/// Each lock that is taken while another one is held, or held then, gets a bit in the session's
/// memory, which it keeps until no process that has taken it is left; an edge from one to the other
/// is noted with its place (`CPosix/order.c`). What makes a ring, in which each edge could be another
/// process's, is warned of once (`Waits/LockRing`). A lock that is taken alone costs a load while
/// this is off, and two short lists while it is on; an order that is known, a load and a compare.
public enum LockOrder {
  /// Told of a ring, once in the session, and when there are too many locks; set by the session.
  ///
  /// It must not do operations of channels.
  nonisolated(unsafe) public static var tell: ((String) -> Void)?

  /// Begins or ends to note what this process and those that it forks from now on take.
  public static func turn(on: Bool) {
    if on == isOn { return }
    forget()
    brood_order_turn(on)
  }

  @inline(__always)
  static var isOn: Bool { brood_order_is_on() }

  /// What this process holds, in the order in which it was taken.
  private struct Held {
    let channel: ObjectIdentifier
    let id: UInt64
    let name: String
    /// -1 without one.
    var bit: Int32
  }

  nonisolated(unsafe) private static var held: [Held] = []
  /// Those that have bits.
  nonisolated(unsafe) private static var mask: UInt64 = 0
  /// How many have none.
  nonisolated(unsafe) private static var unnumbered = 0
  nonisolated(unsafe) private static var depth: UInt32 = 0

  private static func forget() {
    held = []
    mask = 0
    unnumbered = 0
    depth = brood_fork_depth()
  }

  /// A forked child holds nothing.
  private static func follow() { if depth != brood_fork_depth() { forget() } }

  /// A lock was taken.
  ///
  /// - Parameter isForever: not if the wait for it would have ended by itself.
  @inline(never)
  static func took(_ channel: Channel, isForever: Bool) {
    follow()
    if !held.isEmpty, isForever, unnumbered > 0 || !channel.ordering.isKnown(after: mask, depth) {
      note(channel)
    }
    let bit = channel.ordering.depth == depth ? channel.ordering.bit : -1
    held.append(
      Held(
        channel: ObjectIdentifier(channel), id: channel.id, name: channel.memory.name, bit: bit))
    if bit >= 0 { mask |= 1 << UInt64(bit) } else { unnumbered += 1 }
  }

  /// A lock was let go of.
  @inline(never)
  static func letGo(_ channel: Channel) {
    follow()
    guard let index = held.lastIndex(where: { $0.channel == ObjectIdentifier(channel) }) else {
      return
    }
    let bit = held.remove(at: index).bit
    if bit >= 0 { mask &= ~(1 << UInt64(bit)) } else { unnumbered -= 1 }
  }

  /// This process has the channel no longer.
  static func drop(_ channel: Channel) {
    letGo(channel)
    let ordering = channel.ordering
    if ordering.bit >= 0, ordering.depth == depth { brood_order_use(ordering.bit, false) }
  }

  // MARK: An order that is new here

  private static func note(_ channel: Channel) {
    if brood_order_has_given_up() { return turn(on: false) }
    guard brood_order_enter() else { return }
    var rings: [[LockRing.Edge]] = []
    let hasBits = giveBits(channel)
    if hasBits {
      let me = brood_order_self()
      for one in held where one.bit >= 0 && one.bit != channel.ordering.bit {
        if let ring = note(one.bit, channel.ordering.bit, me) { rings.append(ring) }
      }
      channel.ordering.known = mask
    }
    let isFirst = !hasBits && brood_order_give_up()
    let texts = rings.compactMap(text)
    brood_order_leave()
    for text in texts { tell?(text) }
    if hasBits { return }
    turn(on: false)
    if isFirst {
      tell?(
        "more than \(BROOD_ORDER_LOCKS) locks are taken while others are held: whether their order "
          + "can deadlock is not looked at any more")
    }
  }

  /// Sees to it that all that is held and what was taken have bits; false if there are not enough.
  private static func giveBits(_ channel: Channel) -> Bool {
    for index in held.indices where held[index].bit < 0 {
      let bit = bit(held[index].id, held[index].name)
      if bit < 0 { return false }
      held[index].bit = bit
      mask |= 1 << UInt64(bit)
      unnumbered -= 1
    }
    if channel.ordering.depth != depth || channel.ordering.bit < 0 {
      let bit = bit(channel.id, channel.memory.name)
      if bit < 0 { return false }
      channel.ordering = Ordering(bit: bit, depth: depth)
    }
    return true
  }

  private static func bit(_ id: UInt64, _ name: String) -> Int32 {
    var name = name
    let bit = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { brood_order_bit(id, $0.baseAddress, $0.count) }
    }
    if bit >= 0 { brood_order_use(bit, true) }
    return bit
  }

  /// Notes an edge; yields the ring that it closes, if that was not told.
  private static func note(_ from: Int32, _ to: Int32, _ me: UInt32) -> [LockRing.Edge]? {
    guard let edge = brood_order_edge(from, to) else { return nil }
    let guards = mask & ~(1 << UInt64(from)) & ~(1 << UInt64(to))
    var isNews = false
    if edge.pointee.is_there == 0 {
      let place = Recorder.place
      edge.pointee = brood_order_edge()
      edge.pointee.guard = guards
      edge.pointee.text = UInt32(truncatingIfNeeded: place >> 32)
      edge.pointee.line = UInt32(truncatingIfNeeded: place)
      edge.pointee.is_there = 1
      brood_order_follow(from, to)
      isNews = true
    } else if edge.pointee.guard & ~guards != 0 {
      edge.pointee.guard &= guards
      isNews = true
    }
    if enter(me, edge) { isNews = true }
    guard isNews, let new = value(from, to) else { return nil }
    var search = LockRing(followers: { brood_order_followers(Int32($0)) }, edges)
    guard let ring = search.ring(through: new) else { return nil }
    var sum: UInt64 = 0x6F72_6465_72
    for edge in ring {
      sum &+= brood_order_lock(Int32(edge.held)).pointee.id &* 0x9e37_79b9_7f4a_7c15
    }
    return brood_look_tell(sum | 1) ? ring : nil
  }

  /// Adds a process to those of an edge: instead of one that is gone, if there are enough.
  private static func enter(_ me: UInt32, _ edge: UnsafeMutablePointer<brood_order_edge>) -> Bool {
    if me == 0 { return false }
    return withUnsafeMutableBytes(of: &edge.pointee.takers) { bytes in
      let takers = bytes.bindMemory(to: UInt32.self)
      if takers.contains(me) { return false }
      let place =
        takers.indices.first { takers[$0] == 0 }
        ?? takers.indices.first { index in
          life(takers[index]).map { $0.ended != .max } ?? true
        }
      guard let place else { return false }
      takers[place] = me
      return true
    }
  }

  // MARK: As values

  private static func edges(_ held: Int) -> [LockRing.Edge] {
    let followers = brood_order_followers(Int32(held))
    return (0..<Int(BROOD_ORDER_LOCKS)).compactMap { taken in
      followers >> UInt64(taken) & 1 == 0 ? nil : value(Int32(held), Int32(taken))
    }
  }

  private static func value(_ held: Int32, _ taken: Int32) -> LockRing.Edge? {
    guard let edge = brood_order_edge(held, taken), edge.pointee.is_there != 0 else { return nil }
    let takers = withUnsafeBytes(of: &edge.pointee.takers) { bytes in
      bytes.bindMemory(to: UInt32.self).compactMap(life)
    }
    return LockRing.Edge(
      held: Int(held), taken: Int(taken), guards: edge.pointee.guard, takers: takers)
  }

  private static func life(_ number: UInt32) -> LockRing.Life? {
    var process = brood_order_process()
    guard number != 0, brood_order_process(number, &process) else { return nil }
    return LockRing.Life(
      number: number, born: process.born, gone: process.gone == 0 ? .max : process.gone,
      began: process.began, ended: process.ended == 0 ? .max : process.ended)
  }

  /// What is told of a ring, with the place of each edge.
  private static func text(_ ring: [LockRing.Edge]) -> String? {
    let names = ring.map { edge in
      withUnsafeBytes(of: brood_order_lock(Int32(edge.held)).pointee.name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
    guard let first = names.first, names.count > 1 else { return nil }
    let kind = first.prefix { $0 != " " } + " "
    // The word once, where it is the same for all.
    let areAlike = names.allSatisfy { $0.hasPrefix(kind) }
    let short = names.map { areAlike ? String($0.dropFirst(kind.count)) : $0 }
    var parts: [String] = []
    for (at, edge) in ring.enumerated() {
      let taken = (at + 1) % ring.count
      let place = place(Int32(edge.held), Int32(edge.taken)).map { " (\($0))" } ?? ""
      parts.append(
        at == 0
          ? "\(names[taken]) was taken while holding \(short[at])\(place)"
          : "\(short[taken]) while holding \(short[at])\(place)")
    }
    let last = parts.removeLast()
    let counts = ["two", "three", "four", "five", "six", "seven", "eight"]
    let count = counts[min(ring.count, counts.count + 1) - 2]
    let all = ring.count == 2 ? "both come" : "all come"
    let rest = ", and \(last): these \(count) deadlock if \(all) at once"
    return parts.joined(separator: ", ") + rest
  }

  private static func place(_ held: Int32, _ taken: Int32) -> String? {
    guard let edge = brood_order_edge(held, taken), edge.pointee.line > 0,
      let text = SessionMemory.own?.text(edge.pointee.text)
    else { return nil }
    return "\(text):\(edge.pointee.line)"
  }
}

/// What a channel remembers of its place in the order of locks.
struct Ordering {
  /// -1 without one.
  var bit: Int32 = -1
  /// The fork depth at which this process got it.
  var depth: UInt32 = 0
  /// What was held when it was taken last, as far as that has been noted.
  var known: UInt64 = 0

  @inline(__always)
  func isKnown(after mask: UInt64, _ depth: UInt32) -> Bool {
    bit >= 0 && known == mask && mask != 0 && self.depth == depth
  }
}
