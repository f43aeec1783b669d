import CPosix
import Glibc
import Posix

/// The file of a unix socket that this process listens at.
///
/// It is in the guardian's register before it is made, so it is gone soon after the session,
/// whenever that is killed.
public struct SocketFile: Sendable {
  /// The absolute path.
  public let path: String
  private let number: Int32
  private let maker = Process.pid

  /// Gives a socket its file (bind(2)); one at which no process listens any more is replaced.
  ///
  /// Throws EADDRINUSE, ENOTSOCK for a file that is no socket, ENAMETOOLONG if the last name
  /// or all of the path is too long, ENOSPC if the session has too many sockets.
  ///
  /// - Parameter path: an absolute path.
  public init(binding fd: Int32, to path: String) throws(SystemError) {
    self.path = path
    let entry = brood_guardian_announce(path)
    // Without a guardian the file is removed by `socket close` and at the end of the session.
    if entry < 0, entry != -ENOTSUP { throw SystemError(call: "bind", code: -entry) }
    number = entry
    var code = brood_unix_bind(fd, path)
    if code == -EADDRINUSE {
      let status = try? FileStatus(path, following: false)
      code = status?.kind ?? .socket == .socket ? brood_unix_replace(fd, path) : -ENOTSOCK
    }
    if code < 0 {
      brood_guardian_forget(entry)
      throw SystemError(call: "bind", code: -code)
    }
    _ = brood_guardian_confirm(entry)
  }

  /// Tells the guardian of a socket that a program is about to make; `confirm` once it is there.
  ///
  /// Throws ENOSPC if the session has too many sockets.
  ///
  /// - Parameter path: an absolute path.
  public init(expecting path: String) throws(SystemError) {
    self.path = path
    let entry = brood_guardian_announce(path)
    if entry < 0, entry != -ENOTSUP { throw SystemError(call: "bind", code: -entry) }
    number = entry
  }

  /// The program has made it.
  public func confirm() { if number >= 0 { _ = brood_guardian_confirm(number) } }

  /// Removes the file, if it is still this one and this process made it.
  public func remove() {
    guard maker == Process.pid else { return }
    if number >= 0 { brood_guardian_unlink(number) } else { unlink(path) }
  }
}
