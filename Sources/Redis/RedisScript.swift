/// A script that a server runs as one step: either all of its changes are made, or none.
public struct RedisScript: Sendable {
  /// What messages and tests call it.
  public let name: String
  /// In Lua.
  public let text: String
  /// By which a server knows it.
  public let hash: [UInt8]
  let body: [UInt8]

  init(_ name: String, _ text: String) {
    self.name = name
    self.text = text
    body = Array(text.utf8)
    hash = Array(SHA1.hex(body).utf8)
  }
}

/// The hash by which a server knows a script (RFC 3174).
enum SHA1 {
  /// The hash in hexadecimal digits.
  static func hex(_ message: [UInt8]) -> String {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    var bytes = message
    bytes.append(0x80)
    while bytes.count % 64 != 56 { bytes.append(0) }
    withUnsafeBytes(of: UInt64(message.count * 8).bigEndian) { bytes += $0 }
    for start in stride(from: 0, to: bytes.count, by: 64) {
      mix(&state, bytes[start..<start + 64])
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func mix(_ state: inout [UInt32], _ block: ArraySlice<UInt8>) {
    var words: [UInt32] = []
    words.reserveCapacity(80)
    for start in stride(from: block.startIndex, to: block.endIndex, by: 4) {
      words.append(block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) })
    }
    for i in 16..<80 {
      words.append(rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for (i, word) in words.enumerated() {
      let (mixed, constant): (UInt32, UInt32) =
        switch i {
        case ..<20: (b & c | ~b & d, 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let next = rotate(a, 5) &+ mixed &+ e &+ word &+ constant
      (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
    }
    for (i, word) in [a, b, c, d, e].enumerated() { state[i] &+= word }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }
}
