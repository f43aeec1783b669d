import CPosix
import Glibc

/// Stream sockets that never wait (socket(2)): a caller that wants to wait sleeps on the descriptor.
///
/// The descriptors lie below the private range, so that forked children share them.
public enum Socket {
  /// How a connection that was begun stands.
  public enum Connecting: Sendable {
    case done
    /// Writable once it is decided; then ask `failure(of:)`.
    case underway
    /// The queue of a unix socket is full, and nothing tells when it is not.
    case crowded
  }

  /// Makes a socket for an address, close-on-exec and non-blocking.
  public static func make(for address: SocketAddress) throws(SystemError) -> Int32 {
    let type =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let fd = Descriptors.moveBeyondDigits(
      try libc("socket") { socket(address.family, type, 0) })
    try Descriptors.requireShared(fd)
    return fd
  }

  /// Gives a socket its address (bind(2)); a unix socket at a path is made by `SocketFile`.
  public static func bind(_ fd: Int32, to address: SocketAddress) throws(SystemError) {
    // Else a server could not come back for minutes after it had clients (tcp(7), TIME_WAIT).
    if case .internet = address { try setFlag(fd, SOL_SOCKET, SO_REUSEADDR) }
    let code = try address.withBytes { Glibc.bind(fd, $0, $1) == 0 ? 0 : errno }
    if code != 0 { throw SystemError(call: "bind", code: code) }
  }

  /// Takes connections from now on (listen(2)).
  public static func listen(_ fd: Int32) throws(SystemError) {
    _ = try libc("listen") { Glibc.listen(fd, Int32(SOMAXCONN)) }
  }

  /// Takes the next connection that waits (accept4(2)); nil if none does.
  ///
  /// - Parameter address: who connected; nil for a unix socket without a name.
  public static func accept(
    _ fd: Int32
  ) throws(SystemError) -> (fd: Int32, address: SocketAddress?)? {
    while true {
      var taken: Int32 = -1
      let address = named { raw, size in
        taken = brood_accept(fd, raw, size)
        return taken < 0 ? -taken : 0
      }
      if taken >= 0 {
        taken = Descriptors.moveBeyondDigits(taken)
        try Descriptors.requireShared(taken)
        if let address { noDelay(taken, address) }
        return (taken, address)
      }
      switch -taken {
      case EAGAIN: return nil
      // The client has gone meanwhile, or the network told of it (accept(2)).
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH: continue
      default: throw SystemError(call: "accept", code: -taken)
      }
    }
  }

  /// Begins to connect (connect(2)).
  public static func connect(
    _ fd: Int32, to address: SocketAddress
  ) throws(SystemError) -> Connecting {
    noDelay(fd, address)
    let code: Int32
    if case .unix(let path) = address {
      code = -brood_unix_connect(fd, path)
    } else {
      code = try address.withBytes { Glibc.connect(fd, $0, $1) == 0 ? 0 : errno }
    }
    switch code {
    case 0: return .done
    case EINPROGRESS, EINTR: return .underway
    case EAGAIN: return .crowded
    default: throw SystemError(call: "connect", code: code)
    }
  }

  /// Waits for at most so many ns for room in the queue of a unix socket; false if none came.
  public static func connectWaiting(
    _ fd: Int32, to address: SocketAddress, nanoseconds: Int64
  ) throws(SystemError) -> Bool {
    let code: Int32
    if case .unix(let path) = address {
      code = brood_connect_waiting(fd, path, nil, 0, nanoseconds)
    } else {
      code = try address.withBytes { brood_connect_waiting(fd, nil, $0, $1, nanoseconds) }
    }
    if code == -EAGAIN || code == -EINTR { return false }
    try checked("connect") { code }
    return true
  }

  /// What became of a connection that was underway; 0 is success (SO_ERROR).
  public static func failure(of fd: Int32) throws(SystemError) -> Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    _ = try libc("getsockopt") { getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) }
    return code
  }

  /// Whether there is another side (getpeername(2)).
  public static func isConnected(_ fd: Int32) -> Bool {
    named { getpeername(fd, $0, $1) == 0 ? 0 : errno } != nil
  }

  /// Reads what is there (recv(2)); nil if nothing is yet, 0 at the end.
  ///
  /// - Parameter keeping: the next read gets it again.
  public static func receive(
    _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer, keeping: Bool = false
  ) throws(SystemError) -> Int? {
    let flags = Int32(MSG_DONTWAIT) | (keeping ? Int32(MSG_PEEK) : 0)
    let count = recv(fd, buffer.baseAddress, buffer.count, flags)
    if count >= 0 { return count }
    let code = errno
    if code == EAGAIN || code == EINTR { return nil }
    throw SystemError(call: "recv", code: code)
  }

  /// Writes what fits, without SIGPIPE (send(2)); nil if nothing does.
  public static func send(
    _ fd: Int32, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) -> Int? {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    let count = Glibc.send(fd, bytes.baseAddress, bytes.count, flags)
    if count >= 0 { return count }
    let code = errno
    if code == EAGAIN || code == EINTR { return nil }
    throw SystemError(call: "send", code: code)
  }

  /// Tells the other side that nothing more will be written (shutdown(2)).
  public static func endWriting(_ fd: Int32) { _ = shutdown(fd, Int32(SHUT_WR)) }

  /// The address that the kernel gave (getsockname(2)).
  public static func address(of fd: Int32) -> SocketAddress? {
    named { getsockname(fd, $0, $1) == 0 ? 0 : errno }
  }

  /// The other side's address (getpeername(2)); nil if it has none.
  public static func peerAddress(of fd: Int32) -> SocketAddress? {
    named { getpeername(fd, $0, $1) == 0 ? 0 : errno }
  }

  /// A number that all descriptors of a socket have in common and no other socket has
  /// (SO_COOKIE, socket(7)).
  public static func identity(of fd: Int32) throws(SystemError) -> UInt64 {
    var cookie: UInt64 = 0
    var size = socklen_t(MemoryLayout<UInt64>.size)
    _ = try libc("getsockopt") { getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) }
    return cookie
  }

  /// The process on the other side of a unix socket, as it was when it connected or listened.
  public static func peerProcess(of fd: Int32) -> Int32? {
    let pid = brood_socket_peer(fd)
    return pid > 0 ? pid : nil
  }

  /// The user on the other side of a unix socket, as it was when it connected or listened
  /// (SO_PEERCRED, unix(7)); nil where that cannot be told.
  public static func peerUser(of fd: Int32) -> UInt32? {
    UInt32(exactly: brood_socket_peer_user(fd))
  }

  /// How many bytes can be read now (FIONREAD).
  public static func unread(_ fd: Int32) -> Int {
    var count: Int32 = 0
    return ioctl(fd, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  private static func named(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    let room = MemoryLayout<sockaddr_storage>.size
    return withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      var size = socklen_t(room)
      let code = ask(base.assumingMemoryBound(to: sockaddr.self), &size)
      if code != 0 { return nil }
      return SocketAddress(UnsafeRawBufferPointer(rebasing: buffer.prefix(Int(size))))
    }
  }

  // Messages are small and answered; waiting to gather more would cost 40 ms each (tcp(7)).
  private static func noDelay(_ fd: Int32, _ address: SocketAddress) {
    if case .internet = address { try? setFlag(fd, Int32(IPPROTO_TCP), TCP_NODELAY) }
  }

  private static func setFlag(
    _ fd: Int32, _ level: Int32, _ option: Int32
  ) throws(SystemError) {
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    _ = try libc("setsockopt") { setsockopt(fd, level, option, &on, size) }
  }
}
