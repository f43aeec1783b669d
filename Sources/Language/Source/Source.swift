/// A half-open range of byte offsets into one source text.
public struct Span: Equatable, Sendable {
  public var start: Int32
  public var end: Int32

  public init(_ start: Int, _ end: Int) {
    self.start = Int32(clamping: start)
    self.end = Int32(clamping: max(start, end))
  }

  /// The same as offsets, within so many bytes.
  public func range(in count: Int) -> Range<Int> {
    let end = min(Int(end), count)
    return min(Int(start), end)..<end
  }

  /// The smallest span that covers both.
  public func joined(_ other: Span) -> Span {
    Span(Int(min(start, other.start)), Int(max(end, other.end)))
  }
}

/// A program text with its name, as a file, a `-c` text or an entry at the prompt.
///
/// Offsets are bytes of UTF-8; lines and columns count from 1, columns in Unicode scalars.
public final class Source {
  public let name: String
  public let bytes: [UInt8]
  /// The number of its first line, and of that line's first column: more than 1 for a piece of a
  /// longer text.
  let firstLine: Int
  let firstColumn: Int
  private let lineStarts: [Int32]
  /// Bare words that name a visible variable, by where they begin; noted for messages.
  var variableWords: [Int32: VariableWord] = [:]

  /// Makes a source from a text; a text that is not UTF-8 is repaired.
  public convenience init(name: String, text: String) {
    self.init(name: name, bytes: Array(text.utf8))
  }

  /// Makes a source from bytes, which are taken as UTF-8; a byte order mark is left out.
  public convenience init(name: String, bytes: [UInt8]) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
    self.init(name: name, bytes: text, firstLine: 1, firstColumn: 1)
  }

  /// Makes a source from a piece of a longer text.
  init(name: String, bytes: [UInt8], firstLine: Int, firstColumn: Int = 1) {
    self.name = name
    self.bytes = bytes
    self.firstLine = min(max(1, firstLine), Int(Int32.max))
    self.firstColumn = min(max(1, firstColumn), Int(Int32.max))
    var starts: [Int32] = [0]
    for (i, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(Int32(clamping: i + 1))
    }
    lineStarts = starts
  }

  /// The text of a span, clamped to the source.
  public func text(_ span: Span) -> String {
    let start = min(max(0, Int(span.start)), bytes.count)
    let end = min(max(start, Int(span.end)), bytes.count)
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// The line (from 1) and column (from 1, in scalars) of a byte offset.
  public func position(_ offset: Int32) -> (line: Int, column: Int) {
    let low = lineIndex(Int(offset))
    let start = Int(lineStarts[low])
    let end = min(max(start, Int(offset)), bytes.count)
    let column = bytes[start..<end].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    return (low + firstLine, low == 0 ? column + firstColumn - 1 : column)
  }

  /// The line (from 1) of a byte offset.
  public func line(_ offset: Int32) -> Int { lineIndex(Int(offset)) + firstLine }

  /// The index of the line that an offset stands on.
  private func lineIndex(_ offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(lineStarts[middle]) <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The text of a line (from 1) without its newline.
  public func line(_ number: Int) -> String {
    let index = number - firstLine
    guard lineStarts.indices.contains(index) else { return "" }
    let start = Int(lineStarts[index])
    var end = lineEnd(start)
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private func lineEnd(_ offset: Int) -> Int {
    var end = offset
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    return end
  }

  /// The lines that a span stands on, and the span within them.
  ///
  /// - Parameter limit: how many bytes from the span's beginning on are enough.
  func lines(of span: Span, limit: Int = .max) -> (firstLine: Int, bytes: ArraySlice<UInt8>, Span) {
    let start = min(max(0, Int(span.start)), bytes.count)
    let end = min(max(start, Int(span.end)), bytes.count)
    let first = Int(lineStarts[lineIndex(start)])
    let last = min(lineEnd(end), limit < bytes.count - start ? start + limit : bytes.count)
    return (
      lineIndex(start) + firstLine, bytes[first..<last],
      Span(start - first, min(end, last) - first)
    )
  }
}

/// A place in a program: which source, and where in it.
public struct Location {
  public let source: Source
  public let span: Span

  public init(_ source: Source, _ span: Span) {
    self.source = source
    self.span = span
  }

  /// `name:line:column`.
  public var description: String {
    let at = source.position(span.start)
    return "\(source.name):\(at.line):\(at.column)"
  }
}
