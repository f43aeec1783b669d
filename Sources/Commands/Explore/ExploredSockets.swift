import Channels
import Explore
import Language
import Posix
import Session

/// Sockets where they are explored: connections between processes of the run, at addresses that nobody
/// else sees, whatever they are called.
enum ExploredSockets {
  typealias Work = @Sendable (borrowing Call) throws -> Value

  static func standIn(_ name: String) -> Interpreter.StandIn? {
    switch name {
    case "socket listen": listen
    case "socket connect": connect
    case "socket accept": accept
    case "socket send", "socket write": send
    case "socket recv", "socket read": receive
    case "socket close": close
    case "socket info": look
    case "socket list": list
    default: nil
    }
  }

  /// What is explored, and only that; nil where sockets are what they are: with --real, and where nothing is
  /// explored.
  private static func gate(_ call: borrowing Call) -> Gate? {
    guard let gate = Gate.current, !gate.isLoose else { return nil }
    if !gate.isReal { return gate }
    gate.note(use: "'\(call.command.name)'")
    return nil
  }

  // MARK: Addresses

  /// An address of the run.
  private struct Place {
    /// What it is called in accesses.
    let key: String
    /// Where it really is.
    let real: SocketAddress
    /// What is shown.
    let shown: SocketAddress
  }

  private static func place(
    _ endpoint: SocketEndpoint, _ call: borrowing Call, _ gate: Gate, port chosen: UInt16? = nil
  ) throws -> Place {
    switch endpoint.place {
    case .path(let path):
      guard let name = gate.ownName(of: path) else {
        gate.refuse("'\(call.command.name) \(endpoint.text)', outside of the run's own directory,")
        throw ErrorObject(.type, "outside of the run")
      }
      return Place(key: "socket \(gate.named(name))", real: .unix(path), shown: .unix(path))
    case .abstract(let name): return hidden("@\(gate.named(name))", .abstract(name), gate)
    case .host(let host, let given):
      guard let address = own(host, port: chosen ?? given) else {
        gate.refuse("'\(call.command.name) \(endpoint.text)'")
        throw ErrorObject(.type, "outside of the run")
      }
      return hidden("tcp:\(address.port)", .internet(address), gate)
    }
  }

  /// An address of this machine that others need not know of; nil for any other.
  private static func own(_ host: String, port: UInt16) -> InternetAddress? {
    let numeric = host == "localhost" ? "127.0.0.1" : host
    guard let address = InternetAddress(numeric: numeric, port: port) else { return nil }
    let isAny = address.bytes.allSatisfy { $0 == 0 }
    let isLoop = address.bytes.first == 127 && !address.isLong
    let isLongLoop = address.isLong && address.bytes.dropLast().allSatisfy { $0 == 0 }
    return isAny || isLoop || isLongLoop ? address : nil
  }

  private static func hidden(_ key: String, _ shown: SocketAddress, _ gate: Gate) -> Place {
    Place(key: "socket \(key)", real: .abstract(gate.hiddenName(key)), shown: shown)
  }

  // MARK: Opening

  @Sendable private static func listen(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let (name, index) = SocketCommands.nameAndAddress(call)
    let endpoint = try SocketEndpoint(call, at: index)
    gate.need(.ends)
    while true {
      var port: UInt16?
      if case .host(_, port: 0) = endpoint.place { port = gate.nextPort() }
      let place = try place(endpoint, call, gate, port: port)
      _ = try gate.stop(Operation(ExploredCalls.words(call), [Access(place.key, .write)]))
      do {
        return try SocketCommands.located(call, index) {
          let handle = try call.session.listen(name, endpoint, at: place.real)
          handle.socket.show(place.shown, peer: nil)
          handle.socket.inRun = SocketNames(sends: place.key, receives: place.key)
          return .handle(handle)
        }
      } catch let error as ErrorObject
        where port != nil && error.payload["code"]?.asText == "EADDRINUSE"
      {
        continue
      }
    }
  }

  @Sendable private static func connect(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let (name, index) = SocketCommands.nameAndAddress(call)
    let endpoint = try SocketEndpoint(call, at: index)
    if case .host(_, port: 0) = endpoint.place { return try work(call) }
    gate.need(.ends)
    let place = try place(endpoint, call, gate)
    _ = try gate.stop(
      Operation(
        ExploredCalls.words(call), [Access(place.key, .write), Access(Gate.sockets, .read)]))
    return try SocketCommands.located(call, index) {
      let handle = try call.session.connect(
        name, endpoint, to: [place.real], call.session.waitLimit())
      let key = "\(place.key) from \(gate.path)"
      handle.socket.inRun = SocketNames(sends: "\(key) there", receives: "\(key) back")
      handle.socket.show(caller(gate.path, place.shown), peer: place.shown)
      return .handle(handle)
    }
  }

  @Sendable private static func accept(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let listener = try SocketCommands.handle(call).socket
    guard let names = try names(of: listener, gate), listener.isListening else {
      return try work(call)
    }
    let result = try step(call, gate, [Access(names.receives, .write)], listener.descriptor, work)
    if case .handle(let handle as SocketHandle) = result {
      adopt(handle, names, listener.address, gate)
    }
    return result
  }

  /// A connection was accepted: it is called as on the other side.
  static func adopt(
    _ handle: SocketHandle, _ names: SocketNames, _ address: SocketAddress?, _ gate: Gate
  ) {
    let socket = handle.socket
    let path = socket.peerPid.map { gate.key(process: $0).dropFirst(5) }.flatMap { ProcessPath($0) }
    let key = "\(names.receives) from \(path?.description ?? "another")"
    socket.inRun = SocketNames(sends: "\(key) back", receives: "\(key) there")
    socket.show(address, peer: path.flatMap { caller($0, address) })
  }

  /// The address that one who connects has: of tcp one whose port tells who it is.
  private static func caller(_ path: ProcessPath, _ place: SocketAddress?) -> SocketAddress? {
    guard case .internet(var address)? = place else { return nil }
    if address.bytes.allSatisfy({ $0 == 0 }) {
      address = InternetAddress(bytes: address.isLong ? address.bytes : [127, 0, 0, 1], port: 0)
    }
    var number = 0
    for place in path.places { number = (number &* 16 &+ place) % 8192 }
    address.port = UInt16(clamping: 32_768 + number)
    return .internet(address)
  }

  // MARK: Using

  @Sendable private static func send(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let socket = try SocketCommands.handle(call).socket
    guard let names = try names(of: socket, gate) else { return try work(call) }
    return try step(
      call, gate, [Access(names.sends, .write), Access(Gate.sockets, .read)], nil, work)
  }

  @Sendable private static func receive(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let socket = try SocketCommands.handle(call).socket
    guard let names = try names(of: socket, gate) else { return try work(call) }
    // What has come in part is gone on with.
    let fd = socket.isListening || socket.pending > 0 ? nil : socket.descriptor
    return try step(call, gate, [Access(names.receives, .write)], fd, work)
  }

  @Sendable private static func close(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    let socket = try SocketCommands.handle(call).socket
    guard let names = try names(of: socket, gate) else { return try work(call) }
    var accesses = [Access(names.sends, .write)]
    if !call.isSet("write"), names.receives != names.sends {
      accesses.append(Access(names.receives, .write))
    }
    _ = try gate.stop(Operation(ExploredCalls.words(call), accesses))
    return try work(call)
  }

  @Sendable private static func look(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    try stop(ExploredCalls.words(call), at: try SocketCommands.handle(call), gate)
    return try work(call)
  }

  /// Stops before it is looked at what has become of a socket.
  static func stop(_ words: String, at handle: SocketHandle, _ gate: Gate) throws {
    guard let names = try names(of: handle.socket, gate) else { return }
    var accesses = [Access(names.receives, .read)]
    if names.receives != names.sends { accesses.append(Access(names.sends, .read)) }
    _ = try gate.stop(Operation(words, accesses))
  }

  @Sendable private static func list(_ call: borrowing Call, _ work: Work) throws -> Value {
    guard let gate = gate(call) else { return try work(call) }
    gate.note(use: "'\(call.command.name)' looks at all at once, in no order to what others do")
    _ = try gate.stop(Operation(ExploredCalls.words(call)))
    return try work(call)
  }

  /// A call that waits until something can be read; nil for one that does not.
  private static func step(
    _ call: borrowing Call, _ gate: Gate, _ accesses: [Access], _ fd: Int32?, _ work: Work
  ) throws -> Value {
    let time = call.nanoseconds("timeout")
    let deadline = time.flatMap { $0 > 0 ? gate.now &+ Int64($0) : nil }
    var outlook: (() throws -> Prospect)?
    if let fd, time != 0 {
      outlook = { ExploredSelect.isReadable(fd) ? .goes : .waits(holders: []) }
    }
    let passage = try gate.stop(
      Operation(ExploredCalls.words(call), accesses), until: deadline, outlook: outlook)
    if passage == .expired {
      call.replace(flag: "timeout", by: .duration(0))
      return try work(call)
    }
    if deadline != nil { call.replace(flag: "timeout", by: .duration(ExploredCalls.century)) }
    // It may have to wait for more in its middle.
    return try gate.waiting(for: accesses, until: deadline) { try work(call) }
  }

  /// What a socket is called in accesses; nil for one that is closed.
  ///
  /// One that was made before the run, or that came from another process, is refused.
  static func names(of socket: StreamSocket, _ gate: Gate) throws -> SocketNames? {
    if socket.descriptor < 0 { return nil }
    if socket.inRun == nil {
      gate.refuse(
        "a socket that was made before, or came from another process, cannot be explored",
        help: "have the process connect itself, or fork the one that is to go on with it")
    }
    return socket.inRun
  }

  /// What the end of this process closes.
  static func ends(_ session: Session) -> [Access] {
    var accesses: [Access] = []
    for entry in session.names.all("socket") {
      guard let names = (entry.handle as? SocketHandle)?.socket.inRun else { continue }
      accesses.append(Access(names.sends, .write))
      if names.receives != names.sends { accesses.append(Access(names.receives, .write)) }
    }
    return accesses
  }
}
