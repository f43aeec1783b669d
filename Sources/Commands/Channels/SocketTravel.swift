import Channels
import Language
import Posix
import Session

/// How a socket travels: its descriptor beside the message, in it what the kernel does not know.
extension SocketHandle {
  /// The kind of its handles on the wire.
  static let kind: UInt8 = 3

  /// The descriptor that goes along; throws `closed`.
  func travelling() throws -> Int32 {
    let descriptor = socket.descriptor
    guard descriptor >= 0 else { throw ErrorObject(.closed, "cannot send \(shown): it is closed") }
    return descriptor
  }

  /// The size of its name in two bytes, its name, and what the socket says of itself.
  var travelBytes: [UInt8] {
    let name = Array(self.name.utf8)
    let size = UInt16(clamping: name.count)
    return [UInt8(size >> 8), UInt8(size & 0xFF)] + name.prefix(Int(size)) + socket.travelBytes
  }
}

extension Session {
  /// Takes over a socket from a message; one that this process has already stays the same handle.
  ///
  /// - Parameter descriptor: taken over, or closed.
  func adoptSocket(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Handle {
    var rest: Int32? = descriptor
    defer { if let rest { Descriptors.close(rest) } }
    let identity = try mapErrors("cannot take over a socket") {
      try Socket.identity(of: descriptor)
    }
    for case (_, let known as SocketHandle) in names.all("socket")
    where known.socket.descriptor >= 0
      && (try? Socket.identity(of: known.socket.descriptor)) == identity
    {
      return known
    }
    let half = ErrorObject(.type, "half a socket arrived")
    guard bytes.count >= 4 else { throw half }
    let size = Int(bytes[0]) << 8 | Int(bytes[1])
    guard bytes.count >= 4 + size else { throw half }
    let given = String(decoding: bytes[2..<2 + size], as: UTF8.self)
    let isFree = names[given] == nil && (try? names.check(given)) != nil
    let name = isFree ? given : names.fresh("\(given)_")
    guard let socket = StreamSocket.arrived(descriptor, bytes.dropFirst(2 + size)) else {
      throw half
    }
    rest = nil
    let handle = SocketHandle(name, socket)
    try names.claim(name, for: handle)
    return handle
  }
}
