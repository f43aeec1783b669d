import Language
import Posix
import Processes

/// The parent of this process, for whose end a child can wait.
///
/// How it ended only its own parent is told.
public final class ParentWatch {
  public let pid: Int32
  /// Nil if that is not known any more.
  public let name: String?
  private var pidfd: Int32 = -1

  /// Nil if the number is not that of the parent, nor of the one that forked this process.
  public init?(_ pid: Int32, _ session: Session) {
    self.pid = pid
    if let maker = session.slots?.maker, maker.pid == pid {
      name = maker.name.isEmpty ? "brood" : maker.name
    } else if pid > 0, pid == Process.parentPid {
      name = session.processEntries.byPid[pid]?.name ?? session.reader.stat(pid)?.name
    } else {
      return nil
    }
  }

  deinit { close() }

  /// Whether it has ended: its children have another parent then.
  public var hasEnded: Bool { Process.parentPid != pid }

  /// A descriptor that is readable when it has ended.
  public func descriptor() throws -> Int32 {
    if pidfd < 0 {
      pidfd = try mapErrors("cannot watch process \(pid)") { try Process.descriptor(of: pid) }
    }
    return pidfd
  }

  public func close() {
    Descriptors.close(pidfd)
    pidfd = -1
  }

  /// What `wait` yields: `pid` and `name`, the rest null.
  public var record: Value {
    let map = MapObject()
    for key in WaitRecord.fieldNames { map.set(key, .null) }
    map.set("pid", .int(Int(pid)))
    map.set("name", name.map { .text($0) } ?? .null)
    return .map(map)
  }
}

extension Session {
  /// Waits until the parent has ended; false when the deadline has passed.
  public func wait(
    for parent: ParentWatch, _ interpreter: Interpreter, until deadline: Int64?
  ) throws -> Bool {
    if parent.hasEnded { return true }
    let watch: Watch
    do {
      watch = try mapErrors { try loop.watchExit(parent.descriptor()) { Attention.raise() } }
    } catch {
      if parent.hasEnded { return true }
      throw error
    }
    defer { loop.remove(watch) }
    return try pause(interpreter, until: deadline) { parent.hasEnded }
  }
}
