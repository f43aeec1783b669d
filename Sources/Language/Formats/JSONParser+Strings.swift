/// Strings of JSON with their escapes.
extension JSONParser {
  /// The string at the opening quote; of keys the object of an equal one seen lately.
  mutating func string(isKey: Bool) throws(Failure) -> StringObject {
    let start = place + 1
    place = start
    while place < bytes.count {
      let byte = bytes[place]
      if byte == UInt8(ascii: "\"") {
        place += 1
        let length = place - start
        try require { try LargeMemory.require(length) }
        return isKey ? key(start, place - 1) : text(start, place - 1)
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { break }
      place += 1
    }
    throw place < bytes.count
      ? Failure(message: "a control character must be escaped in a string", offset: place)
      : Failure(message: "this string is never closed", offset: start - 1)
  }

  /// The key between two places, the object of an earlier one if it is still known.
  private mutating func key(_ start: Int, _ end: Int) -> StringObject {
    let length = end - start
    if length == 0 || length > 32 { return text(start, end) }
    let slot = (Int(bytes[start]) &* 7 &+ Int(bytes[end - 1]) &* 3 &+ length) & 63
    if let known = keys[slot], known.byteCount == length,
      known.withBytes({ $0.elementsEqual(bytes[start..<end]) })
    {
      return known
    }
    let made = text(start, end)
    keys[slot] = made
    return made
  }

  private mutating func escapedString(from start: Int) throws(Failure) -> StringObject {
    var text = Array(bytes[start..<place])
    while place < bytes.count {
      let byte = bytes[place]
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        return text.withUnsafeBufferPointer { StringObject.make(valid: $0) }
      case UInt8(ascii: "\\"):
        place += 1
        try escape(&text)
      case 0..<0x20:
        throw Failure(message: "a control character must be escaped in a string", offset: place)
      default:
        let count = text.count
        if count == text.capacity { try require { try LargeMemory.require(count * 2) } }
        text.append(byte)
        place += 1
      }
    }
    throw Failure(message: "this string is never closed", offset: start - 1)
  }

  private mutating func escape(_ text: inout [UInt8]) throws(Failure) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      place += 1
      var value = try fourDigits()
      if (0xD800..<0xDC00).contains(value), byte == UInt8(ascii: "\\"), place + 1 < bytes.count,
        bytes[place + 1] == UInt8(ascii: "u")
      {
        let behindFirst = place
        place += 2
        let second = try fourDigits()
        if (0xDC00..<0xE000).contains(second) {
          value = 0x10000 + (value - 0xD800) << 10 + (second - 0xDC00)
        } else {
          place = behindFirst
        }
      }
      // Half a pair means no character.
      text += Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
      return
    default: throw unexpected("one of \" \\ / b f n r t u behind the backslash")
    }
    place += 1
  }

  private mutating func fourDigits() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: throw unexpected("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      place += 1
    }
    return value
  }
}
