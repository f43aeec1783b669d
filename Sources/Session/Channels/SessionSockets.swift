import Channels
import Language
import Posix

extension Session {
  /// Before a program is started that is no child of the user's: the guardian.
  public func guardChildren() throws { try startGuardian() }

  /// Makes a socket file that is gone with the session, however that ends.
  ///
  /// - Parameter path: an absolute path.
  public func makeSocketFile(_ fd: Int32, at path: String) throws -> SocketFile {
    try startGuardian()
    return try SocketFile(binding: fd, to: path)
  }

  /// Sleeps until a descriptor is ready, a signal was dealt with, or for no reason; handlers run
  /// meanwhile.
  ///
  /// - Parameter deadline: monotonic ns; once it has passed, `isOver` is thrown.
  public func sleep(
    on fd: Int32, for interest: Interest, until deadline: Int64,
    isOver: @autoclosure () -> ErrorObject
  ) throws {
    if deadline != .max, Clock.monotonic >= deadline { throw isOver() }
    let probe = interest == .write ? try asking { try WritableProbe(fd) } : nil
    defer { probe?.close() }
    _ = try patience().sleepOnce([probe?.descriptor ?? fd], until: deadline)
  }
}
