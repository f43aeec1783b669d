import Foundation
import TestSupport
import Testing

/// One test: a heading of a session file and the block below it.
struct Section: Sendable, CustomTestStringConvertible {
  var file: URL
  /// The line of the heading, counted from 1.
  var line: Int
  var title: String
  var settings = Settings()
  /// The block without its indentation, and where its first line stands.
  var block: [String] = []
  var blockLine = 0

  var testDescription: String { "\(file.lastPathComponent):\(line) \(title)" }

  /// Whether the block is typed at the prompt; otherwise it is a script.
  var isTyped: Bool { block.first.map(isPrompted) ?? false }
}

func isPrompted(_ line: String) -> Bool { line.hasPrefix("brood> ") || line == "brood>" }

/// What the `@` lines of a section and of the headings above it say.
struct Settings: Sendable {
  var arguments: [String] = []
  /// All arguments of the shell, instead of the script and its arguments.
  var run: [String]?
  var environment: [String: String] = [:]
  var files: [(name: String, text: String)] = []
  var input = ""
  var timeout = 20
  var isLong = false
  /// The section leaves processes behind on purpose.
  var detaches = false
  /// The fault that keeps the section from passing, until it is mended.
  var knownIssue: String?
}

/// A file of sessions: headings in Markdown's way, `@` lines, indented blocks, and prose between them.
struct SessionFile {
  let url: URL
  private var lines: [String]
  private(set) var sections: [Section] = []

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  static func all() -> [URL] {
    let directory = Program.sourceTree.appending(path: "Tests/Transcripts")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return names.filter { $0.hasSuffix(".session") }.sorted().map { directory.appending(path: $0) }
  }

  /// All, or those that BROOD_TEST_FILES names, as `queues,pools`.
  static func wanted() -> [URL] {
    guard let names = Program.transcripts else { return all() }
    return all().filter { names.contains($0.lastPathComponent.dropLast(8)) }
  }

  init(_ url: URL) throws {
    try self.init(url, text: String(contentsOf: url, encoding: .utf8))
  }

  init(_ url: URL, text: String) throws {
    self.url = url
    lines = text.components(separatedBy: "\n")
    try parse()
  }

  /// Put new blocks in the places of the sections' old ones, and write the file if that changed it.
  mutating func replaceBlocks(_ blocks: [(section: Section, lines: [String])]) throws {
    let old = lines
    for (section, block) in blocks.sorted(by: { $0.section.blockLine > $1.section.blockLine }) {
      let start = section.blockLine - 1
      lines.replaceSubrange(
        start..<start + section.block.count, with: block.map { $0.isEmpty ? "" : "    \($0)" })
    }
    if lines != old {
      try Data(lines.joined(separator: "\n").utf8).write(to: url)
    }
  }

  // MARK: Parsing

  private struct Heading {
    var level: Int
    var section: Section
  }

  private mutating func parse() throws {
    var path: [Heading] = []
    /// The `@file` or `@stdin` line that owns the next block.
    var owner: (name: String, value: String)?
    var number = 0

    func malformed(_ message: String) -> Malformed {
      Malformed(description: "\(url.path):\(number): \(message)")
    }
    func finish() throws {
      guard let last = path.last else { return }
      if !last.section.block.isEmpty {
        sections.append(last.section)
      } else if last.section.settings.run != nil {
        throw malformed("the section above has no block")
      }
    }

    while number < lines.count {
      let line = lines[number]
      number += 1
      if let level = line.firstIndex(where: { $0 != "#" }).map({
        line.distance(from: line.startIndex, to: $0)
      }), level > 0, line.dropFirst(level).first == " " {
        try finish()
        path.removeAll { $0.level >= level }
        let title = (path.last.map { "\($0.section.title) / " } ?? "") + line.dropFirst(level + 1)
        var section = Section(file: url, line: number, title: title)
        // A heading with a block of its own keeps its settings for itself.
        if let above = path.last?.section, above.block.isEmpty { section.settings = above.settings }
        path.append(Heading(level: level, section: section))
      } else if line.hasPrefix("@") {
        guard !path.isEmpty else { throw malformed("no heading above") }
        owner = try path[path.count - 1].section.settings.read(line.dropFirst(), malformed)
      } else if line.hasPrefix("    ") {
        guard !path.isEmpty else { throw malformed("no heading above") }
        let start = number
        let block = takeBlock(from: &number)
        if let (name, value) = owner {
          let text = block.map { $0 + "\n" }.joined()
          if name == "file" {
            path[path.count - 1].section.settings.files.append((value, text))
          } else {
            path[path.count - 1].section.settings.input = text
          }
          owner = nil
        } else if path[path.count - 1].section.block.isEmpty {
          path[path.count - 1].section.block = block
          path[path.count - 1].section.blockLine = start
        } else {
          throw malformed("a second block needs a heading of its own")
        }
      } else if !line.isEmpty, owner != nil {
        throw malformed("@file and @stdin are followed by an indented block")
      }
    }
    try finish()
  }

  /// The indented lines from the one before `number` on, with the blank lines between them.
  private func takeBlock(from number: inout Int) -> [String] {
    var end = number
    for index in number - 1..<lines.count {
      if lines[index].hasPrefix("    ") { end = index + 1 } else if !lines[index].isEmpty { break }
    }
    defer { number = end }
    return lines[number - 1..<end].map { String($0.dropFirst(4)) }
  }
}

extension Settings {
  /// Take one `@` line; yields its name and value if the next block belongs to it.
  fileprivate mutating func read(
    _ line: Substring, _ malformed: (String) -> SessionFile.Malformed
  ) throws -> (name: String, value: String)? {
    let parts = line.split(separator: " ", maxSplits: 1)
    let name = String(parts.first ?? "")
    let value = parts.count > 1 ? String(parts[1]) : ""
    switch name {
    case "args": arguments = try shellWords(value, malformed)
    case "run": run = try shellWords(value, malformed)
    case "env":
      let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else { throw malformed("@env NAME=VALUE") }
      environment[String(pair[0])] = String(pair[1])
    case "timeout":
      guard let seconds = Int(value) else { throw malformed("@timeout SECONDS") }
      timeout = seconds
    case "long": isLong = true
    case "detached": detaches = true
    case "known":
      guard !value.isEmpty else { throw malformed("@known ISSUE") }
      knownIssue = value
    case "file": return (name, value)
    case "stdin": return (name, value)
    case "script": break
    default: throw malformed("unknown directive @\(name)")
    }
    return nil
  }

  /// Split at blanks, but not within '…' and "…".
  private func shellWords(_ text: String, _ malformed: (String) -> SessionFile.Malformed) throws
    -> [String]
  {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in text {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if quote == nil, character == " " {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else { throw malformed("a quote is not closed") }
    return words + (word.map { [$0] } ?? [])
  }
}
