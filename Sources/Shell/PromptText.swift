import Language

/// How the prompt looks: what stands before the first line of an entry, and before further ones.
struct PromptText {
  static let standard = "brood> "

  let first: String
  let continuation: String

  /// Makes the prompts of what the user configured; colours in it only if they are wanted.
  init(_ text: String, isColored: Bool) {
    let pieces = PromptText.pieces(text)
    let first = pieces.map { piece in
      switch piece {
      case .text(let text): text
      // Readline must know what takes no room.
      case .escape(let escape): isColored ? "\u{1}\(escape)\u{2}" : ""
      }
    }
    let plain = pieces.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    self.init(first: first.joined(), plain: plain, isColored: isColored)
  }

  /// Makes the built-in prompts, with a directory if there is one to show.
  ///
  /// - Parameter session: the session that it is attached to, if that is not its own.
  init(directory: String?, session: Int32? = nil, isColored: Bool) {
    let name =
      "brood" + (session.map { "[\($0)]" } ?? "") + (directory.map { " " + $0 } ?? "") + ">"
    self.init(
      first: PromptText.bold(name, isColored) + " ", plain: name + " ", isColored: isColored)
  }

  private init(first: String, plain: String, isColored: Bool) {
    self.first = first
    let last = plain.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    let dots = "...> "
    let space = String(repeating: " ", count: max(0, displayWidth(String(last)) - dots.count))
    continuation = space + PromptText.bold("...>", isColored) + " "
  }

  private static func bold(_ text: String, _ isColored: Bool) -> String {
    isColored ? "\u{1}\u{1B}[1m\u{2}\(text)\u{1}\u{1B}[0m\u{2}" : text
  }

  /// The end of a path that fits some columns, whole names if there are any.
  static func shortened(_ path: String, toWidth width: Int) -> String {
    if displayWidth(path) <= width { return path }
    var rest = path[...]
    while displayWidth(String(rest)) > width - 2, let slash = rest.dropFirst().firstIndex(of: "/") {
      rest = rest[slash...]
    }
    return displayWidth(String(rest)) <= width - 1
      ? "…" + rest : "…" + truncated(String(rest), toWidth: width - 1)
  }

  private enum Piece {
    case text(String)
    case escape(String)
  }

  /// Escape sequences apart from the text; other control characters are left out.
  private static func pieces(_ text: String) -> [Piece] {
    var result: [Piece] = []
    var run = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "\u{1B}", rest.first == "[" {
        let end = rest.dropFirst().firstIndex { (0x40...0x7E).contains($0.value) }
        let stop = end.map { rest.index(after: $0) } ?? rest.endIndex
        if !run.isEmpty { result.append(.text(run)) }
        run = ""
        result.append(.escape("\u{1B}" + String(rest[..<stop])))
        rest = rest[stop...]
      } else if scalar == "\n" || scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value) {
        run.unicodeScalars.append(scalar)
      }
    }
    if !run.isEmpty { result.append(.text(run)) }
    return result
  }
}
