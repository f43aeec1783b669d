import Channels
import Glibc
import Language
import Posix
import Processes
import Session

/// Making sockets: listening, taking connections, connecting.
extension Session {
  /// Makes a socket under a name that is known to be free; nil for one of Brood's.
  private func addSocket(
    _ name: String?, make: (String) throws -> SocketHandle
  ) throws -> SocketHandle {
    let chosen = name ?? names.fresh("socket")
    let handle = try make(chosen)
    do {
      try names.claim(chosen, for: handle)
    } catch {
      handle.close()
      throw error
    }
    return handle
  }

  /// Listens at an address.
  func listen(
    _ name: String?, _ endpoint: SocketEndpoint, _ hosts: HostNames
  ) throws -> SocketHandle {
    if let name { try names.check(name) }
    let address: SocketAddress
    switch endpoint.place {
    case .path(let path): address = .unix(path)
    case .abstract(let name): address = .abstract(name)
    case .host(let host, let port):
      guard let first = try hosts.addresses(of: host, port: port, until: .max).first else {
        throw ErrorObject(.missing, "the host '\(host)' is not known")
      }
      address = .internet(first)
    }
    return try addSocket(name) { name in
      do {
        let fd = try Socket.make(for: address)
        var file: SocketFile?
        do {
          if case .unix(let path) = address {
            file = try makeSocketFile(fd, at: path)
          } else {
            try Socket.bind(fd, to: address)
          }
          try Socket.listen(fd)
        } catch {
          file?.remove()
          Descriptors.close(fd)
          throw error
        }
        let own = file == nil ? Socket.address(of: fd) ?? address : address
        return SocketHandle(name, listening: fd, at: own, file: file, self)
      } catch let error as SystemError {
        throw error.asListenError(endpoint)
      }
    }
  }

  /// Connects to an address, trying all that a host's name stands for.
  ///
  /// - Parameter deadline: monotonic ns.
  func connect(
    _ name: String?, _ endpoint: SocketEndpoint, _ hosts: HostNames, until deadline: Int64
  ) throws -> SocketHandle {
    if let name { try names.check(name) }
    let addresses: [SocketAddress]
    switch endpoint.place {
    case .path(let path): addresses = [.unix(path)]
    case .abstract(let name): addresses = [.abstract(name)]
    case .host(let host, let port):
      addresses = try hosts.addresses(of: host, port: port, until: deadline).map { .internet($0) }
    }
    var failure: SystemError?
    for address in addresses {
      do {
        let fd = try connected(to: address, endpoint, until: deadline)
        return try addSocket(name) { name in
          let own =
            if case .internet = address { Socket.address(of: fd) } else { nil as SocketAddress? }
          return SocketHandle(name, connected: fd, own, to: address, self)
        }
      } catch let error as SystemError {
        failure = failure ?? error
      }
    }
    throw (failure ?? SystemError(call: "connect", code: ECONNREFUSED)).asConnectError(endpoint)
  }

  /// A connected descriptor; throws the system's error if that address does not answer.
  private func connected(
    to address: SocketAddress, _ endpoint: SocketEndpoint, until deadline: Int64
  ) throws -> Int32 {
    let fd = try Socket.make(for: address)
    do {
      switch try Socket.connect(fd, to: address) {
      case .done: break
      case .underway: try awaitConnection(fd, endpoint, until: deadline)
      case .crowded: try awaitRoom(fd, address, endpoint, until: deadline)
      }
      return fd
    } catch {
      Descriptors.close(fd)
      throw error
    }
  }

  private func awaitConnection(
    _ fd: Int32, _ endpoint: SocketEndpoint, until deadline: Int64
  ) throws {
    // Woken for other reasons, it may be underway still: then there is neither failure nor peer.
    while true {
      try sleep(on: fd, for: .write, until: deadline, isOver: overTime(endpoint))
      let code = try Socket.failure(of: fd)
      if code != 0 { throw SystemError(call: "connect", code: code) }
      if Socket.isConnected(fd) { return }
    }
  }

  /// Waits until a server's queue is not full any more.
  ///
  /// Only a blocking connect(2) is woken then, so it is done in slices, between which signals and
  /// other sources have their turn.
  private func awaitRoom(
    _ fd: Int32, _ address: SocketAddress, _ endpoint: SocketEndpoint, until deadline: Int64
  ) throws {
    let slice: Int64 = 20_000_000
    while true {
      let rest = deadline == .max ? slice : deadline - Clock.monotonic
      if rest <= 0 { throw overTime(endpoint) }
      try output.flush()
      if try Socket.connectWaiting(fd, to: address, nanoseconds: min(slice, rest)) { return }
      _ = try waitLimit().sleepOnce([], until: Clock.monotonic)
    }
  }

  private func overTime(_ endpoint: SocketEndpoint) -> ErrorObject {
    ErrorObject(.timeout, "cannot connect to \(endpoint.text): timed out")
  }
}

extension SocketHandle {
  /// Takes the next connection, waiting for one.
  ///
  /// - Parameter deadline: monotonic ns.
  func accept(named name: String?, until deadline: Int64) throws -> SocketHandle {
    if let name { try session.names.check(name) }
    while true {
      if let connection = try takeConnection(named: name) { return connection }
      try session.sleep(
        on: descriptor, for: .read, until: deadline, isOver: timeout("accept from"))
    }
  }

  /// The next connection that waits, nil if none does.
  func takeConnection(named name: String?) throws -> SocketHandle? {
    let fd = try listener()
    guard
      let (taken, peer) = try mapErrors("cannot accept from \(shown)", { try Socket.accept(fd) })
    else { return nil }
    let chosen = name ?? session.names.fresh("socket")
    let own = if case .internet = address { Socket.address(of: taken) } else { address }
    let handle = SocketHandle(chosen, connected: taken, own, to: peer, session)
    try session.names.claim(chosen, for: handle)
    return handle
  }
}
