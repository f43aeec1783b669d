/// The version of Brood that a script was written for: `#brood 0.2` as its first line, or as the
/// second below `#!`.
///
/// Built-ins that came later do not exist for it, so that programs of their names are found.
public struct LanguageVersion: Comparable, Sendable, CustomStringConvertible {
  public let major: Int
  let minor: Int

  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads `0.3` or `0.3.1`, of which the last part is not looked at; nil for anything else.
  public init?(_ text: Substring) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let major = Int(parts[0]),
      let minor = Int(parts[1]), major >= 0, minor >= 0
    else { return nil }
    self.init(major, minor)
  }

  /// What the beginning of a text asks for, with the span of the line; nil if it asks for nothing.
  public static func pinned(in source: Source) -> (version: LanguageVersion, span: Span)? {
    var start = 0
    for number in 0..<2 {
      let line = source.bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
      let text = String(decoding: line, as: UTF8.self)
      if number == 0, text.hasPrefix("#!") {
        start = min(line.endIndex + 1, source.bytes.count)
        continue
      }
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count == 2, words[0] == "#brood", text.hasPrefix("#"),
        let version = LanguageVersion(words[1])
      else { return nil }
      return (version, Span(start, line.endIndex))
    }
    return nil
  }

  public static func < (one: LanguageVersion, other: LanguageVersion) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }

  public var description: String { "\(major).\(minor)" }
}
