/// Variables with their fields.
extension CompletionFinder {
  /// `$name` or `${ … }`, with `.key` and `[index]` behind it except in a string.
  mutating func variable(inString: Bool) throws(CompletionPoint) {
    position += 1
    if byte == UInt8(ascii: "{") {
      position += 1
      var name: String?
      try nested { (finder) throws(CompletionPoint) in name = try finder.braced() }
      if !inString { try suffixes(of: name) }
      return
    }
    let start = position
    while !isAtEnd, isNameByte(byte) { position += 1 }
    let name = text(start, position)
    if isAtEnd { throw CompletionPoint(kind: .variable, start: start, text: name) }
    if !inString { try suffixes(of: name) }
  }

  /// The inside of `${ … }`: a name alone, which it yields, or an expression.
  private mutating func braced() throws(CompletionPoint) -> String? {
    let start = position
    while !isAtEnd, isNameByte(byte) { position += 1 }
    if isAtEnd {
      throw CompletionPoint(kind: .variable, start: start, text: text(start, position))
    }
    if byte == UInt8(ascii: "}") {
      position += 1
      return text(start, position - 1)
    }
    position = start
    let outer = blockDepth
    blockDepth += 1
    while !isAtEnd, byte != UInt8(ascii: "}") {
      let before = position
      try expression()
      if position == before, byte != UInt8(ascii: "}") { position += 1 }
    }
    blockDepth = outer
    if isAtEnd { throw nothing }
    position += 1
    return nil
  }

  private mutating func suffixes(of name: String?) throws(CompletionPoint) {
    var path: [String]? = []
    while !isAtEnd {
      if byte == UInt8(ascii: ".") {
        guard position + 1 >= bytes.count || isNameStart(byte(at: 1)) else { return }
        position += 1
        let start = position
        while !isAtEnd, isNameByte(byte) || byte == UInt8(ascii: "-") { position += 1 }
        let key = text(start, position)
        if isAtEnd {
          guard let name, let path else { throw nothing }
          throw CompletionPoint(
            kind: .field(variable: name, path: path), start: start, text: key)
        }
        path?.append(key)
      } else if byte == UInt8(ascii: "[") {
        let start = position + 1
        try bracketed()
        let index = text(start, position - 1)
        if Int(index) != nil { path?.append(index) } else { path = nil }
      } else {
        return
      }
    }
  }
}
