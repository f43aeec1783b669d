/// Behind a mistake: where the next statement begins.
extension Parser {
  /// Leaves the statement that begins at `start` and has a mistake at the current place.
  ///
  /// Brackets are believed as far as they match. One that is never closed holds until the block around
  /// it ends, or until a line begins as only a statement can.
  mutating func skipStatement(from start: Int) {
    let mistake = position
    var open: [UInt8] = []
    var skim = Skim(bytes, from: start)
    while let byte = skim.next() {
      let place = skim.position - 1
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open.append(byte)
      case UInt8(ascii: ")"): close(UInt8(ascii: "("), &open)
      case UInt8(ascii: "]"): close(UInt8(ascii: "["), &open)
      case UInt8(ascii: "}"):
        if let opening = open.lastIndex(of: UInt8(ascii: "{")) {
          open.removeSubrange(opening...)
        } else if blockDepth > 0, place >= mistake {
          position = place
          return
        }
      default:
        if open.isEmpty, place >= mistake {
          position = place
          return
        }
        guard byte == 0x0A, !open.contains(UInt8(ascii: "{")) else { continue }
        var probe = self
        probe.position = place + 1
        while probe.byte == 0x20 || probe.byte == 0x09 { probe.position += 1 }
        guard probe.position >= mistake, probe.beginsStatement else { continue }
        position = place
        return
      }
    }
    position = bytes.count
  }

  private func close(_ opening: UInt8, _ open: inout [UInt8]) {
    let inner = open.lastIndex(of: UInt8(ascii: "{")) ?? -1
    guard let place = open.lastIndex(of: opening), place > inner else { return }
    open.removeSubrange(place...)
  }

  /// Whether a line begins here with a word that no expression has there.
  var beginsStatement: Bool {
    var start = position
    while start > 0, bytes[start - 1] == 0x20 || bytes[start - 1] == 0x09 { start -= 1 }
    guard start > 0, bytes[start - 1] == 0x0A else { return false }
    return Parser.valuelessWords.contains { word in
      guard isKeyword(word) else { return false }
      let next = byte(at: word.utf8.count)
      return next == 0x20 || next == 0x09
    }
  }
}
