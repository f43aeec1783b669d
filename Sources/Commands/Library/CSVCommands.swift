import Language
import Session

/// Tables of values as CSV and back.
enum CSVCommands {
  static let family = CommandFamily("CSV", [csvParse, csvText])

  private static let separatorFlag = Flag(
    "separator", .text, "what stands between fields, one ASCII character; a comma by default")

  private static let csvParse = Command(
    "csv-parse", "Make a list of rows of a CSV text",
    details: """
      RFC 4180: lines end in LF or CRLF, and a field in quotes may hold separators, line ends and \
      doubled quotes. Each row is a list of texts. With --header the first line has the names of the \
      columns, and each row is a map; it must have as many fields as the header then. Empty lines are \
      left out, as is a byte order mark.
      """,
    parameters: [Parameter("text", .text)],
    flags: [Flag("header", nil, "rows are maps with the names of the first line"), separatorFlag],
    traits: .pure,
    examples: [
      Example("print (csv-parse \"a,b\\n1,'x'\\n\")", "[[\"a\", \"b\"], [\"1\", \"'x'\"]]"),
      Example(
        "let rows = csv-parse --header \"name,age\\nAnna,41\\nCarl,7\\n\"\n"
          + "print $rows[0].name (sum (map $rows { |r| int $r.age }))",
        "Anna 48"),
    ]
  ) { call in
    var reader = CSVReader(separator: try separator(call))
    var rows: [Value] = []
    var names: [Value]?
    let interpreter = call.interpreter
    try call.string(0).withBytes { bytes in
      var place = 0
      while place <= bytes.count {
        try interpreter.checkAttention()
        let end = min(place + 1 << 16, bytes.count)
        let isLast = end == bytes.count
        do throws(CSVReader.Failure) {
          try reader.take(
            UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[place..<end]))
          if isLast { try reader.finish() }
        } catch {
          throw call.error(
            .syntax, "bad CSV at \(error.line):\(error.column): \(error.message)", at: 0,
            help: error.help)
        }
        while let row = reader.next() {
          let fields = row.fields.map(TaskInput.value)
          if !call.isSet("header") {
            rows.append(.items(fields))
          } else if let names {
            rows.append(try map(names, fields, line: row.line, call))
          } else {
            names = fields
            try requireUnique(fields, call)
          }
        }
        place = isLast ? bytes.count + 1 : end
      }
    }
    return .items(rows)
  }

  private static func map(
    _ names: [Value], _ fields: [Value], line: Int, _ call: borrowing Call
  ) throws -> Value {
    guard names.count == fields.count else {
      throw call.error(
        .syntax,
        "bad CSV at \(line):1: the row has \(fields.count) field\(fields.count == 1 ? "" : "s"), the "
          + "header \(names.count)", at: 0,
        help: "without --header rows may differ in length")
    }
    let map = MapObject()
    for (name, field) in zip(names, fields) { map.set(name, field) }
    return .map(map)
  }

  private static func requireUnique(_ names: [Value], _ call: borrowing Call) throws {
    var seen: Set<String> = []
    for name in names.map(\.asText) where !seen.insert(name).inserted {
      throw call.error(
        .syntax, "bad CSV at 1:1: two columns are called '\(name)'", at: 0,
        help: "without --header each row is a list, and columns have numbers")
    }
  }

  private static func separator(_ call: borrowing Call) throws -> UInt8 {
    guard let text = call.flag("separator")?.asText else { return UInt8(ascii: ",") }
    if let separator = CSVText.separator(Array(text.utf8)) { return separator }
    throw call.error(
      .range, "the separator must be one ASCII character, no quote and no line end",
      flag: "separator")
  }

  private static let csvText = Command(
    "csv-text", "Make a CSV text of rows",
    details: """
      Rows are lists of fields, or maps, whose keys stand in the first line then. Each line ends in LF, \
      with --crlf in CRLF as RFC 4180 has it. null is an empty field, durations are seconds, sizes \
      bytes; lists, maps and blocks have no form in CSV.
      """,
    parameters: [Parameter("rows", .iterable)],
    flags: [separatorFlag, Flag("crlf", nil, "end lines in CRLF")], traits: .pure,
    examples: [
      Example("print --no-newline (csv-text [[a, 'b, c'], [1, null]])", "a,\"b, c\"\n1,"),
      Example("print --no-newline (csv-text [[name: Anna, age: 41]])", "name,age\nAnna,41"),
    ]
  ) { call in
    let separator = try separator(call)
    let end: [UInt8] = call.isSet("crlf") ? [0x0D, 0x0A] : [0x0A]
    var text: [UInt8] = []
    var keys: [Value]?
    var isFirst = true
    for row in try call.interpreter.collect(call[0]) {
      try call.interpreter.checkAttention()
      defer { isFirst = false }
      switch row.plain {
      case .list(let list) where keys == nil && !list.items.isEmpty:
        text += CSVText.row(try list.items.map { try field($0, call) }, separator: separator) + end
      case .map(let map) where isFirst || keys != nil:
        if isFirst {
          keys = map.keys
          text += CSVText.row(try map.keys.map { try field($0, call) }, separator: separator) + end
        }
        let keys = keys ?? []
        guard map.count == keys.count, keys.allSatisfy({ map.get($0) != nil }) else {
          throw call.error(
            .type, "a row has other keys than the first one: \(Value.items(map.keys).asText)",
            at: 0,
            help: "rows that are maps have the same keys")
        }
        let fields = try keys.map { try field(map.get($0) ?? .null, call) }
        text += CSVText.row(fields, separator: separator) + end
      default:
        throw call.error(
          .type, "a row must be a list of fields, or a map as all others, but is \(row.described)",
          at: 0)
      }
    }
    try LargeMemory.require(text.count)
    guard let string = String(validating: text, as: UTF8.self) else {
      return .bytes(BytesObject(text))
    }
    return .text(string)
  }

  private static func field(_ value: Value, _ call: borrowing Call) throws -> [UInt8] {
    switch value.plain {
    case .null, .missing: return []
    case .bytes(let object): return object.bytes
    case .string(let text): return text.withBytes { Array($0) }
    case .duration(let nanoseconds): return Array("\(Double(nanoseconds) / 1e9)".utf8)
    case .size(let size): return Array(String(size).utf8)
    case .int, .float, .bool, .time: return Array(value.plain.asText.utf8)
    default:
      throw call.error(
        .type, "a field must be a text or a number, but is \(value.described)", at: 0)
    }
  }
}

extension CSVText {
  /// A byte that may stand between fields; nil for any other text.
  static func separator(_ text: [UInt8]) -> UInt8? {
    guard text.count == 1, let byte = text.first, byte < 0x80 else { return nil }
    return byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D ? nil : byte
  }
}
