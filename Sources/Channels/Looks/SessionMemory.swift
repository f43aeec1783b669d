import CPosix
import Posix
import Processes
import Waits

/// The memory that the processes of a session share: one's own, or that of another session, which is
/// read and never written.
///
/// Nothing waits for anything here, and no lock is taken: a stopped session can be looked at too.
public final class SessionMemory {
  /// Why another session cannot be looked at.
  public enum Failure: Error {
    /// None of the descriptors that may be seen is a session's memory.
    case none
    /// It is of another version of Brood.
    case otherLayout
    /// It may not be read: another user's, or /proc does not show it.
    case denied(SystemError)
  }

  let base: UnsafeRawPointer
  /// What is to be unmapped, of another session.
  private let mapping: (base: UnsafeMutableRawPointer, size: Int)?
  /// A process of the session, by whose descriptors others find channels.
  public let member: Int32

  private init(
    _ base: UnsafeRawPointer, _ member: Int32,
    _ mapping: (base: UnsafeMutableRawPointer, size: Int)? = nil
  ) {
    self.base = base
    self.member = member
    self.mapping = mapping
  }

  deinit { mapping.map { brood_memory_unmap($0.base, $0.size) } }

  /// That of this process's own session; nil before it has one.
  public static var own: SessionMemory? {
    brood_session_own().map { SessionMemory($0, Process.pid) }
  }

  /// Whether a process has the memory of a session, as far as one look tells that costs little.
  public static func hasOne(_ pid: Int32) -> Bool {
    let usual = Int(BROOD_SESSION_DESCRIPTOR)
    return ProcReader().target(of: pid, descriptor: usual)?.hasPrefix(prefix) ?? false
  }

  private static let prefix = "/memfd:brood session "

  /// That of the session that a process belongs to, read by one of its descriptors.
  public static func of(_ pid: Int32) throws(Failure) -> SessionMemory {
    guard let fds = ProcReader().descriptors(of: pid) else {
      throw .denied(SystemError(call: "opendir", code: 13))  // EACCES
    }
    guard let found = fds.first(where: { $0.target.hasPrefix(prefix) }) else {
      throw .none
    }
    let fd: Int32
    do throws(SystemError) {
      fd = try openForReading("/proc/\(pid)/fd/\(found.fd)")
    } catch {
      throw .denied(error)
    }
    defer { Descriptors.close(fd) }
    var code: Int32 = 0
    var memory: UnsafeMutableRawPointer?
    var size: Int64 = 0
    guard let base = brood_session_map(fd, &memory, &size, &code), let memory else {
      throw code == -71 ? .otherLayout : .denied(SystemError(call: "mmap", code: -code))  // EPROTO
    }
    return SessionMemory(base, pid, (memory, Int(size)))
  }

  static func openForReading(_ path: String) throws(SystemError) -> Int32 {
    try checked("open") { brood_session_open(path) }
  }

  /// That of a session which has ended, as its black box has it.
  ///
  /// - Parameter bytes: of its table, aligned to 128; they must outlive this object.
  init?(inBox bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return nil }
    base = start
    mapping = nil
    member = 0
  }

  // MARK: What stands there

  /// One process of the session.
  struct Member {
    let slot: Int32
    let look: brood_process_look

    /// Empty for the session's own process.
    var name: String { text(look.name) }
    /// The words of the call that it slept in last.
    var call: String { text(look.waits) }

    private func text<Characters>(_ characters: Characters) -> String {
      withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
  }

  var slotCount: Int32 { brood_session_top(base) }

  func member(_ slot: Int32) -> Member {
    var look = brood_process_look()
    brood_session_slot(base, slot, &look)
    return Member(slot: slot, look: look)
  }

  /// The session's own process.
  var root: Member {
    var look = brood_process_look()
    let slot = brood_session_root(base, &look)
    return Member(slot: slot, look: look)
  }

  /// The pid of the session's own process.
  public var rootPid: Int32 { root.look.pid }

  /// All processes that have not been reaped, the session's own first.
  var members: [Member] {
    let root = self.root
    let others = (0..<slotCount).filter { $0 != root.slot }.map(member)
    return [root] + others.filter { !$0.look.is_free }
  }

  /// The session's other processes, by pid and name.
  public var processes: [(pid: Int32, name: String)] {
    let root = self.root
    return (0..<slotCount).filter { $0 != root.slot }.map(member)
      .filter { !$0.look.is_free && $0.look.pid > 0 }.map { ($0.look.pid, $0.name) }
  }

  /// The pids of all processes that have not been reaped.
  public var pids: [Int32] { members.map(\.look.pid).filter { $0 > 0 } }

  /// What its processes have noted that they wait for, by pid.
  public var notes: [Int32: WaitNote.Seen] {
    var result: [Int32: WaitNote.Seen] = [:]
    for member in members where member.look.pid > 0 && member.look.has_wait {
      result[member.look.pid] = WaitNote.Seen(member.look.wait)
    }
    return result
  }

  /// What its processes waited for when Ctrl-C came, and wait for still; the session's own first,
  /// without workers of pools.
  public var cut: [(pid: Int32, name: String, sleep: WaitProcess.Sleep)] {
    members.compactMap { member in
      let look = member.look
      guard look.pid > 0, look.has_wait || look.was_cut, look.manager == 0 else { return nil }
      let seen = WaitNote.Seen(look.wait)
      var sleep = seen.sleep
      if sleep.verb.isEmpty { sleep.verb = member.call }
      sleep.place = text(seen.text).map { SourcePlace($0, line: Int(seen.line)) }
      return (look.pid, member.name, sleep)
    }
  }

  /// The name of a source text.
  func text(_ number: UInt32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(BROOD_TEXT_SIZE)) { buffer in
      guard let name = buffer.baseAddress, brood_session_text(base, number, name) else {
        return nil
      }
      // That of `brood run`, and others that were not written, have none.
      return name.pointee == 0 ? nil : String(cString: name)
    }
  }
}
