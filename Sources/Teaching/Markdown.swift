import Language

/// A piece of a text for learning, as Markdown has it.
public enum MarkdownBlock: Equatable, Sendable {
  case paragraph(String)
  /// An item of a list, with what stands before it: `- ` or `1. `.
  case item(marker: String, String)
  /// Rows of cells; the first is the head.
  case table([[String]])
  case code(Fence)
}

/// A fenced block: the words behind its three backticks, and its lines.
public struct Fence: Equatable, Sendable {
  public var kind: String
  /// The words behind the kind.
  public var words: [String]
  public var lines: [String]
  /// The line of the file that its first line is (from 1).
  public var line: Int

  public var text: String { lines.joined(separator: "\n") }
}

/// A Markdown file taken apart: title, fields, and sections.
public struct MarkdownFile {
  /// What stands below a heading of the second level, or above the first of them.
  public struct Section {
    public var title: String
    public var line: Int
    public var blocks: [MarkdownBlock] = []
  }

  public let source: Source
  public private(set) var title = ""
  /// The lines `word: text` right below the title, by their words.
  public private(set) var fields: [String: String] = [:]
  public private(set) var introduction = Section(title: "", line: 1)
  public private(set) var sections: [Section] = []

  /// Reads a file; O(n).
  ///
  /// - Parameter fields: the words that fields may have.
  /// - Throws: `syntax` for a file without a title, an unknown field, or a fence that never ends.
  public init(_ source: Source, fields known: Set<String>) throws(ErrorObject) {
    self.source = source
    let text = String(decoding: source.bytes, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.last == "\r" ? String(line.dropLast()) : String(line)
    }
    var reader = BlockReader(lines)
    guard let first = lines.firstIndex(where: { !$0.isBlank }), lines[first].hasPrefix("# ") else {
      throw source.fault(1, "the first line must be a title: # TITLE")
    }
    title = lines[first].dropFirst(2).trimmed
    reader.at = first + 1
    while reader.at < lines.count {
      let line = lines[reader.at]
      if line.isBlank {
        reader.at += 1
        continue
      }
      guard let colon = line.firstIndex(of: ":"), known.contains(String(line[..<colon])) else {
        break
      }
      fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmed
      reader.at += 1
    }
    introduction.line = reader.at + 1
    while reader.at < lines.count {
      let line = lines[reader.at]
      if line.hasPrefix("## ") {
        sections.append(Section(title: line.dropFirst(3).trimmed, line: reader.at + 1))
        reader.at += 1
        continue
      }
      do {
        guard let block = try reader.next() else { continue }
        if sections.isEmpty {
          introduction.blocks.append(block)
        } else {
          sections[sections.count - 1].blocks.append(block)
        }
      } catch {
        throw source.fault(error.line, "this fence is never closed", help: "end it with ```")
      }
    }
  }
}

/// Reads one block after another.
private struct BlockReader {
  struct Unclosed: Error { let line: Int }

  let lines: [String]
  var at = 0

  init(_ lines: [String]) { self.lines = lines }

  /// The block that begins here; nil for a blank line.
  mutating func next() throws(Unclosed) -> MarkdownBlock? {
    let line = lines[at]
    if line.isBlank {
      at += 1
      return nil
    }
    if line.hasPrefix("```") { return .code(try fence()) }
    if line.hasPrefix("|") { return .table(table()) }
    if let marker = line.listMarker {
      at += 1
      return .item(marker: marker, join(String(line.dropFirst(marker.count))))
    }
    at += 1
    return .paragraph(join(line))
  }

  /// A text and the lines that go on with it.
  private mutating func join(_ first: String) -> String {
    var text = first.trimmed
    while at < lines.count {
      let line = lines[at]
      if line.isBlank || line.hasPrefix("```") || line.hasPrefix("|") || line.hasPrefix("#")
        || line.listMarker != nil
      {
        break
      }
      let more = line.trimmed
      // Between two Chinese characters a line's end is no blank.
      let isWide =
        text.last.map { displayWidth(String($0)) == 2 } ?? false
        && more.first.map { displayWidth(String($0)) == 2 } ?? false
      text += (isWide ? "" : " ") + more
      at += 1
    }
    return text
  }

  private mutating func fence() throws(Unclosed) -> Fence {
    let start = at
    let words = lines[at].dropFirst(3).split(separator: " ").map(String.init)
    var content: [String] = []
    at += 1
    while at < lines.count, lines[at].trimmed != "```" {
      content.append(lines[at])
      at += 1
    }
    if at == lines.count { throw Unclosed(line: start + 1) }
    at += 1
    return Fence(
      kind: words.first ?? "text", words: Array(words.dropFirst()), lines: content,
      line: start + 2)
  }

  private mutating func table() -> [[String]] {
    var rows: [[String]] = []
    while at < lines.count, lines[at].hasPrefix("|") {
      var line = Substring(lines[at].trimmed).dropFirst()
      if line.last == "|" { line = line.dropLast() }
      at += 1
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(\.trimmed)
      // The line of dashes below the head.
      if cells.allSatisfy({ !$0.isEmpty && $0.allSatisfy { "-: ".contains($0) } }) { continue }
      rows.append(cells)
    }
    return rows
  }
}

extension StringProtocol {
  var isBlank: Bool { allSatisfy { $0 == " " || $0 == "\t" } }

  public var trimmed: String {
    var rest = self[startIndex..<endIndex]
    while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }

  /// `- ` or `1. ` at the beginning; nil without.
  var listMarker: String? {
    if hasPrefix("- ") { return "- " }
    let digits = prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty, digits.count < 3, self[digits.endIndex...].hasPrefix(". ") else {
      return nil
    }
    return digits + ". "
  }
}

extension Source {
  /// An error about a line of a file of texts.
  func fault(_ line: Int, _ message: String, help: String? = nil) -> ErrorObject {
    let start = bytes.enumerated().lazy.filter { $0.element == 0x0A }.map { $0.offset + 1 }
    let offset = line <= 1 ? 0 : start.dropFirst(line - 2).first ?? bytes.count
    let end = bytes[offset...].firstIndex(of: 0x0A) ?? bytes.count
    return ErrorObject(
      .syntax, message, help: help, location: Location(self, Span(offset, end)))
  }
}
