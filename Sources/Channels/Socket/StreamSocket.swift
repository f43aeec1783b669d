import Glibc
import Posix
import Processes

/// A stream socket of this process: a listening one, or one end of a connection (socket(7), unix(7),
/// tcp(7)).
///
/// Forked children have copies, each closed by itself, so that a server can fork for every connection.
/// It is no channel in shared memory: the process on the other side may be of any program.
public final class StreamSocket {
  /// What can be done with it.
  public enum State: String, Sendable {
    case listening, connected
    /// The other side has closed it, and all was read.
    case ended
    /// This process has closed it.
    case closed
  }

  /// Whether it takes connections; else it is one.
  public let isListening: Bool
  /// -1 once this process has closed it.
  public private(set) var descriptor: Int32
  /// Its own address; nil for a unix socket without a name.
  public private(set) var address: SocketAddress?
  /// That of the other side; nil if it has none, or while listening.
  public private(set) var peer: SocketAddress?
  /// The process that connected, or that listened; unix sockets only.
  public let peerPid: Int32?
  /// What it is called where it is explored; nil elsewhere, and for one that came from another process.
  public var inRun: SocketNames?
  /// What came and is not complete yet.
  var inbox = SocketInbox()
  /// Bytes are being written, perhaps by code that a signal handler has interrupted.
  var isWriting = false
  /// A frame went out in part, so that nothing more can follow it.
  public private(set) var isCutShort = false
  private let file: SocketFile?

  /// A listening socket.
  ///
  /// - Parameter descriptor: taken over.
  init(listening descriptor: Int32, at address: SocketAddress?, file: SocketFile? = nil) {
    isListening = true
    self.descriptor = descriptor
    self.address = address
    peer = nil
    peerPid = nil
    self.file = file
  }

  /// A connection.
  ///
  /// - Parameter descriptor: taken over.
  init(connected descriptor: Int32, _ address: SocketAddress?, to peer: SocketAddress?) {
    isListening = false
    self.descriptor = descriptor
    self.address = address
    self.peer = peer
    peerPid = Socket.peerProcess(of: descriptor)
    file = nil
  }

  deinit { Descriptors.close(descriptor) }

  /// Shows other addresses than those that it has.
  public func show(_ address: SocketAddress?, peer: SocketAddress?) {
    self.address = address
    self.peer = peer
  }

  /// What can be done with it now; one look at the connection (recv(2) with MSG_PEEK).
  public var state: State {
    if descriptor < 0 { return .closed }
    if isListening { return .listening }
    var byte: UInt8 = 0
    let count = try? withUnsafeMutableBytes(of: &byte) {
      try Socket.receive(descriptor, into: $0, keeping: true) ?? 1
    }
    return (count ?? 0) == 0 ? .ended : .connected
  }

  /// How many bytes came that no verb has taken; 0 for a socket that is closed or listens.
  public var unread: Int {
    if isListening || descriptor < 0 { return 0 }
    return pending + Socket.unread(descriptor)
  }

  /// How many bytes were read that no verb has taken.
  public var pending: Int { inbox.bytes.count }

  /// Closes this process's copy; the process that made a socket's file removes it.
  public func close() {
    file?.remove()
    letGo()
  }

  /// Closes this process's copy and leaves the file.
  public func letGo() {
    Descriptors.close(descriptor)
    descriptor = -1
  }

  /// Tells the other side that nothing more will come (shutdown(2)).
  ///
  /// - Throws: `SocketError.closed`, `.listens`.
  public func endWriting() throws(SocketError) { Socket.endWriting(try connection()) }

  /// The other side shall see that a frame ends early, rather than wait for the rest.
  func cutShort() {
    isCutShort = true
    if descriptor >= 0 { Socket.endWriting(descriptor) }
  }

  /// The descriptor of a connection that is open here.
  ///
  /// - Throws: `SocketError.closed`, `.listens`.
  public func connection() throws(SocketError) -> Int32 {
    if descriptor < 0 { throw .closed }
    if isListening { throw .listens }
    return descriptor
  }

  /// The descriptor of a listening socket that is open here.
  ///
  /// - Throws: `SocketError.closed`, `.isConnection`.
  func listener() throws(SocketError) -> Int32 {
    if descriptor < 0 { throw .closed }
    if !isListening { throw .isConnection }
    return descriptor
  }
}

// MARK: Travel

extension StreamSocket {
  /// What the kernel does not know of it, to send beside its descriptor: whether it listens, whether
  /// it was cut short, and what came of the next message.
  public var travelBytes: [UInt8] { [isListening ? 1 : 0, isCutShort ? 1 : 0] + inbox.bytes }

  /// One whose descriptor came from another process.
  ///
  /// - Parameters:
  ///   - descriptor: taken over.
  ///   - bytes: as `travelBytes` made them; nil is yielded for fewer than two.
  public static func arrived(
    _ descriptor: Int32, _ bytes: some Collection<UInt8>
  ) -> StreamSocket? {
    let head = Array(bytes.prefix(2))
    guard head.count == 2 else { return nil }
    let own = Socket.address(of: descriptor)
    let socket =
      head[0] == 1
      ? StreamSocket(listening: descriptor, at: own)
      : StreamSocket(connected: descriptor, own, to: Socket.peerAddress(of: descriptor))
    socket.isCutShort = head[1] == 1
    socket.inbox = SocketInbox(Array(bytes.dropFirst(2)))
    return socket
  }
}

/// What the directions of a connection are called where it is explored; of a listening socket both are its
/// address.
public struct SocketNames: Sendable {
  public let sends: String
  public let receives: String

  public init(sends: String, receives: String) {
    self.sends = sends
    self.receives = receives
  }
}

/// Why something could not be done with a socket, beside the errors of system calls and
/// `ChannelError.timeout`.
public enum SocketError: Error, Sendable {
  /// Where the other side ended.
  public enum Moment: Sendable {
    case betweenMessages
    /// In the middle of a frame, of which `had` of `count` bytes came.
    case inFrame(had: Int, count: Int)
    /// It cannot be reached any more (ETIMEDOUT).
    case unreachable
  }

  /// What is longer than it may be.
  public enum Thing: Sendable {
    /// A line or a text that comes, longer than this many bytes.
    case line(limit: Int)
    case text(limit: Int)
    /// A frame that comes, by its head.
    case frame(count: Int)
  }

  /// This process has closed it.
  case closed
  /// A listening socket is no connection, and a connection does not listen.
  case listens, isConnection
  /// The other side has closed it, or its process has ended.
  case ended(Moment)
  /// An earlier frame went out in part only.
  case cutShort
  /// The code that wants to write is a handler that has interrupted a write.
  case busy
  case tooLong(Thing)
}
