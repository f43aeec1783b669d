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
      "{}", "{.}", "{/}", "{//}", "{/.}", "{1}", "{2}", "{#}", "{%}", "x", "{{}}", "a b", "{+}",
      "{-1}", "{-2/}",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let template = ProgramTemplate(
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
          (0..<Int.random(in: 1...3, using: &random)).map { _ in
            pieces.randomElement(using: &random) ?? ""
          }.joined()
        })
      let inputs = (0..<Int.random(in: 2...9, using: &random)).map { _ in
        TaskInput(
          (0..<Int.random(in: 1...2, using: &random)).map { _ in
            Array(
              ["", "a", "/d/e.f", "name.txt", "x/y/z"].randomElement(using: &random)?.utf8
                ?? "".utf8)
          })
      }
      let words = try template.words(for: TaskInput(joining: inputs), index: 99, slot: 7)
      let taken = words.reduce(0) { $0 + $1.count + 9 }
      var size = template.baseSize
      var parts = 0
      for input in inputs {
        size += template.growth(of: input, at: parts)
        parts += input.parts.count
      }
      let reckoned = size.all(perWord: 9)
      #expect(taken <= reckoned, "\(template.source)")
    }
  }

  @Test func partsFromTheEndAndAllOfThem() throws {
    #expect(
      try words(["c", "{-1}", "{-2.}", "x{+}", "{+}"], "a", "b.c", "d")
        == ["c", "d", "b", "xa b.c d", "a", "b.c", "d"])
    #expect(try words(["{-0}{-}{0}{+1}{--1}"], "a") == ["{-0}{-}{0}{+1}{--1}", "a"])
    #expect(throws: (any Error).self) { try words(["{-2}"], "a") }
  }

  @Test func columnsHaveNames() throws {
    let columns = ["name", "path", "2", "a b", "name"]
    func words(_ word: String) throws -> String {
      let template = ProgramTemplate(["c", word], columns: columns)
      let input = TaskInput(["N", "d/p.x", "two", "AB", "M"].map { Array($0.utf8) })
      return String(
        decoding: try template.words(for: input, index: 0, slot: 0)[1], as: UTF8.self)
    }
    #expect(try words("{path} {path.} {path/} {path//} {path/.}") == "d/p.x d/p p.x d p")
    #expect(try words("{2}{a b}{{path}}{{x}}") == "d/p.xAB{path}{x}")
    #expect(ProgramTemplate(["{nme}"], columns: columns).unknownName?.name == "nme")
    #expect(ProgramTemplate(["{name}"], columns: columns).unknownName?.isTwice == true)
    #expect(ProgramTemplate(["{print $1}{path}{#}"], columns: columns).unknownName == nil)
    #expect(ProgramTemplate(["{nme}"]).unknownName == nil)
  }

  @Test func aWordIsRepeatedForEachInputOfACall() throws {
    func words(_ words: String...) throws -> [String] {
      let input = TaskInput(joining: [TaskInput("a.x"), TaskInput("b.y"), TaskInput("c")])
      return try ProgramTemplate(words).words(for: input, index: 0, slot: 0)
        .map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(
      try words("c", "-f{}", "{.}", "{#}") == ["c", "-fa.x", "-fb.y", "-fc", "a", "b", "c", "1"])
    #expect(try words("c", "-f{+}") == ["c", "-fa.x b.y c"])
    #expect(try words("c", "{1}:{}", "{2}") == ["c", "a.x:a.x b.y c", "b.y"])
  }
}
