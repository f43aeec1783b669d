/// Reads CSV (RFC 4180) as it comes, in pieces of any size.
///
/// Lines end in LF or CRLF; empty ones are left out, as is a byte order mark. Quotes stand around
/// whole fields, and are doubled within. Fields may be of any bytes.
public struct CSVReader {
  /// One row.
  public struct Row: Equatable {
    public let fields: [[UInt8]]
    /// Where it begins, from 1.
    public let line: Int

    /// Makes one of its fields.
    public init(fields: [[UInt8]], line: Int) {
      self.fields = fields
      self.line = line
    }
  }

  /// Where and why the text is no CSV; line and column from 1, columns in characters.
  public struct Failure: Error, Equatable {
    public let message: String
    public let help: String
    public let line: Int
    public let column: Int
  }

  private enum State {
    case fieldStart, plain, quoted
    /// A quote within a quoted field: its end, or the first of two.
    case quote
  }

  private let separator: UInt8
  private var state = State.fieldStart
  /// A CR that ends the line if a LF follows.
  private var hasReturn = false
  private var field: [UInt8] = []
  private var fields: [[UInt8]] = []
  private var rows: [Row] = []
  private var taken = 0
  private var line = 1
  private var column = 0
  private var rowLine = 1
  private var isQuotedRow = false
  /// Where the last quoted field began.
  private var opening = (line: 1, column: 1)
  /// How many bytes of a byte order mark were seen; nil behind the beginning.
  private var mark: Int? = 0

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
  private static let quoteMark = UInt8(ascii: "\"")

  /// - Parameter separator: what stands between fields.
  public init(separator: UInt8 = UInt8(ascii: ",")) { self.separator = separator }

  /// The next row that is complete.
  public mutating func next() -> Row? {
    guard taken < rows.count else { return nil }
    taken += 1
    return rows[taken - 1]
  }

  /// Whether a row is complete that `next` has not handed over.
  public var hasRow: Bool { taken < rows.count }

  /// Reads on.
  public mutating func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    try takeAll(bytes)
  }

  /// Likewise.
  public mutating func take(_ bytes: [UInt8]) throws(Failure) { try takeAll(bytes) }

  private mutating func takeAll(_ bytes: some Sequence<UInt8>) throws(Failure) {
    rows.removeFirst(taken)
    taken = 0
    for byte in bytes {
      if let seen = mark {
        if byte == CSVReader.byteOrderMark[seen] {
          mark = seen == 2 ? nil : seen + 1
          continue
        }
        mark = nil
        // What looked like one is text.
        for byte in CSVReader.byteOrderMark[..<seen] { try take(byte) }
      }
      try take(byte)
    }
  }

  /// The text has ended: what stands behind the last line's end is a row, too.
  public mutating func finish() throws(Failure) {
    if let seen = mark { for byte in CSVReader.byteOrderMark[..<seen] { try take(byte) } }
    mark = nil
    if state == .quoted {
      throw Failure(
        message: "the quote that begins here is not closed", help: "a quote in a field is doubled",
        line: opening.line, column: opening.column)
    }
    hasReturn = false
    endRow()
  }

  private mutating func take(_ byte: UInt8) throws(Failure) {
    if byte & 0xC0 != 0x80 { column += 1 }
    if hasReturn {
      hasReturn = false
      if byte != 0x0A {
        guard state != .quote else { throw textBehindQuote(column - 1) }
        field.append(0x0D)
        state = .plain
      }
    }
    switch state {
    case .quoted:
      if byte == CSVReader.quoteMark { state = .quote } else { field.append(byte) }
      if byte == 0x0A { newLine() }
      return
    case .quote where byte == CSVReader.quoteMark:
      field.append(byte)
      state = .quoted
      return
    case .fieldStart where byte == CSVReader.quoteMark:
      opening = (line, column)
      isQuotedRow = true
      state = .quoted
      return
    case .fieldStart, .plain, .quote: break
    }
    if byte == separator {
      endField()
    } else if byte == 0x0A {
      endRow()
      newLine()
      rowLine = line
    } else if byte == 0x0D {
      hasReturn = true
    } else if state == .quote {
      throw textBehindQuote(column)
    } else if byte == CSVReader.quoteMark {
      throw Failure(
        message: "there is a quote in a field without quotes",
        help: "a field with a quote in it stands in quotes, and the quote is doubled",
        line: line, column: column)
    } else {
      field.append(byte)
      state = .plain
    }
  }

  private func textBehindQuote(_ column: Int) -> Failure {
    Failure(
      message: "text follows the quote that ends a field", help: "a quote in a field is doubled",
      line: line, column: column)
  }

  private mutating func newLine() {
    line += 1
    column = 0
  }

  private mutating func endField() {
    fields.append(field)
    field = []
    state = .fieldStart
  }

  private mutating func endRow() {
    defer { isQuotedRow = false }
    if fields.isEmpty, field.isEmpty, !isQuotedRow { return state = .fieldStart }
    endField()
    rows.append(Row(fields: fields, line: rowLine))
    fields = []
  }
}

/// Writes CSV (RFC 4180).
public enum CSVText {
  /// A field, in quotes where it needs them.
  public static func field(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard bytes.contains(where: { $0 == quote || $0 == separator || $0 == 0x0A || $0 == 0x0D })
    else { return bytes }
    var quoted: [UInt8] = [quote]
    for byte in bytes {
      if byte == quote { quoted.append(quote) }
      quoted.append(byte)
    }
    return quoted + [quote]
  }

  /// A row without the end of its line; one empty field alone is `""`, since an empty line is no
  /// row.
  public static func row(_ fields: [[UInt8]], separator: UInt8 = UInt8(ascii: ",")) -> [UInt8] {
    if fields.count == 1, fields[0].isEmpty { return Array("\"\"".utf8) }
    return Array(fields.map { field($0, separator: separator) }.joined(separator: [separator]))
  }
}
