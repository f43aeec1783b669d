/// What the standard library has in its module for regular expressions, which is not linked.
///
/// Texts are compared byte by byte. Each takes O(n · m). Where that module is imported, as in tests, its
/// functions are meant.
extension StringProtocol {
  /// Whether a text stands in this one; an empty one does.
  @_disfavoredOverload
  public func contains(_ text: some StringProtocol) -> Bool { firstRange(of: text) != nil }

  /// Where a text stands first.
  @_disfavoredOverload
  public func firstRange(of text: some StringProtocol) -> Range<Index>? {
    var rest = utf8[...]
    while true {
      if rest.starts(with: text.utf8) {
        return rest.startIndex..<rest.index(rest.startIndex, offsetBy: text.utf8.count)
      }
      if rest.isEmpty { return nil }
      rest = rest.dropFirst()
    }
  }

  /// This text with another one in place of each that it has; an empty one is nowhere.
  @_disfavoredOverload
  public func replacing(_ text: some StringProtocol, with other: some StringProtocol) -> String {
    if text.isEmpty { return String(self) }
    var result = ""
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      result += rest[..<range.lowerBound]
      result += other
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}
