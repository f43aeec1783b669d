import CPosix
import Glibc
import Posix
import Processes
import Waits

/// What a session that ended badly has left: its processes as they were, and its recording
/// (`CPosix/box.c`).
public final class BlackBox {
  /// A process of the session.
  public struct Life {
    /// Its pid.
    public let pid: Int32
    /// Empty for the session's own process.
    public let name: String
    /// What it waited for; nil if it ran.
    public let sleep: WaitProcess.Sleep?
    /// The words of the call that it slept in last, and where that stands.
    public let call: String
    /// How it ended, where that was seen before the session's end.
    public let ending: Ending?
  }

  /// The session's first process.
  public let session: Int32
  /// The signal that ended the session; nil if it was killed, or has ended in another way.
  public let cause: Signal?
  /// When its end was seen (ns since 1970).
  public let time: Int64
  /// The same moment, by the monotonic clock (ns).
  public let moment: Int64
  /// The session's own process first.
  public let lives: [Life]
  /// Nil if nothing was recorded.
  public let recording: Recording?
  private let bytes: UnsafeMutableRawBufferPointer

  private var mapping: (base: UnsafeMutableRawPointer, size: Int)?

  deinit {
    bytes.deallocate()
    mapping.map { brood_memory_unmap($0.base, $0.size) }
  }

  /// A recording whose session is gone with its guardian: nothing else is left of them.
  ///
  /// - Returns: nil for what is none, or one of another version.
  private init?(recording path: String) {
    // Most of the file has no memory.
    guard let fd = try? Descriptors.open(path, O_RDONLY) else { return nil }
    defer { Descriptors.close(fd) }
    let size = (try? FileStatus(path))?.size ?? 0
    var code: Int32 = 0
    guard size > 0, let base = brood_memory_map_to_read(fd, Int(size), &code) else { return nil }
    mapping = (base, Int(size))
    bytes = .allocate(byteCount: 1, alignment: 1)
    guard let found = Recording(UnsafeRawBufferPointer(start: base, count: Int(size))) else {
      return nil
    }
    recording = found
    session = found.session
    cause = nil
    let last = found.events().map(\.time).max() ?? 0
    time = found.begin.real + last
    moment = found.begin.monotonic + last
    lives = []
  }

  /// Reads a file.
  ///
  /// - Throws: errors of reading it.
  /// - Returns: nil for what is no black box, or one of another version.
  public init?(file path: String) throws(SystemError) {
    let content: [UInt8]
    do {
      content = try Transfer.readFile(path)
    } catch {
      throw error as? SystemError ?? SystemError(call: "read", code: EIO, detail: path)
    }
    // Tables have parts that are aligned.
    bytes = .allocate(byteCount: max(128, content.count + 256), alignment: 128)
    let headSize = MemoryLayout<brood_box_header>.size
    guard content.count >= headSize, content.withUnsafeBytes({ BlackBox.isBox($0) }) else {
      return nil
    }
    let header = content.withUnsafeBytes { $0.loadUnaligned(as: brood_box_header.self) }
    let tableSize = Int(header.table_size)
    let eventsAt = (tableSize + 127) / 128 * 128
    let table = UnsafeMutableRawBufferPointer(rebasing: bytes[..<max(128, tableSize)])
    table.copyBytes(from: content[headSize..<headSize + tableSize])
    let events = UnsafeMutableRawBufferPointer(
      rebasing: bytes[eventsAt..<eventsAt + Int(header.events_size)])
    events.copyBytes(from: content[(headSize + tableSize)...].prefix(events.count))
    session = header.session
    cause = Signal(header.cause)
    time = header.time
    moment = header.monotonic
    lives =
      tableSize == 0
      ? [] : SessionMemory(inBox: UnsafeRawBufferPointer(table)).map(BlackBox.lives) ?? []
    recording = Recording(UnsafeRawBufferPointer(events))
  }

  private static func isBox(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let header = bytes.loadUnaligned(as: brood_box_header.self)
    let (size, isOver) = header.table_size.addingReportingOverflow(header.events_size)
    return header.magic == BROOD_BOX_MAGIC && header.layout == UInt32(BROOD_LAYOUT) && !isOver
      && size <= UInt64(bytes.count - MemoryLayout<brood_box_header>.size)
  }

  private static func lives(_ memory: SessionMemory) -> [Life] {
    let root = memory.root
    let others = (0..<memory.slotCount).filter { $0 != root.slot }.map(memory.member)
    return ([root] + others).compactMap { member in
      let look = member.look
      // Of a slot that is in use again the last end is another process's.
      let ended = look.ending != 0 && (look.is_free || look.last == look.pid)
      guard look.pid > 0 && !look.is_free || ended else { return nil }
      var sleep: WaitProcess.Sleep?
      if look.has_wait, !ended {
        let seen = WaitNote.Seen(look.wait)
        sleep = seen.sleep
        sleep?.place = memory.text(seen.text).map { SourcePlace($0, line: Int(seen.line)) }
      }
      return Life(
        pid: ended ? look.last : look.pid, name: member.name, sleep: sleep, call: member.call,
        ending: ended ? Ending(pid: look.last, recorded: look.ending) : nil)
    }
  }

  // MARK: Where they are

  /// The boxes of a directory, the latest first.
  ///
  /// Files that cannot be read, or are of another version, are passed over.
  public static func all(in directory: String) -> [BlackBox] {
    (1...8).compactMap { try? BlackBox(file: "\(directory)/box-\($0)") }
      .sorted { $0.time > $1.time }
  }

  /// Makes boxes of the recordings of this user whose sessions are gone with their guardians.
  ///
  /// - Parameters:
  ///   - directory: where boxes stand.
  ///   - recordings: where recordings stand.
  public static func collect(into directory: String, from recordings: String) {
    var isPrepared = false
    for name in (try? Directory.names(recordings)) ?? [] {
      let parts = name.split(separator: "-")
      guard parts.count == 5, parts[0] == "brood", parts[1] == "events",
        parts[2] == "\(geteuid())", let pid = Int32(parts[3]), isGone(pid)
      else { continue }
      let path = "\(recordings)/\(name)"
      if let box = BlackBox(recording: path), let base = box.mapping?.base {
        // It does that better.
        if let guardian = box.recording?.guardian, guardian > 0, !isGone(guardian) { continue }
        if !isPrepared { brood_box_prepare(directory) }
        isPrepared = true
        // There may be room for it another time.
        if brood_box_keep(base, box.time, box.moment) < 0 { continue }
      }
      unlink(path)
    }
  }

  /// Whether there is no such process, or one that was not reaped.
  private static func isGone(_ pid: Int32) -> Bool {
    switch ProcessIdentity.look(pid) {
    case .seen(let stat): stat.hasEnded
    case .gone, .unseen(hasEnded: true): true
    case .unseen(hasEnded: false): false
    }
  }
}
