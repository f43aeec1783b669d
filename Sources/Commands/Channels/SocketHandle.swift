import Channels
import Language
import Posix
import Session

/// A socket as the language sees it: a name, and the socket of this process.
final class SocketHandle: Handle, SocketFileHolder {
  let name: String
  let socket: StreamSocket

  init(_ name: String, _ socket: StreamSocket) {
    self.name = name
    self.socket = socket
  }

  override var typeName: String { "socket" }

  /// As `socket 'server'`.
  var shown: String { "socket '\(name)'" }

  override var text: String {
    let place = socket.isListening ? socket.address : socket.peer ?? socket.address
    return "socket \(name) \(socket.state)" + (place.map { " \($0.text)" } ?? "")
  }

  override var fieldNames: [String] {
    ["name", "state", "address", "port", "peer", "pid", "fd"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .text(self.name)
    case "state": .text(socket.state.rawValue)
    case "address": socket.address.map { .text($0.text) } ?? .null
    case "port": (socket.address?.port).map { .int(Int($0)) } ?? .null
    case "peer": socket.peer.map { .text($0.text) } ?? .null
    case "pid": socket.peerPid.map { .int(Int($0)) } ?? .null
    case "fd": socket.descriptor < 0 ? .null : .int(Int(socket.descriptor))
    default: nil
    }
  }

  /// Closes this process's copy, and gives its name free.
  func close() {
    session.names.release(name, of: self)
    socket.close()
  }

  func letGo() { socket.letGo() }

  // MARK: For `select`

  /// Without waiting: the next connection of a listening socket, else the next whole value; nil
  /// if there is none yet.
  ///
  /// Throws `closed` or `peer-died` at the end.
  func takeReady() throws -> Value? {
    if socket.isListening { return try takeConnection(named: nil).map { .handle($0) } }
    return try takeValue()
  }
}
