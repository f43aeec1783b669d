/// What a message between a session and an agent is about.
public enum FrameKind: UInt8, Sendable, CaseIterable {
  /// Who speaks, in which version, and all 256 values of a byte.
  case hello = 1
  /// A function, what workers begin with, or the directory.
  case code
  /// To an agent: fork, stop or end a worker; from it: what became of one.
  case worker
  /// Tasks for a worker, or a program to be started.
  case task
  /// A program has begun.
  case start
  /// What became of tasks.
  case result
  /// What a program or a worker writes.
  case output
  /// Tasks that were not begun come back.
  case back
  /// Tasks are asked back, or a program is to end.
  case cancel
  /// Everything stops, or goes on.
  case hold
  /// So much of an output, or of a file, was taken in.
  case window
  /// A file for the tasks there, or one that they made.
  case file
  case ping, pong
  /// Nothing further is to be begun.
  case drain
  case ask, answer
  /// The sender ends, and why if that is no order.
  case bye
}

/// One message, whole.
public struct FarMessage: Equatable, Sendable {
  public var kind: FrameKind
  /// The number of an attempt, or of what the kind counts; never used again.
  public var attempt: UInt64
  public var bytes: [UInt8]

  public init(_ kind: FrameKind, _ attempt: UInt64 = 0, _ bytes: [UInt8] = []) {
    self.kind = kind
    self.attempt = attempt
    self.bytes = bytes
  }
}

/// How messages lie in a stream of bytes.
///
/// A frame is a head of 24 bytes and at most 64 KiB less that of payload. The head: the magic (4
/// bytes), the payload's length (u32), CRC-32C of all that follows in the frame and of the length
/// (u32), the kind (u8), whether more of the message follows (u8), zero (u16), the attempt (u64);
/// numbers have their low byte first. A larger message is several frames of the same kind and
/// attempt; frames of other kinds may stand between.
public enum Frame {
  public static let magic: [UInt8] = [0xB7, 0x42, 0x52, 0x44]
  public static let headSize = 24
  public static let mostBytes = 64 << 10
  public static let mostPayload = mostBytes - headSize
  /// The most that a message in parts may have.
  public static let mostMessage = 1 << 30
  /// Which protocol this is: both sides have the same number, or do not talk.
  public static let version: UInt16 = 3

  /// The frames of a message, one after the other; O(bytes).
  public static func frames(of message: FarMessage) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var rest = message.bytes[...]
    repeat {
      let part = rest.prefix(mostPayload)
      rest = rest.dropFirst(part.count)
      result.append(frame(message.kind, message.attempt, part, hasMore: !rest.isEmpty))
    } while !rest.isEmpty
    return result
  }

  private static func frame(
    _ kind: FrameKind, _ attempt: UInt64, _ payload: ArraySlice<UInt8>, hasMore: Bool
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: headSize)
    bytes.reserveCapacity(headSize + payload.count)
    bytes.replaceSubrange(0..<4, with: magic)
    set(&bytes, 4, UInt64(payload.count), 4)
    bytes[12] = kind.rawValue
    bytes[13] = hasMore ? 1 : 0
    set(&bytes, 16, attempt, 8)
    bytes += payload
    set(&bytes, 8, UInt64(checksum(bytes[...])), 4)
    return bytes
  }

  private static func set(_ bytes: inout [UInt8], _ place: Int, _ value: UInt64, _ count: Int) {
    for i in 0..<count { bytes[place + i] = UInt8(truncatingIfNeeded: value >> UInt64(i * 8)) }
  }

  /// Of a frame, whose own place for it does not count.
  static func checksum(_ frame: ArraySlice<UInt8>) -> UInt32 {
    var sum = Checksum()
    frame.withUnsafeBytes { bytes in
      sum.add(UnsafeRawBufferPointer(rebasing: bytes[4..<8]))
      sum.add(UnsafeRawBufferPointer(rebasing: bytes[12...]))
    }
    return sum.value
  }
}

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which frames carry.
public struct Checksum {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The checksum of all that was added.
  public var value: UInt32 { ~state }

  /// Adds bytes; costs one table look-up for each.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var state = state
    Checksum.table.withUnsafeBufferPointer { table in
      for byte in bytes {
        state = table[Int(truncatingIfNeeded: (state ^ UInt32(byte)) & 0xFF)] ^ (state >> 8)
      }
    }
    self.state = state
  }

  /// Of some bytes.
  public static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.add($0) }
    return checksum.value
  }

  private static let table: [UInt32] = (0..<256).map { (index: UInt32) -> UInt32 in
    var value = index
    for _ in 0..<8 { value = value & 1 == 1 ? 0x82F6_3B78 ^ (value >> 1) : value >> 1 }
    return value
  }
}
