import Language
import Posix
import Session

/// How a socket travels: its descriptor beside the message, in it what the kernel does not know.
extension SocketHandle {
  /// The kind of its handles on the wire.
  static let kind: UInt8 = 3

  /// The descriptor that goes along; throws `closed`.
  func travelling() throws -> Int32 {
    guard descriptor >= 0 else { throw ErrorObject(.closed, "cannot send \(shown): it is closed") }
    return descriptor
  }

  /// Whether it listens and whether it was cut short, the size of its name in two bytes, its name,
  /// and what had come of the next message.
  var travelBytes: [UInt8] {
    let name = Array(self.name.utf8)
    let size = UInt16(clamping: name.count)
    return [isListening ? 1 : 0, isCutShort ? 1 : 0, UInt8(size >> 8), UInt8(size & 0xFF)]
      + name.prefix(Int(size)) + inbox.bytes
  }
}

extension Session {
  /// Takes over a socket from a message; one that this process has already stays the same handle.
  ///
  /// - Parameter descriptor: taken over, or closed.
  func adoptSocket(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Handle {
    do {
      let identity = try mapErrors("cannot take over a socket") {
        try Socket.identity(of: descriptor)
      }
      for case (_, let known as SocketHandle) in names.all("socket")
      where known.descriptor >= 0 && (try? Socket.identity(of: known.descriptor)) == identity {
        Descriptors.close(descriptor)
        return known
      }
      guard bytes.count >= 4 else { throw ErrorObject(.type, "half a socket arrived") }
      let size = Int(bytes[2]) << 8 | Int(bytes[3])
      guard bytes.count >= 4 + size else { throw ErrorObject(.type, "half a socket arrived") }
      let given = String(decoding: bytes[4..<4 + size], as: UTF8.self)
      let isFree = names[given] == nil && (try? names.check(given)) != nil
      let name = isFree ? given : names.fresh("\(given)_")
      let handle =
        bytes[0] == 1
        ? SocketHandle(
          name, listening: descriptor, at: Socket.address(of: descriptor), file: nil, self)
        : SocketHandle(
          name, connected: descriptor, Socket.address(of: descriptor),
          to: Socket.peerAddress(of: descriptor), self)
      handle.isCutShort = bytes[1] == 1
      handle.inbox = SocketInbox(Array(bytes.dropFirst(4 + size)))
      try names.claim(name, for: handle)
      return handle
    } catch {
      Descriptors.close(descriptor)
      throw error
    }
  }
}
