/// A value as it is written in a text, with its places: for files of settings, which are read
/// without running anything.
public struct WrittenValue {
  public enum Content {
    case scalar(Value)
    case list([WrittenValue])
    case map([Entry])
  }

  public struct Entry {
    public let key: String
    public let place: Span
    public let value: WrittenValue

    public init(key: String, place: Span, value: WrittenValue) {
      self.key = key
      self.place = place
      self.value = value
    }
  }

  public let content: Content
  public let place: Span

  public init(_ content: Content, _ place: Span) {
    self.content = content
    self.place = place
  }

  /// The value itself.
  public var value: Value {
    switch content {
    case .scalar(let value): return value
    case .list(let items): return .items(items.map(\.value))
    case .map(let entries):
      let map = MapObject()
      for entry in entries { map.set(entry.key, entry.value.value) }
      return .map(map)
    }
  }

  /// Reads a text that is one literal: a list, a map, a text or a number.
  ///
  /// - Throws: `syntax` if it is none, or holds something that would have to be run; the error has
  ///   its place.
  public static func read(_ source: Source) throws -> WrittenValue {
    let statements = try Parser.parse(source).statements
    guard let first = statements.first else {
      throw wrong("there is nothing in it", Span(0, source.bytes.count), source)
    }
    if statements.count > 1 {
      throw wrong("a second statement, where one value was expected", statements[1].span, source)
    }
    guard case .expression(let expression) = first.kind else {
      throw wrong("a value was expected, not a statement", first.span, source)
    }
    return try read(expression, source)
  }

  private static func wrong(_ message: String, _ place: Span, _ source: Source) -> ErrorObject {
    ErrorObject(
      .syntax, message, help: "the text is only read, and nothing in it is run",
      location: Location(source, place))
  }

  private static func read(_ node: Expression, _ source: Source) throws -> WrittenValue {
    switch node.kind {
    case .constant(let value): return WrittenValue(.scalar(value), node.span)
    case .negate(let inner):
      switch try read(inner, source).content {
      case .scalar(.int(let number)) where number > Int.min:
        return WrittenValue(.scalar(.int(-number)), node.span)
      case .scalar(.float(let number)): return WrittenValue(.scalar(.float(-number)), node.span)
      case .scalar(.duration(let time)) where time > Int.min:
        return WrittenValue(.scalar(.duration(-time)), node.span)
      default: break
      }
    case .list(let items):
      return WrittenValue(
        .list(
          try items.map { item in
            if item.isSpread { throw wrong("'...' would have to be run", item.value.span, source) }
            return try read(item.value, source)
          }), node.span)
    case .map(let pairs):
      return WrittenValue(
        .map(
          try pairs.map { key, value in
            guard case .scalar(let name) = try read(key, source).content else {
              throw wrong("a key must be a text", key.span, source)
            }
            return Entry(
              key: source.spelling(name, key.span), place: key.span,
              value: try read(value, source))
          }), node.span)
    default: break
    }
    throw wrong("\(kind(of: node)) would have to be run", node.span, source)
  }

  /// What a node is, for messages.
  private static func kind(of node: Expression) -> String {
    switch node.kind {
    case .variable: "a variable"
    case .text: "a text with a $ in it"
    case .closure: "a block"
    case .command, .pipeline, .chain, .timed, .andThen, .orElse: "a command"
    default: "an expression"
    }
  }
}

extension Source {
  /// A key as it stands in the text, since `1` is one too.
  fileprivate func spelling(_ value: Value, _ span: Span) -> String {
    if case .string(let text) = value { return text.string }
    return text(span)
  }
}
