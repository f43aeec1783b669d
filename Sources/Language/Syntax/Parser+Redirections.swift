/// Redirections of commands and blocks.
extension Parser {
  var isRedirection: Bool {
    if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "<") { return true }
    if byte == UInt8(ascii: "&") { return byte(at: 1) == UInt8(ascii: ">") }
    return isDigit(byte) && (byte(at: 1) == UInt8(ascii: ">") || byte(at: 1) == UInt8(ascii: "<"))
  }

  mutating func redirections() throws -> [RedirectionNode] {
    var result: [RedirectionNode] = []
    while true {
      let before = position
      skipBlanks()
      guard isRedirection else {
        position = before
        return result
      }
      result.append(try redirection())
    }
  }

  mutating func redirection() throws -> RedirectionNode {
    let start = position
    var descriptors: [Int32] = []
    if byte == UInt8(ascii: "&") {
      descriptors = [1, 2]
      position += 1
    } else if isDigit(byte) {
      descriptors = [Int32(byte - 0x30)]
      position += 1
    }
    let isInput = byte == UInt8(ascii: "<")
    if isInput, start > 1, byteBefore() == 0x2E, bytes[start - 2] == 0x2E {
      throw error(
        "'<' in a command redirects", Span(start - 2, start + 1),
        help: "put the range into parentheses, as (1..<5)")
    }
    position += 1
    if descriptors.isEmpty { descriptors = [isInput ? 0 : 1] }
    var kind: Redirection.Kind = isInput ? .read : .write
    if isInput, byte == UInt8(ascii: "<") {
      throw error(
        "there are no here-documents", Span(start, position + 1),
        help: "write the text to a program by 'print TEXT | program'")
    }
    if !isInput, byte == UInt8(ascii: ">") {
      kind = .append
      position += 1
    }
    if byte == UInt8(ascii: "&") {
      position += 1
      guard isDigit(byte), !isWordByte(byte(at: 1)) || isAtEnd || position + 1 >= bytes.count else {
        throw unexpected(expecting: "a descriptor's number behind '&'")
      }
      let target = Int32(byte - 0x30)
      position += 1
      return RedirectionNode(
        descriptors: descriptors, kind: .duplicate(target), target: nil,
        span: Span(start, position))
    }
    skipBlanks()
    expect(.file)
    guard !isAtEnd, isWordByte(byte) || byte == UInt8(ascii: "(") else {
      throw unexpected(expecting: "a file behind the redirection")
    }
    let word = try self.word(.file)
    return RedirectionNode(
      descriptors: descriptors, kind: kind, target: word.pathValue, span: Span(start, position))
  }
}
