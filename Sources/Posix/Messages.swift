import CPosix
import Glibc

/// One message of a socket: bytes, and descriptors that travelled with them.
public struct Message {
  /// The payload.
  public var bytes: [UInt8]

  /// Descriptors, close-on-exec, owned by the holder of the message.
  public var descriptors: [Int32]

  /// The message's true length; larger than `bytes.count` if it did not fit.
  public var length: Int
}

/// What came into a buffer.
public struct ReceivedMessage {
  /// How many bytes; 0 at the end.
  public let count: Int

  /// Descriptors, close-on-exec, which belong to the receiver.
  public let descriptors: [Int32]

  /// Whether it had descriptors that are lost, because this process may have no more open.
  public let isCut: Bool

  /// What is to be said then.
  public static let cut = SystemError(call: "recvmsg", code: EMFILE)
}

/// Messages with descriptors over Unix sockets (sendmsg(2), recvmsg(2), unix(7)).
public enum Messages {
  /// At most so many descriptors fit into one message.
  public static let mostDescriptors = 253

  /// Sends one message without waiting; false if the socket is full.
  ///
  /// - Parameter waits: in the call itself, until a signal comes or the socket's limit is over.
  public static func send(
    _ socket: Int32, _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], waits: Bool = false
  ) throws(SystemError) -> Bool {
    let count = Int32(clamping: descriptors.count)
    let result = brood_send(socket, bytes.baseAddress, bytes.count, descriptors, count, waits)
    if result >= 0 { return true }
    if result == Int64(-EAGAIN) || result == Int64(-EINTR) { return false }
    throw SystemError(call: "sendmsg", code: Int32(truncatingIfNeeded: -result))
  }

  /// Sends one message without waiting; false if the socket is full.
  public static func send(
    _ socket: Int32, _ bytes: [UInt8], descriptors: [Int32] = []
  ) throws(SystemError) -> Bool {
    try bytes.withUnsafeBufferPointer { bytes throws(SystemError) in
      try send(socket, UnsafeRawBufferPointer(bytes), descriptors: descriptors)
    }
  }

  /// Receives one message into a buffer without waiting; nil if none is there.
  ///
  /// - Parameter waits: in the call itself, until a signal comes or the socket's limit is over.
  public static func receive(
    _ socket: Int32, into buffer: UnsafeMutableRawBufferPointer, waits: Bool = false
  ) throws(SystemError) -> ReceivedMessage? {
    var count: Int32 = 0
    var length = 0
    var found: [Int32] = []
    let result = withUnsafeTemporaryAllocation(of: Int32.self, capacity: mostDescriptors) {
      descriptors -> Int64 in
      let result = brood_receive(
        socket, buffer.baseAddress, buffer.count, descriptors.baseAddress,
        Int32(mostDescriptors), &count, &length, waits)
      if count > 0 { found = Array(descriptors.prefix(Int(count))) }
      return result
    }
    if result == Int64(-EAGAIN) || result == Int64(-EINTR) { return nil }
    if result < 0 {
      throw SystemError(call: "recvmsg", code: Int32(truncatingIfNeeded: -result))
    }
    return ReceivedMessage(count: Int(result), descriptors: found, isCut: count < 0)
  }

  /// Lets so many bytes of messages wait in a socket, as far as that is allowed (SO_SNDBUFFORCE,
  /// SO_SNDBUF, socket(7)).
  public static func widen(_ socket: Int32, to size: Int32) { brood_widen(socket, size) }

  /// How long a blocking call on a socket may wait, in nanoseconds (SO_RCVTIMEO, socket(7)).
  public static func limitWaits(_ socket: Int32, to limit: Int64) throws(SystemError) {
    try checked("setsockopt") { brood_limit_waits(socket, limit) }
  }

  /// Receives one message without waiting; nil if none is there, length 0 at the end.
  ///
  /// - Parameter keeping: leaves it there; its descriptors are copies all the same.
  public static func receive(
    _ socket: Int32, limit: Int = 65536, keeping: Bool = false
  ) throws(SystemError) -> Message? {
    var descriptors = [Int32](repeating: -1, count: mostDescriptors)
    var count: Int32 = 0
    var length = 0
    var result: Int64 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
      let most = Int32(mostDescriptors)
      result =
        keeping
        ? brood_peek(socket, buffer.baseAddress, limit, &descriptors, most, &count, &length)
        : brood_receive(
          socket, buffer.baseAddress, limit, &descriptors, most, &count, &length, false)
      used = Int(max(0, result))
    }
    if result == Int64(-EAGAIN) || result == Int64(-EINTR) { return nil }
    if result < 0 {
      throw SystemError(call: "recvmsg", code: Int32(truncatingIfNeeded: -result))
    }
    return Message(
      bytes: bytes, descriptors: Array(descriptors.prefix(Int(max(0, count)))),
      length: length)
  }
}

/// Anonymous memory with a descriptor (memfd_create(2)).
public enum MemoryFile {
  /// Makes an empty one, close-on-exec, open to sealing.
  public static func make(_ name: String) throws(SystemError) -> Int32 {
    try checked("memfd_create") { brood_memfd(name) }
  }

  /// Makes one with this content, sealed against every change.
  public static func sealed(
    _ name: String, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) -> Int32 {
    let file = OwnedDescriptor(try make(name))
    let fd = file.number
    var done = 0
    while done < bytes.count {
      done += try libc("write") {
        write(fd, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      }
    }
    try seal(fd)
    return file.release()
  }

  /// Seals one against every change.
  public static func seal(_ fd: Int32) throws(SystemError) {
    try checked("fcntl") { brood_seal(fd) }
  }

  /// The size of a sealed one; throws EBADMSG if it could still change.
  public static func size(of fd: Int32) throws(SystemError) -> Int {
    guard brood_is_sealed(fd) == 1 else { throw SystemError(call: "fcntl", code: EBADMSG) }
    return Int(try libc("lseek") { lseek(fd, 0, SEEK_END) })
  }

  /// Reads from an offset on; yields how many bytes, 0 at the end.
  public static func read(
    _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(SystemError) -> Int {
    Int(try libc("pread") { pread(fd, buffer.baseAddress, buffer.count, offset) })
  }

  /// Reads all of a sealed one from its beginning; throws EBADMSG if it could still change.
  public static func contents(of fd: Int32) throws(SystemError) -> [UInt8] {
    let size = try size(of: fd)
    var done = 0
    var failure: SystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, used in
      while done < size {
        let count = pread(fd, buffer.baseAddress?.advanced(by: done), size - done, done)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { failure = SystemError(call: "pread", code: errno) }
        if count <= 0 { break }
        done += count
      }
      used = done
    }
    if let failure { throw failure }
    return bytes
  }
}
