import Testing

@testable import Session

/// Words with places for an input.
@Suite struct ProgramTemplateTests {
  private func words(_ words: [String], _ parts: String...) throws -> [String] {
    let input = TaskInput(parts.map { Array($0.utf8) })
    return try ProgramTemplate(words).words(for: input, index: 4, slot: 1)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    ("{{}}", "{}"), ("x{{}}y{}", "x{}ya"), ("{{}}{{}}", "{}{}"),
    ("{{.}} {{/}} {{2}}", "{.} {/} {2}"),
    ("{{{}}}", "{{}}"), ("{{x}}", "{{x}}"), ("{{}", "{a"), ("{}}", "a}"),
  ])
  func bracesInBracesAreLiteral(_ word: String, _ expected: String) throws {
    #expect(try words(["echo", word, "{}"], "a") == ["echo", expected, "a"])
  }

  @Test func onlyNumbersOfPlacesCount() {
    #expect(ProgramTemplate(["echo", "{#}"]).hasNumber)
    #expect(ProgramTemplate(["echo", "x{%}"]).hasNumber)
    #expect(!ProgramTemplate(["echo", "{{#}}", "{1}"]).hasNumber)
  }

  @Test func oneProgramForAllInputs() {
    #expect(ProgramTemplate(["echo", "{}"]).isOneProgram)
    #expect(!ProgramTemplate(["./{}"]).isOneProgram)
  }

  /// What the words take is never more than is reckoned for them.
  @Test func theSizeIsNotUnderrated() throws {
    let pieces = [
      "{}", "{.}", "{/}", "{//}", "{/.}", "{1}", "{2}", "{#}", "{%}", "x", "{{}}", "a b",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let template = ProgramTemplate(
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
          (0..<Int.random(in: 1...3, using: &random)).map { _ in
            pieces.randomElement(using: &random) ?? ""
          }.joined()
        })
      let parts = (0..<Int.random(in: 2...9, using: &random)).map { _ in
        Array(
          ["", "a", "/d/e.f", "name.txt", "x/y/z"].randomElement(using: &random)?.utf8 ?? "".utf8)
      }
      let words = try template.words(for: TaskInput(parts), index: 99, slot: 7)
      let taken = words.reduce(0) { $0 + $1.count + 9 }
      let reckoned = parts.enumerated().reduce(template.size(perWord: 9)) {
        $0 + template.growth(of: $1.element, at: $1.offset, perWord: 9).all
      }
      #expect(taken <= reckoned, "\(template.source)")
    }
  }
}
