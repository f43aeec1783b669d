import Language

/// What one call of a program is for: one or several words, of any bytes.
public struct TaskInput {
  /// One from each source of inputs, or each column of a table; of all inputs of a call.
  public let parts: [[UInt8]]
  /// Behind which part each input ends, if a call is for several.
  private let ends: [Int]

  public init(_ parts: [[UInt8]]) {
    self.parts = parts
    ends = []
  }

  /// Several inputs for one call.
  init(joining inputs: [TaskInput]) {
    parts = inputs.flatMap(\.parts)
    var ends: [Int] = []
    if inputs.count > 1 {
      for input in inputs { ends.append((ends.last ?? 0) + input.parts.count) }
    }
    self.ends = ends
  }

  /// The parts of each input of a call.
  var inputs: [ArraySlice<[UInt8]>] {
    if ends.isEmpty { return [parts[...]] }
    return zip([0] + ends, ends).map { parts[$0..<$1] }
  }

  public init(_ text: String) { self.init([Array(text.utf8)]) }

  /// Of any value, in words: the items of a list are parts, and null is none.
  init(_ value: Value) {
    switch value {
    case .null, .missing: self.init([])
    case .bytes(let object): self.init([object.bytes])
    case .string(let string): self.init([string.withBytes { Array($0) }])
    case .list(let list): self.init(list.items.map { TaskInput($0).bytes })
    default: self.init(value.asText)
    }
  }

  /// For messages and tags: what is not UTF-8 is replaced.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Its beginning in one line, for messages.
  public var shortText: String { TaskInput.shortened(text, to: 60) }

  /// A text as it stands in a message, however long it is.
  static func shortened(_ text: String, to most: Int) -> String {
    let line = text.prefix(most + 1).prefix { !$0.isNewline }
    return line.count <= most && line.endIndex == text.endIndex ? text : line.prefix(most) + "…"
  }

  /// All of it, parts with a blank between.
  var bytes: [UInt8] {
    parts.count == 1 ? parts[0] : Array(parts.joined(separator: [0x20]))
  }

  /// As a value: a text, bytes where it is none, a list for several parts.
  public var value: Value {
    if parts.count == 1 { return TaskInput.value(parts[0]) }
    return .items(parts.map(TaskInput.value))
  }

  /// Bytes as a text where they are one, so that nothing is ever replaced.
  public static func value(_ bytes: [UInt8]) -> Value {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return .bytes(BytesObject(bytes))
    }
    return .text(text)
  }
}
