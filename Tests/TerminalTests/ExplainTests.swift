import Foundation
import TestSupport
import Testing

/// Each page of `explain` fits on a terminal of 80 columns and 24 lines, its title and the prompt included.
@Suite struct ExplainTests {
  @Test(arguments: ["en", "zh"]) func pagesFitTheScreen(_ language: String) throws {
    let shell = try PromptShell(environment: ["LANG": language == "zh" ? "zh_CN.UTF-8" : "C.UTF-8"])
    for (name, title) in try Self.topics(language) {
      try shell.terminal.enter("explain \(name)")
      try shell.terminal.expect(language == "zh" ? "另见：" : "See also: ")
      try shell.terminal.expectLine("brood> ")
      let screen = shell.terminal.screen.text
      #expect(screen.contains(title.prefix(30)), "\(name):\n\(screen)")
      try shell.terminal.press(.control("L"))
      try shell.terminal.expectScreen("an empty screen") {
        $0.text == "brood> " || $0.text == "brood>"
      }
    }
  }

  /// On a narrow terminal no word is cut and no line but of code is wider.
  @Test(arguments: ["en", "zh"]) func pagesFitFortyColumns(_ language: String) throws {
    let zh = language == "zh"
    let shell = try PromptShell(
      environment: ["LANG": zh ? "zh_CN.UTF-8" : "C.UTF-8"], columns: 40, rows: 60)
    for (name, title) in try Self.topics(language) {
      try shell.terminal.enter("explain \(name)")
      try shell.terminal.expect(zh ? "另见：" : "See also: ")
      try shell.terminal.expectLine("brood> ")
      let screen = shell.terminal.screen.text
      #expect(screen.contains(title.prefix(zh ? 8 : 16)), "\(name):\n\(screen)")
      try shell.terminal.press(.control("L"))
      try shell.terminal.expectScreen("an empty screen") {
        $0.text == "brood> " || $0.text == "brood>"
      }
    }
  }

  /// Names and titles of all topics.
  private static func topics(_ language: String) throws -> [(name: String, title: String)] {
    let folder = Program.sourceTree.appending(path: "Sources/Texts/topics/\(language)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".md") }
      .map { file in
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        let title = text.split(separator: "\n").first.map { String($0.dropFirst(2)) } ?? ""
        return (String(file.dropLast(3)), title)
      }
  }
}
