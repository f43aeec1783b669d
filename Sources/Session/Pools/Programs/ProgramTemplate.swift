import Language

/// The words of a program with places for an input: `{}` and its relatives.
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

  /// - Parameter words: the program and its arguments; without any place for it the input comes last.
  public init(_ words: [String]) {
    var parsed = words.map(ProgramTemplate.pieces)
    let places = parsed.joined().compactMap { piece -> Place? in
      if case .place(let place) = piece { return place }
      return nil
    }
    if !places.contains(where: { $0.kind != .number && $0.kind != .slot }) {
      parsed.append([.place(Place(kind: .whole, part: nil))])
    }
    highestPart = places.compactMap(\.part).max().map { $0 + 1 } ?? 0
    self.words = parsed
  }

  private static func pieces(_ word: String) -> [Piece] {
    var result: [Piece] = []
    var rest = word[...]
    var text: [UInt8] = []
    while let first = rest.first {
      if first == "{", let end = rest.firstIndex(of: "}"),
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

  /// What stands between braces, if it is a place: nothing, `.`, `2`, `2/.`.
  private static func place(_ text: Substring) -> Place? {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard let kind = Kind(rawValue: String(text.dropFirst(digits.count))) else { return nil }
    if digits.isEmpty { return Place(kind: kind, part: nil) }
    guard kind != .number, kind != .slot, let number = Int(digits), (1...1000).contains(number)
    else { return nil }
    return Place(kind: kind, part: number - 1)
  }

  /// The words for one input: each stays one word, whatever is in it; only `{}` alone becomes one
  /// word for each part.
  ///
  /// - Parameters:
  ///   - index: of the input, from 0.
  ///   - slot: which of the programs that run at once it is, from 0.
  public func words(for input: TaskInput, index: Int, slot: Int) throws -> [[UInt8]] {
    if highestPart > input.parts.count {
      let count = input.parts.count
      throw ErrorObject(
        .range,
        "there is no {\(highestPart)}: each input has \(count) part\(count == 1 ? "" : "s")",
        help: "further parts come from further sources: ::: A B ::: 1 2")
    }
    var result: [[UInt8]] = []
    result.reserveCapacity(words.count)
    for pieces in words {
      if pieces.count == 1, case .place(let place) = pieces[0], place.part == nil,
        input.parts.count > 1, place.kind != .number, place.kind != .slot
      {
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
