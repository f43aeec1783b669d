import Language
import Posix
import Waits

/// Connections of a listening socket, or values of a connection.
struct SocketSource: SelectSource {
  let index: Int
  let handle: SocketHandle

  func take() throws -> (value: Value, origin: Value)? {
    try handle.takeReady().map { ($0, .handle(handle)) }
  }

  var target: WaitTarget? {
    guard let file = try? FileStatus(descriptor: handle.readiness) else { return nil }
    return WaitTarget(ObjectID(handle.isListening ? .listener : .socket, file.inode), .value)
  }

  // Who has the other end is not known here.
  var isTargetAll: Bool { target != nil }

  func prepare() throws -> SelectReadiness { .descriptors([handle.readiness]) }
}
