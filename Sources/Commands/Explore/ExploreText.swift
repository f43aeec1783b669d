import Language

/// A report of `explore` as people read it.
enum ExploreText {
  static func text(_ record: Value, _ call: borrowing Call) throws -> String {
    if call.isSet("json") {
      var writer = JSONWriter(pretty: false)
      try writer.write(record)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    return text(record)
  }

  static func text(_ record: Value) -> String {
    var lines: [String] = []
    if field(record, "pids").asText == "fixed" {
      lines.append("pids are the same in each run: 10000 is process 0, 10001 process 1")
    }
    for outcome in list(record, "outcomes") {
      lines.append("\(title(outcome))  \(field(outcome, "schedule").asText)")
      let output = field(outcome, "output").asText
      for line in output.split(separator: "\n") { lines.append("  | \(line)") }
      for finding in list(outcome, "findings") { lines.append("  = \(finding.asText)") }
    }
    if field(record, "pids").asText == "masked", lines.contains(where: hasMask) {
      lines.insert("pids differ from run to run: <2.1> is that of process 2.1", at: 0)
    }
    let runs = field(record, "runs").asText
    if case .int(let points) = field(record, "kill_points"), points > 0 {
      lines.append("\(points) kill points, \(field(record, "stuck").asText) stuck")
    }
    if case .bool(true) = field(record, "complete") {
      lines.append("all \(runs) classes of schedules seen")
    } else {
      lines.append("\(runs) schedules of unknown many; no proof")
      for reason in list(record, "reasons") { lines.append("  = \(reason.asText)") }
    }
    return TerminalText.lines(lines.joined(separator: "\n"))
  }

  /// Whether a text has the name of a process in place of its pid, as `<2.1>`.
  private static func hasMask(_ text: String) -> Bool {
    var isIn = false
    var last: UInt8 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: ">"), isIn, last != UInt8(ascii: "<") { return true }
      let isPart = byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte)
      isIn = byte == UInt8(ascii: "<") || isIn && isPart
      last = byte
    }
    return false
  }

  /// An outcome in a line: what it is, and what it yields.
  static func title(_ outcome: Value) -> String {
    let kind = field(outcome, "kind").asText
    if kind == "value" { return "value \(field(outcome, "value").asLiteral)" }
    let error = field(outcome, "error")
    return error.isNull ? kind : "\(kind) \(error.asText)"
  }

  static func field(_ record: Value, _ name: String) -> Value {
    guard case .map(let map) = record else { return .null }
    return map.get(.text(name)) ?? .null
  }

  static func list(_ record: Value, _ name: String) -> [Value] {
    guard case .list(let list) = field(record, name) else { return [] }
    return list.items
  }
}
