import Language

/// The words of a program with places for an input: `{}` and its relatives.
///
/// `{{}}` is a literal `{}`. What stands in a place is in `ProgramPlace`.
public struct ProgramTemplate {
  enum Piece {
    case text([UInt8])
    case place(ProgramPlace)
  }

  let words: [[Piece]]
  /// How many parts an input needs for places as `{2}` and `{-2}`; 0 if there is none.
  public let neededParts: Int
  /// The words as they were given.
  public let source: [String]
  /// Whether the words depend on the number of the call: there is a place `{#}` or `{%}`.
  public let hasNumber: Bool
  /// A place that names no column, or one of two columns of the same name.
  public let unknownName: (name: String, isTwice: Bool)?

  /// - Parameters:
  ///   - words: the program and its arguments.
  ///   - literal: so many of them, from the first one on, have no places, whatever is in them.
  ///   - columns: the names of an input's parts.
  ///   - takesInput: without any place for it the input comes last.
  public init(
    _ words: [String], literal: Int = 0, columns: [String] = [], takesInput: Bool = true
  ) {
    source = words
    var unknown: (String, Bool)?
    var parsed = words.prefix(literal).map { [Piece.text(Array($0.utf8))] }
    parsed += words.dropFirst(literal).map { ProgramTemplate.pieces($0, columns, &unknown) }
    unknownName = unknown
    let places = parsed.joined().compactMap(\.place)
    if takesInput, !places.contains(where: { !$0.isNumber }) {
      parsed.append([.place(ProgramPlace(.whole, of: .each))])
    }
    neededParts = places.map(\.neededParts).max() ?? 0
    hasNumber = places.contains(where: \.isNumber)
    self.words = parsed
  }

  /// Whether all inputs mean the same program: there is no place in its name.
  public var isOneProgram: Bool { words.first?.allSatisfy { $0.place == nil } ?? true }

  /// Whether there is a place for an input, or a part of one.
  public var hasInputPlace: Bool {
    words.joined().contains { $0.place.map { !$0.isNumber } ?? false }
  }

  private init(words: [[Piece]], of other: ProgramTemplate) {
    self.words = words
    source = other.source
    neededParts = other.neededParts
    hasNumber = other.hasNumber
    unknownName = other.unknownName
  }

  private static func pieces(
    _ word: String, _ columns: [String], _ unknown: inout (String, Bool)?
  ) -> [Piece] {
    var result: [Piece] = []
    var rest = word[...]
    var text: [UInt8] = []
    while let first = rest.first {
      if let literal = literal(rest, columns) {
        text += Array(literal.utf8)
        rest = rest.dropFirst(literal.count + 2)
        continue
      }
      if first == "{", let end = rest.firstIndex(of: "}") {
        let inner = rest[rest.index(after: rest.startIndex)..<end]
        if let place = ProgramPlace(inner, columns) {
          if case .part(let part) = place.scope, ProgramPlace(inner, []) == nil,
            columns.count(where: { $0 == columns[part] }) > 1
          {
            unknown = unknown ?? (columns[part], true)
          }
          if !text.isEmpty { result.append(.text(text)) }
          text = []
          result.append(.place(place))
          rest = rest[rest.index(after: end)...]
          continue
        }
        if !columns.isEmpty, ProgramPlace.looksLikeName(inner) {
          unknown = unknown ?? (String(inner), false)
        }
      }
      text += Array(String(first).utf8)
      rest = rest.dropFirst()
    }
    if !text.isEmpty || result.isEmpty { result.append(.text(text)) }
    return result
  }

  /// The place that a text begins with, and with how many characters of it; and what of a text that
  /// begins with one in a second pair of braces is literal.
  static func beginning(
    of text: Substring, _ columns: [String]
  ) -> (place: ProgramPlace?, length: Int, literal: Substring?) {
    if let literal = literal(text, columns) { return (nil, 0, literal) }
    guard text.first == "{", let end = text.firstIndex(of: "}"),
      let place = ProgramPlace(text[text.index(after: text.startIndex)..<end], columns)
    else { return (nil, 0, nil) }
    return (place, text[...end].count, nil)
  }

  /// What a place in a second pair of braces at the beginning means: `{}` where it is `{{}}`.
  private static func literal(_ text: Substring, _ columns: [String]) -> Substring? {
    guard text.hasPrefix("{{"), let end = text.firstIndex(of: "}") else { return nil }
    let inner = text.dropFirst().prefix(through: end)
    guard text[end...].dropFirst().first == "}" else { return nil }
    let name = inner.dropFirst().dropLast()
    let isPlace = ProgramPlace(name, columns) != nil
    return isPlace || !columns.isEmpty && ProgramPlace.looksLikeName(name) ? inner : nil
  }

  /// Throws if inputs of so many parts leave a place empty.
  public func check(parts count: Int) throws {
    guard neededParts > count else { return }
    let place = words.joined().compactMap(\.place).first { $0.neededParts > count }
    throw ErrorObject(
      .range,
      "there is no {\(place?.text ?? "")}: each input has \(count) part\(count == 1 ? "" : "s")",
      help: "further parts come from further sources: ::: A B ::: 1 2; or from --colsep; of "
        + "--max-inputs the last call may have fewer", exitStatus: ErrorObject.inputStatus)
  }

  /// The words for one call: each stays one word, whatever is in it.
  ///
  /// A place for inputs that is a word of its own becomes a word for each part of each input; a word
  /// with `{}` beside other text one for each input.
  ///
  /// - Parameters:
  ///   - index: of the call, from 0.
  ///   - slot: which of the programs that run at once it is, from 0.
  public func words(for input: TaskInput, index: Int, slot: Int) throws -> [[UInt8]] {
    try check(parts: input.parts.count)
    var result: [[UInt8]] = []
    result.reserveCapacity(words.count)
    let inputs = input.inputs
    for pieces in words {
      if let place = ProgramTemplate.lone(pieces) {
        result += input.parts.map(place.text(of:))
      } else if inputs.count > 1, ProgramTemplate.isRepeated(pieces) {
        result += inputs.map { word(pieces, $0, input.parts, index, slot) }
      } else {
        result.append(word(pieces, input.parts[...], input.parts, index, slot))
      }
    }
    return result
  }

  private func word(
    _ pieces: [Piece], _ own: ArraySlice<[UInt8]>, _ parts: [[UInt8]], _ index: Int, _ slot: Int
  ) -> [UInt8] {
    var word: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .text(let text): word += text
      case .place(let place):
        switch place.scope {
        case .number: word += Array(String(index + 1).utf8)
        case .slot: word += Array(String(slot + 1).utf8)
        case .each: word += Array(own.map(place.text(of:)).joined(separator: [0x20]))
        case .all: word += Array(parts.map(place.text(of:)).joined(separator: [0x20]))
        case .part(let part): word += place.text(of: parts[part < 0 ? parts.count + part : part])
        }
      }
    }
    return word
  }

  /// The words for one input, wherever it stands: places for numbers are left, marked by a null
  /// character, which no word can hold.
  public func content(for input: TaskInput) -> [[UInt8]] {
    let marked = words.map { pieces in
      pieces.map { piece -> Piece in
        guard let place = piece.place, place.isNumber else { return piece }
        return .text([0] + Array("{\(place.text)}".utf8))
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

  /// The place that is all of a word and stands for all parts, each of which becomes a word.
  static func lone(_ pieces: [Piece]) -> ProgramPlace? {
    guard pieces.count == 1, let place = pieces[0].place else { return nil }
    return place.scope == .each || place.scope == .all ? place : nil
  }

  /// Whether several inputs of a call make a word each: there is `{}` or its like beside other text,
  /// and nothing that stands for certain ones or all of them.
  static func isRepeated(_ pieces: [Piece]) -> Bool {
    lone(pieces) == nil && pieces.contains { $0.place?.scope == .each }
      && !pieces.contains { $0.isPart || $0.place?.scope == .all }
  }

  /// Whether there is a place for a certain part, as `{1}`.
  public var hasPart: Bool { words.joined().contains(where: \.isPart) }
}

extension ProgramTemplate.Piece {
  var place: ProgramPlace? {
    if case .place(let place) = self { return place }
    return nil
  }

  fileprivate var isPart: Bool {
    if case .part? = place?.scope { return true }
    return false
  }
}
