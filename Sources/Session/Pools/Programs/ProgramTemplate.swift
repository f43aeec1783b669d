/// The words of a program with places for an input: `{}` and its relatives.
public struct ProgramTemplate {
  private enum Piece {
    case text(String)
    case place(Place)
  }

  /// What of an input stands in a place.
  private enum Place: String, CaseIterable {
    case whole = "{}"
    case withoutExtension = "{.}"
    case base = "{/}"
    case directory = "{//}"
    case baseWithoutExtension = "{/.}"
    case number = "{#}"
    case slot = "{%}"
  }

  private let words: [[Piece]]
  /// The words as they were given.
  public let source: [String]

  /// - Parameter words: the program and its arguments; without any place for it the input comes last.
  public init(_ words: [String]) {
    source = words
    var parsed = words.map(ProgramTemplate.pieces)
    let hasInput = parsed.joined().contains { piece in
      if case .place(let place) = piece { return place != .number && place != .slot }
      return false
    }
    if !hasInput { parsed.append([.place(.whole)]) }
    self.words = parsed
  }

  private static func pieces(_ word: String) -> [Piece] {
    var result: [Piece] = []
    var rest = word[...]
    var text = ""
    while let first = rest.first {
      let place = first == "{" ? Place.allCases.first { rest.hasPrefix($0.rawValue) } : nil
      if let place {
        if !text.isEmpty { result.append(.text(text)) }
        text = ""
        result.append(.place(place))
        rest = rest.dropFirst(place.rawValue.count)
      } else {
        text.append(first)
        rest = rest.dropFirst()
      }
    }
    if !text.isEmpty || result.isEmpty { result.append(.text(text)) }
    return result
  }

  /// The words for one input: each stays one word, whatever is in it.
  ///
  /// - Parameters:
  ///   - index: of the input, from 0.
  ///   - slot: which of the programs that run at once it is, from 0.
  public func words(for input: String, index: Int, slot: Int) -> [String] {
    words.map { pieces in
      pieces.map { piece in
        switch piece {
        case .text(let text): text
        case .place(let place): ProgramTemplate.text(place, input, index, slot)
        }
      }.joined()
    }
  }

  /// The words for one input, wherever it stands: places for numbers are left, marked by a null
  /// character, which no word can hold.
  public func content(for input: String) -> [String] {
    words.map { pieces in
      pieces.map { piece in
        switch piece {
        case .text(let text): text
        case .place(let place) where place == .number || place == .slot: "\0" + place.rawValue
        case .place(let place): ProgramTemplate.text(place, input, 0, 0)
        }
      }.joined()
    }
  }

  /// A first argument that is the same for all inputs and no option, as the file of a script.
  public var script: String? {
    guard words.count > 1, words[1].count == 1, case .text(let text)? = words[1].first,
      !text.hasPrefix("-")
    else { return nil }
    return text
  }

  private static func text(_ place: Place, _ input: String, _ index: Int, _ slot: Int) -> String {
    switch place {
    case .whole: input
    case .withoutExtension: withoutExtension(input)
    case .base: base(input)
    case .directory: directory(input)
    case .baseWithoutExtension: withoutExtension(base(input))
    case .number: String(index + 1)
    case .slot: String(slot + 1)
    }
  }

  private static func base(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func directory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A leading dot, as of `.profile`, begins no extension.
  private static func withoutExtension(_ path: String) -> String {
    guard let dot = path.lastIndex(of: "."), dot != path.startIndex,
      path[path.index(before: dot)] != "/", !path[dot...].contains("/")
    else { return path }
    return String(path[..<dot])
  }
}
