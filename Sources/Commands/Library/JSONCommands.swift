import Language

/// Values as JSON and back.
enum JSONCommands {
  static let family = CommandFamily("JSON", [jsonParse, jsonText])

  private static let jsonParse = Command(
    "json-parse", "Make a value of a JSON text",
    details: """
      Strict (RFC 8259). Numbers beyond 64 bits are `range` errors. Of equal keys the last counts.
      """,
    parameters: [Parameter("text", .text)], traits: .pure,
    examples: [
      Example("print (json-parse '{\"a\": [1, 2.5, null]}')", "[a: [1, 2.5, null]]")
    ]
  ) { call in
    let text = call.string(0)
    let interpreter = call.interpreter
    return try text.withBytes { bytes in
      var parser = JSONParser(bytes) { try interpreter.checkAttention() }
      do throws(JSONParser.Failure) {
        return try parser.parse()
      } catch {
        if let stop = error.stop { throw stop }
        throw call.error(
          error.kind, "bad JSON at \(position(error.offset, bytes)): \(error.message)", at: 0)
      }
    }
  }

  /// Line and column, from 1, columns in scalars.
  private static func position(_ offset: Int, _ bytes: Bytes) -> String {
    var line = 1
    var column = 1
    for byte in bytes[..<min(offset, bytes.count)] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return "\(line):\(column)"
  }

  private static let jsonText = Command(
    "json-text", "Make a JSON text of a value",
    details: """
      Durations become seconds, sizes bytes, times ISO 8601, keys text. Bytes, streams, functions \
      and handles have no form in JSON.
      """,
    parameters: [Parameter("value", .any)],
    flags: [Flag("pretty", nil, "one item a line, indented")], traits: .pure,
    examples: [
      Example("print (json-text [a: [1, 2.5, null]])", "{\"a\":[1,2.5,null]}"),
      Example("print (json-text [a: 1] --pretty)", "{\n  \"a\": 1\n}"),
    ]
  ) { call in
    let interpreter = call.interpreter
    var writer = JSONWriter(pretty: call.isSet("pretty")) { try interpreter.checkAttention() }
    do {
      try writer.write(call[0])
    } catch let error as ErrorObject {
      if error.location == nil { error.location = call.location(0) }
      throw error
    }
    try LargeMemory.require(writer.bytes.count)
    return .string(writer.bytes.withUnsafeBufferPointer { StringObject.make(valid: $0) })
  }
}
