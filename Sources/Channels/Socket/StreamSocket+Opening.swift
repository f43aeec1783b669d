import Glibc
import Posix
import Processes

/// Making sockets: listening, taking connections, connecting.
extension StreamSocket {
  /// Listens at an address (bind(2), listen(2)).
  ///
  /// - Parameter makeFile: makes the file of a unix socket at an absolute path.
  /// - Throws: `SystemError`: EADDRINUSE, ENOTSOCK for a file that is no socket, ENAMETOOLONG …, and
  ///   what `makeFile` throws.
  public static func listening(
    at address: SocketAddress, makeFile: (Int32, String) throws -> SocketFile
  ) throws -> StreamSocket {
    let socket = OwnedDescriptor(try Socket.make(for: address))
    var file: SocketFile?
    if case .unix(let path) = address {
      file = try makeFile(socket.number, path)
    } else {
      try Socket.bind(socket.number, to: address)
    }
    do {
      try Socket.listen(socket.number)
    } catch {
      file?.remove()
      throw error
    }
    let own = file == nil ? Socket.address(of: socket.number) ?? address : address
    return StreamSocket(listening: socket.release(), at: own, file: file)
  }

  /// The next connection that waits at a listening socket (accept4(2)), nil if none does.
  ///
  /// - Throws: `SocketError.closed`, `.isConnection`; `SystemError`.
  public func takeConnection() throws -> StreamSocket? {
    guard let (taken, peer) = try Socket.accept(try listener()) else { return nil }
    let own = if case .internet = address { Socket.address(of: taken) } else { address }
    return StreamSocket(connected: taken, own, to: peer)
  }

  /// Connects to an address (connect(2)).
  ///
  /// - Throws: `ChannelError.timeout`; `SystemError` if no process answers there; what the sleeper
  ///   throws.
  public static func connected(to address: SocketAddress, _ wait: Wait) throws -> StreamSocket {
    let socket = OwnedDescriptor(try Socket.make(for: address))
    switch try Socket.connect(socket.number, to: address) {
    case .done: break
    case .underway: try awaitConnection(socket.number, wait)
    case .crowded: try awaitRoom(socket.number, address, wait)
    }
    var own: SocketAddress?
    if case .internet = address { own = Socket.address(of: socket.number) }
    return StreamSocket(connected: socket.release(), own, to: address)
  }

  private static func awaitConnection(_ fd: Int32, _ wait: Wait) throws {
    // Woken for other reasons, it may be underway still: then there is neither failure nor peer.
    while true {
      try wait.sleep(on: fd, for: .write)
      let code = try Socket.failure(of: fd)
      if code != 0 { throw SystemError(call: "connect", code: code) }
      if Socket.isConnected(fd) { return }
    }
  }

  /// Waits until a server's queue is not full any more.
  ///
  /// Only a blocking connect(2) is woken then, so it is done in slices, between which signals and
  /// other sources have their turn.
  private static func awaitRoom(_ fd: Int32, _ address: SocketAddress, _ wait: Wait) throws {
    let slice: Int64 = 20_000_000
    while true {
      try wait.check()
      let rest = wait.isForever ? slice : wait.deadline - Clock.monotonic
      let length = max(1, min(slice, rest))
      if try Socket.connectWaiting(fd, to: address, nanoseconds: length) { return }
      _ = try wait.sleep([], until: Clock.monotonic)
    }
  }
}
