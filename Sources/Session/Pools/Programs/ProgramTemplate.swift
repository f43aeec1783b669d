import Language

/// The words of a program with places for an input: `{}` and its relatives.
///
/// `{{}}` is a literal `{}`.
public struct ProgramTemplate {
  private enum Piece {
    case text([UInt8])
    case place(Place)
  }

  /// A place, and which part of the input it means, from 0; nil for all.
  private struct Place {
    let kind: Kind
    let part: Int?
  }

  /// What of an input stands in a place.
  private enum Kind: String, CaseIterable {
    case whole = ""
    case withoutExtension = "."
    case base = "/"
    case directory = "//"
    case baseWithoutExtension = "/."
    case number = "#"
    case slot = "%"
  }

  private let words: [[Piece]]
  /// The highest number in places as `{2}`; 0 if there is none.
  public let highestPart: Int
  /// The words as they were given.
  public let source: [String]
  /// Whether the words depend on the number of the call: there is a place `{#}` or `{%}`.
  public let hasNumber: Bool

  /// - Parameter words: the program and its arguments; without any place for it the input comes last.
  public init(_ words: [String]) {
    source = words
    var parsed = words.map(ProgramTemplate.pieces)
    let places = parsed.joined().compactMap { piece -> Place? in
      if case .place(let place) = piece { return place }
      return nil
    }
    if !places.contains(where: { $0.kind != .number && $0.kind != .slot }) {
      parsed.append([.place(Place(kind: .whole, part: nil))])
    }
    highestPart = places.compactMap(\.part).max().map { $0 + 1 } ?? 0
    hasNumber = places.contains { $0.kind == .number || $0.kind == .slot }
    self.words = parsed
  }

  /// Whether all inputs mean the same program: there is no place in its name.
  public var isOneProgram: Bool {
    words.first?.allSatisfy { piece in
      if case .place = piece { return false }
      return true
    } ?? true
  }

  private init(words: [[Piece]], of other: ProgramTemplate) {
    self.words = words
    source = other.source
    highestPart = other.highestPart
    hasNumber = other.hasNumber
  }

  private static func pieces(_ word: String) -> [Piece] {
    var result: [Piece] = []
    var rest = word[...]
    var text: [UInt8] = []
    while let first = rest.first {
      if let literal = literal(rest) {
        text += Array(literal.utf8)
        rest = rest.dropFirst(literal.count + 2)
      } else if first == "{", let end = rest.firstIndex(of: "}"),
        let place = place(rest[rest.index(after: rest.startIndex)..<end])
      {
        if !text.isEmpty { result.append(.text(text)) }
        text = []
        result.append(.place(place))
        rest = rest[rest.index(after: end)...]
      } else {
        text += Array(String(first).utf8)
        rest = rest.dropFirst()
      }
    }
    if !text.isEmpty || result.isEmpty { result.append(.text(text)) }
    return result
  }

  /// What a place in a second pair of braces at the beginning means: `{}` where it is `{{}}`.
  private static func literal(_ text: Substring) -> Substring? {
    guard text.hasPrefix("{{"), let end = text.firstIndex(of: "}") else { return nil }
    let inner = text.dropFirst().prefix(through: end)
    let isClosed = text[end...].dropFirst().first == "}"
    return isClosed && place(inner.dropFirst().dropLast()) != nil ? inner : nil
  }

  /// What stands between braces, if it is a place: nothing, `.`, `2`, `2/.`.
  private static func place(_ text: Substring) -> Place? {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard let kind = Kind(rawValue: String(text.dropFirst(digits.count))) else { return nil }
    if digits.isEmpty { return Place(kind: kind, part: nil) }
    guard kind != .number, kind != .slot, let number = Int(digits), (1...1000).contains(number)
    else { return nil }
    return Place(kind: kind, part: number - 1)
  }

  /// Throws if inputs of so many parts leave a place empty.
  public func check(parts count: Int) throws {
    guard highestPart > count else { return }
    throw ErrorObject(
      .range, "there is no {\(highestPart)}: each input has \(count) part\(count == 1 ? "" : "s")",
      help: "further parts come from further sources: ::: A B ::: 1 2")
  }

  /// The words for one input: each stays one word, whatever is in it; only `{}` alone becomes one
  /// word for each part.
  ///
  /// - Parameters:
  ///   - index: of the input, from 0.
  ///   - slot: which of the programs that run at once it is, from 0.
  public func words(for input: TaskInput, index: Int, slot: Int) throws -> [[UInt8]] {
    try check(parts: input.parts.count)
    var result: [[UInt8]] = []
    result.reserveCapacity(words.count)
    for pieces in words {
      if isLone(pieces), input.parts.count > 1, case .place(let place) = pieces[0] {
        result += input.parts.map { ProgramTemplate.text(place.kind, $0) }
        continue
      }
      var word: [UInt8] = []
      for piece in pieces {
        switch piece {
        case .text(let text): word += text
        case .place(let place):
          switch place.kind {
          case .number: word += Array(String(index + 1).utf8)
          case .slot: word += Array(String(slot + 1).utf8)
          default:
            if let part = place.part {
              word += ProgramTemplate.text(place.kind, input.parts[part])
            } else if input.parts.count == 1 {
              word += ProgramTemplate.text(place.kind, input.parts[0])
            } else {
              let parts = input.parts.map { ProgramTemplate.text(place.kind, $0) }
              word += Array(parts.joined(separator: [0x20]))
            }
          }
        }
      }
      result.append(word)
    }
    return result
  }

  /// The words for one input, wherever it stands: places for numbers are left, marked by a null
  /// character, which no word can hold.
  public func content(for input: TaskInput) -> [[UInt8]] {
    let marked = words.map { pieces in
      pieces.map { piece -> Piece in
        guard case .place(let place) = piece, place.kind == .number || place.kind == .slot else {
          return piece
        }
        return .text([0] + Array("{\(place.kind.rawValue)}".utf8))
      }
    }
    let copy = ProgramTemplate(words: marked, of: self)
    return (try? copy.words(for: input, index: 0, slot: 0)) ?? source.map { Array($0.utf8) }
  }

  /// A first argument that is the same for all inputs and no option, as the file of a script.
  public var script: String? {
    guard words.count > 1, words[1].count == 1, case .text(let text)? = words[1].first,
      text.first != UInt8(ascii: "-")
    else { return nil }
    return String(validating: text, as: UTF8.self)
  }

  // MARK: Size

  /// How many bytes the words take at most without any input, `perWord` beside each word.
  func size(perWord: Int) -> Int {
    words.reduce(0) { sum, pieces in
      isLone(pieces)
        ? sum
        : pieces.reduce(sum + perWord) { sum, piece in
          switch piece {
          case .text(let text): sum + text.count
          case .place(let place): sum + (place.kind == .number || place.kind == .slot ? 20 : 0)
          }
        }
    }
  }

  /// How many bytes one more part of an input adds at most: to all words, and to the longest one
  /// that has other things in it, too.
  ///
  /// - Parameter index: of the part, from 0.
  func growth(of part: [UInt8], at index: Int, perWord: Int) -> (all: Int, word: Int) {
    // The directory of a name without one is a dot; a blank stands between parts.
    let most = max(part.count, 1) + 1
    var result = (all: 0, word: 0)
    for pieces in words {
      if isLone(pieces) {
        result.all += most + perWord
        continue
      }
      let count = pieces.count { piece in
        guard case .place(let place) = piece, place.kind != .number, place.kind != .slot else {
          return false
        }
        return place.part ?? index == index
      }
      result.all += count * most
      result.word = max(result.word, count * most)
    }
    return result
  }

  /// Whether a word is only a place for all parts, each of which becomes a word.
  private func isLone(_ pieces: [Piece]) -> Bool {
    guard pieces.count == 1, case .place(let place) = pieces[0] else { return false }
    return place.part == nil && place.kind != .number && place.kind != .slot
  }

  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  private static func text(_ kind: Kind, _ input: [UInt8]) -> [UInt8] {
    switch kind {
    case .withoutExtension: withoutExtension(input)
    case .base: base(input)
    case .directory: directory(input)
    case .baseWithoutExtension: withoutExtension(base(input))
    case .whole, .number, .slot: input
    }
  }

  private static func base(_ path: [UInt8]) -> [UInt8] {
    path.split(separator: slash).last.map(Array.init) ?? path
  }

  private static func directory(_ path: [UInt8]) -> [UInt8] {
    guard let last = path.lastIndex(of: slash) else { return [dot] }
    return last == 0 ? [slash] : Array(path[..<last])
  }

  /// A leading dot, as of `.profile`, begins no extension.
  private static func withoutExtension(_ path: [UInt8]) -> [UInt8] {
    guard let place = path.lastIndex(of: dot), place > 0, path[place - 1] != slash,
      !path[place...].contains(slash)
    else { return path }
    return Array(path[..<place])
  }
}
