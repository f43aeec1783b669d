/// Passes over a text by its brackets and line ends alone: what stands in strings and comments does
/// not count, nor what a backslash quotes.
struct Skim {
  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], from start: Int) {
    self.bytes = bytes
    position = start
  }

  /// The next bracket, `;` or newline, behind which `position` stands then; nil at the end.
  mutating func next() -> UInt8? {
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "]"),
        UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: ";"), 0x0A:
        return byte
      case UInt8(ascii: "\\"): position += 1
      case UInt8(ascii: "\""): passString()
      case UInt8(ascii: "'"):
        while position < bytes.count, bytes[position] != byte { position += 1 }
        position += 1
      case UInt8(ascii: "#") where isCommentStart(position - 1):
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      default: break
      }
    }
    position = min(position, bytes.count)
    return nil
  }

  /// Passes a string in double quotes, in which `${ … }` may hold others.
  private mutating func passString() {
    // Brackets that are open, for each string that is.
    var open = [0]
    while position < bytes.count, let depth = open.last {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\\"): position += 1
      case UInt8(ascii: "\""):
        if depth == 0 { open.removeLast() } else { open.append(0) }
      case UInt8(ascii: "'") where depth > 0:
        while position < bytes.count, bytes[position] != byte { position += 1 }
        position += 1
      case UInt8(ascii: "$") where depth == 0:
        guard position < bytes.count, bytes[position] == UInt8(ascii: "{") else { continue }
        position += 1
        open[open.count - 1] = 1
      case UInt8(ascii: "{") where depth > 0: open[open.count - 1] += 1
      case UInt8(ascii: "}") where depth > 0: open[open.count - 1] -= 1
      default: break
      }
    }
  }

  private func isCommentStart(_ place: Int) -> Bool {
    place == 0 || Parser.beginsComment(behind: bytes[place - 1])
  }
}
