import Language

/// One idea on one screen: what `explain` shows.
public struct Topic {
  public let title: String
  /// The words that find it; the first is its own.
  public let names: [String]
  public let related: [String]
  /// Facts of the running session that end the page.
  public let facts: [String]
  public let blocks: [MarkdownBlock]
  /// Lines to try.
  public let trials: [String]

  public var name: String { names.first ?? "" }

  /// Reads a topic's file.
  ///
  /// - Throws: `syntax` where the file is none.
  public init(_ source: Source) throws(ErrorObject) {
    let file = try MarkdownFile(source, fields: ["names", "see", "facts"])
    title = file.title
    names = Topic.list(file.fields["names"])
    related = Topic.list(file.fields["see"])
    facts = Topic.list(file.fields["facts"])
    if names.isEmpty {
      throw source.fault(1, "a topic needs a line `names: WORD, WORD` below its title")
    }
    if let section = file.sections.first {
      throw source.fault(section.line, "a topic has one section, without headings of its own")
    }
    var blocks: [MarkdownBlock] = []
    var trials: [String] = []
    for block in file.introduction.blocks {
      if case .code(let fence) = block, fence.kind == "try" {
        trials += fence.lines.filter { !$0.isBlank }
      } else {
        blocks.append(block)
      }
    }
    self.blocks = blocks
    self.trials = trials
  }

  static func list(_ text: String?) -> [String] {
    (text ?? "").split { $0 == "," || $0 == "，" || $0 == "、" }.map(\.trimmed).filter { !$0.isEmpty }
  }
}
