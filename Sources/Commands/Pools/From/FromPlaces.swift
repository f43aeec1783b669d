import Language

/// Places for an input, as xargs and GNU parallel write them, in those of Brood.
struct FromPlaces {
  /// What stands for what, the longest first: `-I X` makes X mean {}.
  private var own: [(text: String, place: String)] = []
  /// Whether braces that are places in Brood are places there, too.
  var knowsBraces = true
  /// Whether a plain {} is one.
  var knowsWhole = true

  mutating func add(_ text: String, for place: String) {
    if text.isEmpty { return }
    if place == "{}" { knowsWhole = false }
    own.removeAll { $0.place == place }
    own.append((text, place))
    own.sort { $0.text.count > $1.text.count }
  }

  /// A word with Brood's places; other braces that would be places are doubled.
  func translated(_ word: String) -> String {
    var result = ""
    var rest = word[...]
    while let first = rest.first {
      if let (text, place) = own.first(where: { rest.hasPrefix($0.text) }) {
        result += place
        rest = rest.dropFirst(text.count)
      } else if first == "{", let place = FromPlaces.place(rest) {
        let isPlace = knowsBraces && (knowsWhole || place != "{}")
        result += isPlace ? String(place) : "{\(place)}"
        rest = rest[place.endIndex...]
      } else {
        result.append(first)
        rest.removeFirst()
      }
    }
    return result
  }

  /// Whether a word has a place.
  func has(in word: String) -> Bool {
    own.contains { word.contains($0.text) }
      || knowsBraces
        && word.indices.contains { index in
          guard let place = FromPlaces.place(word[index...]) else { return false }
          return knowsWhole || place != "{}"
        }
  }

  /// The place of Brood that a text begins with: `{}`, `{.}`, `{2/}`, `{#}`.
  private static func place(_ text: Substring) -> Substring? {
    guard text.first == "{", let end = text.firstIndex(of: "}") else { return nil }
    var inner = text[..<end].dropFirst()
    let isPart = inner.first.map { $0 == "-" || $0.isNumber } ?? false
    if isPart {
      if inner.first == "-" { inner.removeFirst() }
      let digits = inner.prefix { ("0"..."9").contains($0) }
      if digits.isEmpty { return nil }
      inner = inner.dropFirst(digits.count)
      guard ["", ".", "/", "//", "/."].contains(inner) else { return nil }
    } else {
      guard ["", ".", "/", "//", "/.", "#", "%", "+"].contains(inner) else { return nil }
    }
    return text[...end]
  }

  /// Places of GNU parallel that Brood has not, as they stand in a text: `{= … =}`, `{..}`, `{:2}`.
  static func foreign(in text: String) -> [String] {
    var found: [String] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "{") {
      rest = rest[start...]
      let end: Substring.Index? =
        rest.hasPrefix("{=")
        ? rest.firstRange(of: "=}").map { rest.index(before: $0.upperBound) }
        : rest.firstIndex(of: "}")
      guard let end else { break }
      let place = rest[...end]
      let inner = place.dropFirst().dropLast()
      let plus = ["..", "...", "/..", "/...", "+/", "+.", "+..", "+...", "##", "0#", "0%"]
      let isSubstring =
        inner.first == ":" && inner.dropFirst().first.map { $0.isNumber || $0 == "-" } ?? false
      let isCut =
        inner.count > 1 && (inner.first == "%" || inner.first == "#")
        && !inner.contains { $0.isWhitespace }
      let isCase = ["^", "^^", ",", ",,"].contains { inner.hasPrefix($0) && inner.count > 1 }
      if inner.hasPrefix("=") || plus.contains(String(inner)) || isSubstring || isCut || isCase {
        found.append(String(place))
        rest = rest[place.endIndex...]
      } else {
        rest.removeFirst()
      }
    }
    return found
  }
}
