import Language

/// A line of a journal: one JSON object.
enum JournalLine {
  /// The first line, by which a journal is known.
  static let header = Array(#"{"journal":"brood","version":1}"#.utf8)

  /// What a line says; nil if it is damaged.
  static func parse(_ bytes: Bytes) -> MapObject? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var parser = JSONParser(bytes)
    guard case .map(let map)? = try? parser.parse() else { return nil }
    return map
  }

  static func parse(_ bytes: [UInt8]) -> MapObject? { bytes.withUnsafeBufferPointer(parse) }

  /// The line for some fields; those that are null are left out, but a `value`.
  static func bytes(_ fields: [(String, Value)]) throws -> [UInt8] {
    let map = MapObject()
    for (name, value) in fields where !value.isNull || name == "value" { map.set(name, value) }
    var writer = JSONWriter(pretty: false)
    try writer.write(.map(map))
    return writer.bytes
  }

  /// Text as it is, other bytes in base64.
  static func value(of bytes: [UInt8]?) -> Value {
    guard let bytes else { return .null }
    if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
    return .record(["base64": .text(Base64.text(bytes))])
  }

  static func bytes(of value: Value?) -> [UInt8]? {
    switch value {
    case .string(let text)?: return text.withBytes { Array($0) }
    case .map(let map)?: return map.get("base64").flatMap { Base64.bytes($0.asText) }
    default: return nil
    }
  }
}

extension MapObject {
  func text(_ name: String) -> String? {
    if case .string(let text)? = get(name) { return text.string }
    return nil
  }

  func int(_ name: String) -> Int? {
    if case .int(let int)? = get(name) { return int }
    return nil
  }

  func isTrue(_ name: String) -> Bool {
    if case .bool(true)? = get(name) { return true }
    return false
  }

  /// Seconds, as nanoseconds.
  func nanoseconds(_ name: String) -> Int64 {
    switch get(name) {
    case .int(let seconds)?: Int64(seconds.multipliedReportingOverflow(by: 1_000_000_000).0)
    case .float(let seconds)?: Int64(exactly: (seconds * 1e9).rounded()) ?? 0
    default: 0
    }
  }
}
