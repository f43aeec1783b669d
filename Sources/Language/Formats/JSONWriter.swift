/// Writes values as JSON.
public struct JSONWriter {
  /// What was written.
  public private(set) var bytes: [UInt8] = []
  private let isPretty: Bool
  /// The keys and indexes that lead to what is being written.
  private var path: [Value] = []
  /// Looks whether a signal asks for attention.
  private let attend: () throws -> Void

  /// - Parameters:
  ///   - pretty: one item a line, indented.
  ///   - attend: called for each item; what it throws ends the writing.
  public init(pretty: Bool, attend: @escaping () throws -> Void = {}) {
    isPretty = pretty
    self.attend = attend
  }

  /// Adds a value; throws if there is no JSON for it or something in it.
  public mutating func write(_ value: Value, depth: Int = 0) throws {
    switch value {
    case .null, .missing: add("null")
    case .bool(let bool): add(bool ? "true" : "false")
    case .int(let int), .size(let int): add(String(int))
    case .float(let float): try write(float)
    case .duration(let nanoseconds):
      add(secondsText(nanoseconds))
    case .string(let string):
      try bytes.requireRoom(string.byteCount)
      write(string)
    case .time: write(value.textObject)
    case .list(let list):
      try group("[", "]", depth, list.items.count) { writer, index in
        writer.path.append(.int(index))
        try writer.write(list.items[index], depth: depth + 1)
        writer.path.removeLast()
      }
    case .range(let range):
      if range.count > mostItems { throw tooLong }
      try group("[", "]", depth, range.count) { writer, index in
        try writer.write(.int(range.start &+ index))
      }
    case .map(let map):
      let pairs = map.pairs
      try group("{", "}", depth, pairs.count) { writer, index in
        writer.write(pairs[index].key.textObject)
        writer.add(writer.isPretty ? ": " : ":")
        writer.path.append(pairs[index].key)
        try writer.write(pairs[index].value, depth: depth + 1)
        writer.path.removeLast()
      }
    case .error(let error):
      try write(
        .record(["kind": .text(error.kind.rawValue), "message": .text(error.message)]),
        depth: depth)
    case .report(let report): try write(report.value, depth: depth)
    default:
      throw ErrorObject(
        .type, "\(value.typeName) values have no form in JSON\(whereabouts)", help: help(value))
    }
  }

  private func help(_ value: Value) -> String? {
    switch value {
    case .bytes: "make a text of them (string …) or a list of numbers (collect …)"
    case .stream: "collect it first: collect STREAM"
    case .handle: "pick the fields to write: [pid: $p.pid]"
    default: nil
    }
  }

  /// Where in the whole value that is which is being written: ` at .a[1]`.
  private var whereabouts: String {
    if path.isEmpty { return "" }
    var text = " at "
    for step in path {
      if case .string(let key) = step, isName(key.string) {
        text += ".\(key.string)"
      } else {
        text += "[\(step.asLiteral)]"
      }
    }
    return text.unicodeScalars.count > 100 ? text.prefix(99) + "…" : text
  }

  private var tooLong: ErrorObject {
    ErrorObject(.limit, "the text would be longer than \(sizeText(mostBytes))")
  }

  private mutating func write(_ float: Double) throws {
    guard float.isFinite else {
      throw ErrorObject(.range, "\(floatText(float)) has no form in JSON\(whereabouts)")
    }
    add(floatText(float))
  }

  private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func group(
    _ open: String, _ close: String, _ depth: Int, _ count: Int,
    _ item: (inout JSONWriter, Int) throws -> Void
  ) throws {
    add(open)
    for index in 0..<count {
      if index > 0 { add(",") }
      newLine(depth + 1)
      try attend()
      // A doubling that is near.
      if bytes.capacity - bytes.count < 4096 { try bytes.requireRoom(4096) }
      try item(&self, index)
      if bytes.count > mostBytes { throw tooLong }
    }
    if count > 0 { newLine(depth) }
    add(close)
  }

  private mutating func newLine(_ depth: Int) {
    guard isPretty else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: depth * 2))
  }

  private mutating func write(_ string: StringObject) {
    bytes.append(UInt8(ascii: "\""))
    string.withBytes { text in
      var start = 0
      for (place, byte) in text.enumerated() {
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
          continue
        }
        bytes.append(contentsOf: text[start..<place])
        start = place + 1
        escape(byte)
      }
      bytes.append(contentsOf: text[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 0x08: add("\\b")
    case 0x09: add("\\t")
    case 0x0A: add("\\n")
    case 0x0C: add("\\f")
    case 0x0D: add("\\r")
    case 0..<0x20: add((byte < 16 ? "\\u000" : "\\u00") + String(byte, radix: 16))
    default: bytes += [UInt8(ascii: "\\"), byte]
    }
  }
}
