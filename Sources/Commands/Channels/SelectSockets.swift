import Language

/// Connections of a listening socket, or values of a connection.
struct SocketSource: SelectSource {
  let index: Int
  let handle: SocketHandle

  func take() throws -> (value: Value, origin: Value)? {
    try handle.takeReady().map { ($0, .handle(handle)) }
  }

  func prepare() throws -> SelectReadiness { .descriptors([handle.readiness]) }
}
