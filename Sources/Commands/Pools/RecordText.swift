import Language
import Session

/// Records of tasks as text: a line of JSON, or of CSV (RFC 4180).
enum RecordText {
  /// One line of JSON; what is not UTF-8 stands as `{"base64": "…"}`.
  static func json(_ record: Value) throws -> [UInt8] {
    var writer = JSONWriter(pretty: false)
    try writer.write(withoutBytes(record))
    return writer.bytes + [0x0A]
  }

  /// A value in which what is not UTF-8 stands in base64.
  static func withoutBytes(_ value: Value) -> Value {
    switch value {
    case .bytes(let object): return .record(["base64": .text(Base64.text(object.bytes))])
    case .list(let list): return .items(list.items.map(withoutBytes))
    case .map(let map):
      let copy = MapObject()
      for (key, value) in map.pairs { copy.set(key, withoutBytes(value)) }
      return .map(copy)
    default: return value
    }
  }

  /// The first line of a table.
  static let csvHead = Array((TaskRecord.fieldNames.joined(separator: ",") + "\r\n").utf8)

  /// One line of a table; outputs keep every byte.
  static func csv(_ record: Value) -> [UInt8] {
    guard case .map(let map) = record else { return [] }
    var line: [UInt8] = []
    for name in TaskRecord.fieldNames {
      if name != TaskRecord.fieldNames.first { line.append(UInt8(ascii: ",")) }
      line += field(map.get(name) ?? .null)
    }
    return line + Array("\r\n".utf8)
  }

  private static func field(_ value: Value) -> [UInt8] {
    let bytes: [UInt8]
    switch value {
    case .null, .missing: return []
    case .bytes(let object): bytes = object.bytes
    case .string(let text): bytes = text.withBytes { Array($0) }
    case .duration(let nanoseconds): bytes = Array("\(Double(nanoseconds) / 1e9)".utf8)
    case .size(let size): bytes = Array(String(size).utf8)
    case .list(let list): bytes = Array(list.items.map(field).joined(separator: [0x20]))
    default: bytes = Array(value.asText.utf8)
    }
    return CSVText.field(bytes)
  }
}
