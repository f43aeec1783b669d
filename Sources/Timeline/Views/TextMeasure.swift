/// How wide text is in columns, and how it is made harmless; the caller knows, this library does not.
public struct TextMeasure: Sendable {
  /// Columns of a terminal: wide characters count 2, combining ones 0.
  public let width: @Sendable (String) -> Int
  /// The text without what a terminal would obey.
  public let clean: @Sendable (String) -> String

  public init(
    width: @escaping @Sendable (String) -> Int, clean: @escaping @Sendable (String) -> String
  ) {
    self.width = width
    self.clean = clean
  }

  /// The clean text, or its beginning and a sign that some was left out.
  func truncated(_ text: String, to columns: Int, more: String = "…") -> String {
    let text = clean(text)
    if width(text) <= columns { return text }
    var result = ""
    var used = width(more)
    if used > columns { return "" }
    for character in text {
      let size = width(String(character))
      if used + size > columns { break }
      used += size
      result.append(character)
    }
    return result + more
  }

  /// The text in exactly so many columns.
  func padded(_ text: String, to columns: Int, more: String = "…") -> String {
    let text = truncated(text, to: columns, more: more)
    return text + String(repeating: " ", count: max(0, columns - width(text)))
  }
}
