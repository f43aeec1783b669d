import Language
import Posix
import Processes

/// A handle that has a socket's file open.
public protocol SocketFileHolder: Handle {
  /// Closes the socket and leaves its file.
  func letGo()
}

extension Session {
  /// At the end of the session, removes the files of sockets that no detached process has open.
  ///
  /// Those of killed processes that are not quite gone are left to the guardian.
  func removeSocketFiles() {
    closeSockets()
    Guardian.unlinkSockets()
  }

  /// Closes this process's sockets, so that a process on another side sees that nothing will come;
  /// their files stay.
  func closeSockets() {
    for (_, handle) in names.all("socket") { (handle as? any SocketFileHolder)?.letGo() }
  }

  /// Before a program is started that is no child of the user's: the guardian.
  public func guardChildren() throws { try startGuardian() }

  /// Makes a socket file that is gone with the session, however that ends.
  ///
  /// - Parameter path: an absolute path.
  public func makeSocketFile(_ fd: Int32, at path: String) throws -> SocketFile {
    try startGuardian()
    return try SocketFile(binding: fd, to: path)
  }
}
