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
