import CPosix
import Glibc
import Posix

/// Where a forked process stands in the session's shared table.
public struct SlotID: Hashable, Sendable {
  let number: Int32

  /// That of this process; nil if it has none.
  public static var own: SlotID? {
    let number = brood_slot_own()
    return number < 0 ? nil : SlotID(number: number)
  }

  /// The slot's place in the table, and which of its processes is meant.
  public var place: (number: Int32, generation: UInt32) {
    (number, brood_slot_generation(number))
  }
}

/// The session's table of forked processes, shared by all of them: it bounds how many live, and
/// takes the values that their blocks return (KERNEL.md).
///
/// A value in a slot needs no descriptor and no system call per fork, and outlives its child.
public struct ProcessSlots {
  /// Makes the table, once in a session, before its first fork.
  public init() throws(SystemError) { try checked("mmap") { brood_slots_start() } }

  /// How many processes may live at once, zombies not counted.
  public var limit: Int {
    get { Int(brood_slots_limit()) }
    nonmutating set { brood_slots_set_limit(Int32(clamping: newValue)) }
  }

  /// How many are counted now.
  public var live: Int { Int(brood_slots_live()) }

  /// The session's guardian, known to all of its processes; 0 for none.
  public var guardian: Int32 {
    get { brood_slots_guardian() }
    nonmutating set { brood_slots_set_guardian(newValue) }
  }

  /// Reserves a slot before a fork; EDQUOT at the limit.
  ///
  /// - Parameter isNested: asked by a forked child, which is refused for a while after the limit
  ///   was reached, so that a fork bomb dies out.
  public func reserve(isNested: Bool) throws(SystemError) -> SlotID {
    SlotID(number: try checked("fork") { brood_slot_reserve(isNested) })
  }

  /// Tells the name before the fork, so that the child knows it.
  public func name(_ slot: SlotID, _ name: String) {
    var name = name
    name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        brood_slot_name(slot.number, $0.baseAddress, $0.count)
      }
    }
  }

  /// Tells before the fork what the process runs, for reports of others.
  public func describe(_ slot: SlotID, _ work: UnsafeBufferPointer<UInt8>) {
    work.withMemoryRebound(to: CChar.self) {
      brood_slot_work(slot.number, $0.baseAddress, $0.count)
    }
  }

  /// In the parent after the fork.
  public func fill(_ slot: SlotID, pid: Int32) { brood_slot_fill(slot.number, pid) }

  /// Notes that a process, and what it will make, outlives the session.
  public func detach(_ slot: SlotID) { brood_slot_detach(slot.number) }

  /// The same by pid.
  public func detach(pid: Int32) { brood_slots_detach(pid) }

  /// Whether a process is one of the table, which tells it from others that have had its pid.
  public func has(_ process: ProcessStat) -> Bool {
    var isDetached = false
    return brood_slots_have(process.pid, process.startTicks, &isDetached)
  }

  /// In the child after the fork.
  public func take(_ slot: SlotID) { brood_slot_take(slot.number) }

  /// The place of this forked process in the table; nil for the session's own.
  public var own: Int32? {
    guard Process.forkDepth > 0 else { return nil }
    let slot = brood_slot_own()
    return slot < 0 ? nil : slot
  }

  /// The name that this forked process was given; nil in the session's own.
  public var ownName: String? { brood_own_name().map { String(cString: $0) } }

  /// Who forked this process, and its name, empty for the session's own process; nil in that.
  public var maker: (pid: Int32, name: String)? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
      guard let text = buffer.baseAddress, case let pid = brood_slot_maker(text), pid > 0
      else { return nil }
      return (pid, String(cString: text))
    }
  }

  /// The process of a slot; 0 if it has none.
  public func occupant(_ slot: SlotID) -> Int32 { brood_slot_occupant(slot.number) }

  /// Whether a slot is this process's own.
  public func isOwn(_ slot: SlotID) -> Bool { own == slot.number }

  /// Whether a slot still is this process's, which has not been reaped then.
  public func holds(_ slot: SlotID, pid: Int32) -> Bool { brood_slot_holds(slot.number, pid) }

  /// What is known of a process of the table.
  public struct Entry {
    /// The name that it was given.
    public let name: String
    /// The beginning of what it runs, empty if that was not told.
    public let work: String
    /// The call of the language that it slept in last, empty if in none.
    public let waits: String
  }

  /// What the table knows, at one moment.
  public struct Entries {
    /// Each process by its pid.
    public fileprivate(set) var byPid: [Int32: Entry] = [:]
    /// Processes that are being made, whose pid their maker will tell, by the maker's pid.
    public fileprivate(set) var begun: [Int32: Entry] = [:]
    /// The call that the session's own process slept in last.
    public fileprivate(set) var rootWaits = ""

    /// Makes an empty one.
    public init() {}

    /// Takes in what a later look found; what it did not find any more stays.
    public mutating func update(_ later: Entries) {
      byPid.merge(later.byPid) { $1 }
      begun = later.begun
      rootWaits = later.rootWaits
    }
  }

  /// The names of all processes in the table, what they run, and what they wait for.
  public var entries: Entries {
    var result = Entries()
    result.rootWaits = withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: Int(BROOD_WAITS_SIZE)
    ) { buffer in
      guard let text = buffer.baseAddress else { return "" }
      brood_root_waits(text)
      return String(cString: text)
    }
    for slot in 0..<brood_slots_top() {
      let told = brood_slot_entry(slot)
      // The session's own place has no name.
      guard told.owner > 0, told.name.0 != 0 else { continue }
      let entry = Entry(name: text(told.name), work: text(told.work), waits: text(told.waits))
      if told.pid > 0 { result.byPid[told.pid] = entry } else { result.begun[told.owner] = entry }
    }
    return result
  }

  /// The text of an array of C.
  private func text<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// This process is about to sleep in a call of the language, whose text this is; empty: in none.
  public func noteSleep(_ text: UnsafeBufferPointer<UInt8>) {
    text.withMemoryRebound(to: CChar.self) { brood_slot_sleeps($0.baseAddress, $0.count) }
  }

  /// In the parent: how the child ended, for those who had to do with it.
  public func noteEnd(_ slot: SlotID, _ info: ExitInfo) {
    switch info.cause {
    case .exited(let status): brood_slot_end(slot.number, 0, status)
    case .signaled(let signal, _): brood_slot_end(slot.number, signal.number, 0)
    }
  }

  /// In the parent once the child was reaped, or after a failed fork.
  public func free(_ slot: SlotID) { brood_slot_free(slot.number) }

  /// In the child: stores a part of its value, from the byte `at` on; EFBIG from 1 GiB on, ENOSPC.
  public func store(
    _ bytes: UnsafeRawBufferPointer, at place: Int, in slot: SlotID
  ) throws(SystemError) {
    let code = brood_slot_write(slot.number, bytes.baseAddress, bytes.count, place)
    if code < 0 { throw SystemError(call: "pwrite", code: -code) }
  }

  /// In the child: its value is whole.
  public func publish(_ slot: SlotID, size: Int) { brood_slot_publish(slot.number, size) }

  /// In the parent: how many bytes the ended child stored, nil if it stored none.
  public func size(of slot: SlotID) -> Int? {
    let size = Int(brood_slot_size(slot.number)) - 1
    return size >= 0 ? size : nil
  }

  /// In the parent: reads a part of what the ended child stored, from the byte `at` on.
  public func read(
    into buffer: UnsafeMutableRawBufferPointer, at place: Int, of slot: SlotID
  ) throws(SystemError) {
    let code = brood_slot_read(slot.number, buffer.baseAddress, buffer.count, place)
    if code < 0 { throw SystemError(call: "pread", code: -code) }
  }

  /// This forked process has printed the error that it ends with.
  public func noteReport() { brood_slot_note_report() }

  /// In the parent of an ended child: whether that did.
  public func hasReported(_ slot: SlotID) -> Bool { brood_slot_has_reported(slot.number) }

  /// Whether the limit is reported for the first time since `rearm`.
  public func isFirstReport() -> Bool { brood_slots_first_report() }

  /// Lets the limit be reported again.
  public func rearm() { brood_slots_rearm() }
}
