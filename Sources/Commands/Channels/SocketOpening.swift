import Channels
import Glibc
import Language
import Posix
import Session

/// Making sockets: listening, taking connections, connecting.
extension Session {
  /// Gives a socket a name that is known to be free; nil for one of Brood's.
  private func addSocket(_ name: String?, _ socket: StreamSocket) throws -> SocketHandle {
    let handle = SocketHandle(name ?? names.fresh("socket"), socket)
    do {
      try names.claim(handle.name, for: handle)
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
    return try listen(name, endpoint, at: address)
  }

  /// Listens at an address that an endpoint means.
  func listen(
    _ name: String?, _ endpoint: SocketEndpoint, at address: SocketAddress
  ) throws -> SocketHandle {
    if let name { try names.check(name) }
    do {
      return try addSocket(name, StreamSocket.listening(at: address, makeFile: makeSocketFile))
    } catch let error as SystemError {
      throw error.asListenError(endpoint)
    }
  }

  /// Connects to an address, trying all that a host's name stands for.
  func connect(
    _ name: String?, _ endpoint: SocketEndpoint, _ hosts: HostNames, _ wait: Wait
  ) throws -> SocketHandle {
    if let name { try names.check(name) }
    let addresses: [SocketAddress]
    switch endpoint.place {
    case .path(let path): addresses = [.unix(path)]
    case .abstract(let name): addresses = [.abstract(name)]
    case .host(let host, let port):
      addresses = try hosts.addresses(of: host, port: port, until: wait.deadline)
        .map { .internet($0) }
    }
    return try connect(name, endpoint, to: addresses, wait)
  }

  /// Connects to one of the addresses that an endpoint means.
  func connect(
    _ name: String?, _ endpoint: SocketEndpoint, to addresses: [SocketAddress], _ wait: Wait
  ) throws -> SocketHandle {
    if let name { try names.check(name) }
    // A connection to a server that is busy waits in the kernel.
    try output.flush()
    var failure: SystemError?
    for address in addresses {
      do {
        return try addSocket(name, StreamSocket.connected(to: address, wait))
      } catch let error as SystemError {
        failure = failure ?? error
      } catch ChannelError.timeout {
        throw ErrorObject(.timeout, "cannot connect to \(endpoint.text): timed out")
      }
    }
    throw (failure ?? SystemError(call: "connect", code: ECONNREFUSED)).asConnectError(endpoint)
  }
}

extension SocketHandle {
  /// Takes the next connection, waiting for one.
  func accept(named name: String?, _ wait: Wait) throws -> SocketHandle {
    if let name { try session.names.check(name) }
    while true {
      if let connection = try takeConnection(named: name) { return connection }
      try working("accept from") { try socket.awaitBytes(wait) }
    }
  }

  /// The next connection that waits, nil if none does.
  func takeConnection(named name: String?) throws -> SocketHandle? {
    guard let taken = try working("accept from", { try socket.takeConnection() }) else {
      return nil
    }
    let handle = SocketHandle(name ?? session.names.fresh("socket"), taken)
    try session.names.claim(handle.name, for: handle)
    return handle
  }
}
