import Language

/// Lines of Brood that are shown to be typed, broken so that what is typed or copied means the same.
///
/// A line is broken at a blank outside of strings: in a block behind `{` and `;`, in parentheses and
/// lists anywhere, behind `|` and the like, and elsewhere with a backslash. So each line but the last
/// leaves the entry incomplete, and the prompt reads on.
enum TypedText {
  /// Breaks lines where they are wider than `width`; a string that has no room stays whole.
  static func wrapped(_ lines: [String], width: Int) -> [String] {
    let text = lines.joined(separator: "\n")
    if lines.allSatisfy({ displayWidth($0) <= width }) { return lines }
    var out: [String] = []
    var line = ""
    var margin = ""
    /// The last place of this line where a break reads well: how much stands before it.
    var good: (count: Int, kind: Break)?
    func end() {
      out.append(line)
      line = ""
      good = nil
    }
    func begin(with rest: some StringProtocol) {
      line = margin + "  " + String(rest)
      good = nil
    }
    /// Breaks the line at its good place; false if it has none.
    func breakWell() -> Bool {
      guard let place = good, place.count * 4 >= width else { return false }
      let rest = line.dropFirst(place.count + 1)
      out.append(String(line.prefix(place.count)) + (place.kind == .plain ? "" : " \\"))
      begin(with: rest)
      return true
    }
    for piece in pieces(text) {
      let needed = displayWidth(piece.text)
      switch piece.before {
      case .start: break
      case .newline:
        end()
        margin = String(piece.text.prefix { $0 == " " })
      case .comment:
        if displayWidth(line) + 1 + needed <= width {
          line += " "
        } else {
          while line.last == " " { line.removeLast() }
          end()
          begin(with: "")
        }
      case .plain, .semicolon, .backslash:
        // No line should begin with a lone brace, or end within a command, if others do.
        let isWeak = piece.before == .backslash || piece.text.first == "}"
        // What follows decides whether a break behind it would need a backslash, too.
        let room = width - needed - 1 - (piece.after.needsBackslash ? 2 : 0)
        while displayWidth(line) > room {
          if isWeak, breakWell() { continue }
          if piece.before.needsBackslash { line += " \\" }
          end()
          begin(with: "")
          break
        }
        if line.allSatisfy({ $0 == " " }) { break }
        if !isWeak { good = (line.count, piece.before) }
        line += " "
      }
      line += piece.text
    }
    end()
    return out
  }

  enum Break {
    case start
    /// A line of the text itself ends here.
    case newline
    /// What follows is a comment: it can have a line of its own.
    case comment
    /// The line can end here as it is.
    case plain
    /// The line can end here with a backslash, and reads well: a statement ends.
    case semicolon
    /// The line can end here with a backslash.
    case backslash

    var needsBackslash: Bool { self == .semicolon || self == .backslash }
  }

  struct Piece {
    var text = ""
    var before = Break.start
    var after = Break.newline
  }

  /// The words between the blanks, with what may be done there; O(n).
  static func pieces(_ text: String) -> [Piece] {
    var scanner = TypedScanner(Array(text))
    return scanner.pieces()
  }
}

/// Goes through lines of Brood, and knows strings, comments, parameters and brackets.
private struct TypedScanner {
  private let characters: [Character]
  private var at = 0
  private var brackets: [Character] = []
  private var result: [TypedText.Piece] = []
  private var piece = TypedText.Piece()

  init(_ characters: [Character]) { self.characters = characters }

  private var next: Character? { at < characters.count ? characters[at] : nil }

  private mutating func take() {
    guard let character = next else { return }
    piece.text.append(character)
    at += 1
  }

  mutating func pieces() -> [TypedText.Piece] {
    while let character = next {
      switch character {
      case "\n":
        at += 1
        finish(.newline)
        takeBlanks()
      case " ":
        at += 1
        takeGap()
      case "#" where piece.text.isEmpty && !result.isEmpty: takeComment()
      case "\"", "'": takeString(character)
      case "\\":
        take()
        take()
      case "{", "(", "[":
        brackets.append(character)
        take()
      case "}", ")", "]":
        _ = brackets.popLast()
        take()
      default: take()
      }
    }
    finish(.newline)
    return result
  }

  private mutating func finish(_ kind: TypedText.Break) {
    piece.after = kind
    result.append(piece)
    piece = TypedText.Piece()
    piece.before = kind
  }

  private mutating func takeBlanks() { while next == " " { take() } }

  /// A blank between two words.
  private mutating func takeGap() {
    guard let following = next, following != " ", following != "\n", !piece.text.isEmpty else {
      piece.text.append(" ")
      return
    }
    // The parameters of a block stay with its beginning.
    if following == "|", piece.text.hasSuffix("{") {
      piece.text.append(" ")
      return takeParameters()
    }
    finish(kindOfGap(before: following, behind: piece.text))
  }

  private func kindOfGap(before following: Character, behind word: String) -> TypedText.Break {
    if following == "#" { return .comment }
    switch brackets.last {
    case "(", "[": return .plain
    case "{":
      if word.hasSuffix("{") || word.hasSuffix(";") || following == "}" || isParameters(word) {
        return .plain
      }
    default: break
    }
    if ["|", "|>", "&&", "||"].contains(word) { return .plain }
    return word.hasSuffix(";") ? .semicolon : .backslash
  }

  /// Whether a piece ends in the parameters of a block: `{ |a, b|`.
  private func isParameters(_ word: String) -> Bool {
    word.last == "|" && word.contains("{ |")
  }

  private mutating func takeParameters() {
    take()
    while let character = next, character != "\n" {
      take()
      if character == "|" { return }
    }
  }

  private mutating func takeComment() { while let character = next, character != "\n" { take() } }

  /// A string with all that stands in it, also over several lines.
  private mutating func takeString(_ quote: Character) {
    take()
    while let character = next {
      if character == "\\", quote == "\"" {
        take()
        take()
      } else if character == "$", quote == "\"", at + 1 < characters.count,
        characters[at + 1] == "{"
      {
        take()
        takeInterpolation()
      } else {
        take()
        if character == quote { return }
      }
    }
  }

  /// `{ … }` behind the `$` of a string.
  private mutating func takeInterpolation() {
    take()
    var depth = 1
    while depth > 0, let character = next {
      switch character {
      case "\"", "'": takeString(character)
      case "{":
        depth += 1
        take()
      case "}":
        depth -= 1
        take()
      default: take()
      }
    }
  }
}
