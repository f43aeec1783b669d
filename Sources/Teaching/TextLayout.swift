import Language

/// Lays Markdown out in the columns of a terminal, with wide characters as two columns.
public struct TextLayout {
  /// Lines have at most so many columns, but for pictures, and code of other languages.
  public var width: Int
  /// Whether code and emphasis have colours rather than signs.
  public var isColored: Bool

  public init(width: Int, isColored: Bool = false) {
    self.width = max(20, width)
    self.isColored = isColored
  }

  /// The text of blocks, a blank line between two of them; ends in a newline unless it is empty.
  public func text(_ blocks: [MarkdownBlock]) -> String {
    var out = ""
    var wasItem = false
    for block in blocks {
      var isItem = false
      if case .item = block { isItem = true }
      if !out.isEmpty, !(wasItem && isItem) { out += "\n" }
      out += text(block)
      wasItem = isItem
    }
    return out
  }

  /// A heading.
  public func title(_ text: String) -> String {
    let lines = lines(text, indent: 0, hanging: 0)
    if isColored { return lines.map { "\u{1B}[1m\($0)\u{1B}[0m\n" }.joined() }
    let widest = lines.reduce(0) { max($0, displayWidth($1)) }
    return (lines + [String(repeating: "=", count: widest)]).map { $0 + "\n" }.joined()
  }

  /// A paragraph, wrapped.
  public func paragraph(_ text: String, indent: Int = 0, hanging: Int = 0) -> String {
    lines(text, indent: indent, hanging: hanging).map { $0 + "\n" }.joined()
  }

  private func text(_ block: MarkdownBlock) -> String {
    switch block {
    case .paragraph(let text):
      guard let line = TextLayout.soleCode(text) else { return paragraph(text) }
      return typed([line])
    case .item(let marker, let text):
      var lines = lines(text, indent: marker.count, hanging: 0)
      if let first = lines.first { lines[0] = marker + first.dropFirst(marker.count) }
      return lines.map { $0 + "\n" }.joined()
    case .table(let rows): return table(rows)
    case .code(let fence):
      if fence.kind == "brood" { return typed(fence.lines) }
      return fence.lines.map { line in
        line.isEmpty ? "\n" : "  " + paint(line, fence.kind == "text" ? nil : "36") + "\n"
      }.joined()
    }
  }

  /// What is to be typed: it stands apart, and is broken so that it can be copied, too.
  ///
  /// - Parameter prompt: what stands before the first line.
  public func typed(_ lines: [String], prompt: String = "  ") -> String {
    let margin = String(repeating: " ", count: displayWidth(prompt))
    return TypedText.wrapped(lines, width: width - margin.count).enumerated().map { number, line in
      line.isEmpty ? "\n" : (number == 0 ? prompt : margin) + paint(line, "36") + "\n"
    }.joined()
  }

  /// The code that a paragraph consists of; nil if there is anything else in it.
  static func soleCode(_ text: String) -> String? {
    guard text.count > 2, text.first == "`", text.last == "`" else { return nil }
    let inner = text.dropFirst().dropLast()
    return inner.contains("`") || inner.contains("\n") ? nil : String(inner)
  }

  private func table(_ rows: [[String]]) -> String {
    let cells = rows.map { $0.map { plain($0) } }
    let columns = cells.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      cells.reduce(0) { max($0, column < $1.count ? displayWidth($1[column]) : 0) }
    }
    // Where the columns have no room each row is a list.
    if widths.reduce(0, +) + 2 * max(0, columns - 1) > width, let head = cells.first {
      return cells.dropFirst().map { row in
        row.enumerated().map { at, cell in
          let label = at > 0 && at < head.count && !head[at].isEmpty ? "\(head[at]): " : ""
          return paragraph(label + cell, indent: at > 0 ? 2 : 0, hanging: 2)
        }.joined()
      }.joined()
    }
    return cells.enumerated().map { number, row in
      var line = ""
      for (at, cell) in row.enumerated() {
        line += cell
        if at + 1 < row.count {
          line += String(repeating: " ", count: widths[at] - displayWidth(cell) + 2)
        }
      }
      return paint(line, number == 0 ? "1" : nil) + "\n"
    }.joined()
  }

  private func paint(_ text: String, _ code: String?) -> String {
    guard isColored, let code else { return text }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  /// Without the signs of emphasis.
  private func plain(_ text: String) -> String {
    Inline.pieces(text, keepsTicks: !isColored).map { ($0.hasBlank ? " " : "") + $0.text }.joined()
  }

  // MARK: Wrapping

  private func lines(_ text: String, indent: Int, hanging: Int) -> [String] {
    var lines: [String] = []
    var line = Line(isColored: isColored)
    func margin() -> Int { indent + (lines.isEmpty ? 0 : hanging) }
    line.start(margin())
    for chunk in Inline.chunks(Inline.pieces(text, keepsTicks: !isColored, whole: width / 2)) {
      let size = chunk.reduce(0) { $0 + $1.width } + chunk.dropFirst().count { $0.hasBlank }
      let blank = line.isEmpty || !(chunk.first?.hasBlank ?? false) ? 0 : 1
      if !line.isEmpty, line.width + blank + size > width {
        lines.append(line.text)
        line = Line(isColored: isColored)
        line.start(margin())
      }
      for (at, piece) in chunk.enumerated() {
        // A word that has no room on any line is cut.
        var rest = piece
        while line.width + rest.width > width, line.width + size > width, rest.text.count > 1 {
          let head = rest.take(columns: max(1, width - line.width))
          line.add(head, withBlank: false)
          lines.append(line.text)
          line = Line(isColored: isColored)
          line.start(margin())
        }
        line.add(rest, withBlank: (at > 0 || blank == 1) && piece.hasBlank && !line.isEmpty)
      }
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line.text) }
    return lines
  }

  /// A line being filled.
  private struct Line {
    let isColored: Bool
    var out = ""
    var width = 0
    var isEmpty = true
    var style = Inline.Style.plain

    init(isColored: Bool) { self.isColored = isColored }

    var text: String { style == .plain || !isColored ? out : out + "\u{1B}[0m" }

    mutating func start(_ margin: Int) {
      out = String(repeating: " ", count: margin)
      width = margin
    }

    mutating func add(_ piece: Inline.Piece, withBlank: Bool) {
      if withBlank {
        // The blank in front of a word has the look of both.
        if isColored, style != .plain, piece.style != style {
          out += "\u{1B}[0m"
          style = .plain
        }
        out += " "
        width += 1
      }
      if isColored, piece.style != style {
        if style != .plain { out += "\u{1B}[0m" }
        if piece.style != .plain { out += piece.style == .code ? "\u{1B}[36m" : "\u{1B}[1m" }
        style = piece.style
      }
      out += piece.text
      width += piece.width
      isEmpty = false
    }
  }
}

/// Words and characters of a paragraph, between which lines can be broken.
enum Inline {
  enum Style { case plain, code, strong, emphasis }

  struct Piece {
    var text: String
    var width: Int
    let style: Style
    /// A blank stands before it.
    let hasBlank: Bool
    /// A line can begin with it.
    let canBegin: Bool

    /// Cuts the first characters off.
    mutating func take(columns: Int) -> Piece {
      var used = 0
      let head = text.prefix { character in
        used += displayWidth(String(character))
        return used <= columns
      }
      let cut = head.isEmpty ? text.prefix(1) : head
      let piece = Piece(
        text: String(cut), width: displayWidth(String(cut)), style: style, hasBlank: hasBlank,
        canBegin: canBegin)
      text = String(text.dropFirst(cut.count))
      width = displayWidth(text)
      return piece
    }
  }

  /// No line begins with these (the rules of Chinese and of English), and none ends with those.
  private static let noBegin: Set<Character> = [
    "，", "。", "、", "；", "：", "？", "！", "）", "」", "』", "》", "〉", "】", "”", "’", "…", ",", ".", ";",
    ":", "?", "!", ")", "]", "}", "%",
  ]
  private static let noEnd: Set<Character> = [
    "（", "「", "『", "《", "〈", "【", "“", "‘", "(", "[", "{",
  ]

  /// - Parameters:
  ///   - keepsTicks: whether code keeps its backticks.
  ///   - whole: code of at most so many columns stays on one line, so that it can be copied.
  static func pieces(_ text: String, keepsTicks: Bool, whole: Int = 0) -> [Piece] {
    var result: [Piece] = []
    var style = Style.plain
    var word = ""
    var hasBlank = false
    var last: Character?
    var staysWhole = false
    /// The first word of the code that is read is among the pieces.
    var hasFirst = false
    func flush() {
      guard let first = word.first else { return }
      let canBegin =
        !(staysWhole && style == .code && hasFirst)
        && (hasBlank || result.isEmpty
          || (last.map { isWide($0) || isWide(first) } ?? true) && !noBegin.contains(first)
            && !(last.map { noEnd.contains($0) } ?? false))
      hasFirst = style == .code
      result.append(
        Piece(
          text: word, width: displayWidth(word), style: style, hasBlank: hasBlank,
          canBegin: canBegin))
      last = word.last
      word = ""
      hasBlank = false
    }
    var rest = Substring(text)
    while let character = rest.first {
      rest = rest.dropFirst()
      if character == "`" {
        if keepsTicks {
          // The sign belongs to what it stands at: at the end to the word before.
          word.append(character)
          if style == .code { flush() }
        } else {
          flush()
        }
        style = style == .code ? .plain : .code
        hasFirst = false
        staysWhole = displayWidth(String(rest.prefix { $0 != "`" })) <= whole
      } else if character == "*", rest.first == "*", style != .code {
        flush()
        rest = rest.dropFirst()
        style = style == .strong ? .plain : .strong
      } else if character == "*", style == .emphasis || style == .plain && begins(rest) {
        flush()
        style = style == .emphasis ? .plain : .emphasis
      } else if character == " " || character == "\t" || character == "\n" {
        flush()
        hasBlank = !result.isEmpty
      } else if isWide(character) {
        if word != "`" || !keepsTicks { flush() }
        word.append(character)
        flush()
      } else {
        word.append(character)
      }
    }
    flush()
    return result
  }

  /// Whether a star before this begins an emphasis: a word follows, and another star ends it.
  private static func begins(_ rest: Substring) -> Bool {
    guard let next = rest.first, next != " ", next != "*" else { return false }
    return rest.dropFirst().contains("*")
  }

  /// Pieces that stay on one line.
  static func chunks(_ pieces: [Piece]) -> [[Piece]] {
    var result: [[Piece]] = []
    for piece in pieces {
      if piece.canBegin || result.isEmpty {
        result.append([piece])
      } else {
        result[result.count - 1].append(piece)
      }
    }
    return result
  }

  private static func isWide(_ character: Character) -> Bool {
    displayWidth(String(character)) == 2
  }
}
