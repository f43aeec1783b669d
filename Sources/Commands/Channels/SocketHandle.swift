import Language
import Posix
import Processes
import Session

/// A socket as the language sees it: a listening one, or one end of a connection.
///
/// It is a descriptor of this process. Forked children have copies, each closed by itself, so
/// that a server can fork for every connection.
final class SocketHandle: Handle, SocketFileHolder {
  let name: String
  /// Whether it takes connections; else it is one.
  let isListening: Bool
  /// -1 once this process has closed it.
  private(set) var descriptor: Int32
  /// Its own address; nil for a unix socket without a name.
  let address: SocketAddress?
  /// That of the other side; nil if it has none, or while listening.
  let peer: SocketAddress?
  /// The process that connected, or that listened; unix sockets only.
  let peerPid: Int32?
  /// What came and is not complete yet.
  var inbox = SocketInbox()
  /// Bytes are being written, perhaps by code that a signal handler has interrupted.
  var isWriting = false
  /// A value went out in part, so that nothing more can follow it.
  var isCutShort = false
  private let file: SocketFile?
  unowned(unsafe) let session: Session  // lives as long as the process

  /// A listening socket.
  init(
    _ name: String, listening descriptor: Int32, at address: SocketAddress?, file: SocketFile?,
    _ session: Session
  ) {
    self.name = name
    isListening = true
    self.descriptor = descriptor
    self.address = address
    peer = nil
    peerPid = nil
    self.file = file
    self.session = session
  }

  /// A connection.
  init(
    _ name: String, connected descriptor: Int32, _ address: SocketAddress?,
    to peer: SocketAddress?, _ session: Session
  ) {
    self.name = name
    isListening = false
    self.descriptor = descriptor
    self.address = address
    self.peer = peer
    peerPid = Socket.peerProcess(of: descriptor)
    file = nil
    self.session = session
  }

  deinit { Descriptors.close(descriptor) }

  override var typeName: String { "socket" }

  /// As `socket 'server'`.
  var shown: String { "socket '\(name)'" }

  override var text: String {
    let place = isListening ? address : peer ?? address
    return "socket \(name) \(state)" + (place.map { " \($0.text)" } ?? "")
  }

  /// What can be done with it: `listening`, `connected`, `ended` (the other side has closed it and
  /// all was read), `closed`.
  var state: String {
    if descriptor < 0 { return "closed" }
    if isListening { return "listening" }
    var byte: UInt8 = 0
    do {
      let count = try withUnsafeMutableBytes(of: &byte) {
        try Socket.receive(descriptor, into: $0, keeping: true)
      }
      return count == 0 ? "ended" : "connected"
    } catch {
      return "ended"
    }
  }

  override var fieldNames: [String] {
    ["name", "state", "address", "port", "peer", "pid", "fd"]
  }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .text(self.name)
    case "state": .text(state)
    case "address": address.map { .text($0.text) } ?? .null
    case "port": (address?.port).map { .int(Int($0)) } ?? .null
    case "peer": peer.map { .text($0.text) } ?? .null
    case "pid": peerPid.map { .int(Int($0)) } ?? .null
    case "fd": descriptor < 0 ? .null : .int(Int(descriptor))
    default: nil
    }
  }

  /// Closes this process's copy; the one that made a socket file removes it.
  func close() {
    session.names.release(name, of: self)
    file?.remove()
    letGo()
  }

  func letGo() {
    Descriptors.close(descriptor)
    descriptor = -1
  }

  // MARK: For `select`

  /// The descriptor whose being readable means that `takeReady` may yield something.
  var readiness: Int32 { descriptor }

  /// Without waiting: the next connection of a listening socket, else the next whole value; nil
  /// if there is none yet.
  ///
  /// Throws `closed` or `peer-died` at the end.
  func takeReady() throws -> Value? {
    if isListening { return try takeConnection(named: nil).map { .handle($0) } }
    return try takeValue()
  }
}
