import Language
import Testing

@testable import Teaching

@Suite struct LessonReaderTests {
  private static let text = """
    # Zombies
    topics: zombie, wait
    outcomes: many

    Introduction.

    ## One

    Prose.

    ```setup
    fork --name kid { exit 42 }
    ```
    ```predict state
    What is shown?
    - nothing
    - Z
    answer: 2
    why 1: M7
    ```
    ```goal
    seen { (state kid) == "}" }
    then { len (lesson events wait kid) > 0 }
    ```
    ```hint
    First.
    ```
    ```wrong
    kill -9 kid
    when { true }
    ---
    A hint.
    ```
    ```solution
    wait kid
    ```

    ## Two

    ```setup more
    let a = 1
    ```
    """

  private func lesson(_ text: String, isTranslation: Bool = false) throws -> Lesson {
    try Lesson(Source(name: "l.md", text: text), isTranslation: isTranslation)
  }

  @Test func allPartsAreRead() throws {
    let lesson = try lesson(Self.text)
    #expect(lesson.topics == ["zombie", "wait"])
    #expect(lesson.hasManyOutcomes && !lesson.isReal)
    #expect(lesson.steps.map(\.title) == ["One", "Two"])
    let step = lesson.steps[0]
    #expect(step.setup == LessonCode(text: "fork --name kid { exit 42 }", line: 12))
    #expect(!step.keepsWorld && lesson.steps[1].keepsWorld)
    #expect(step.prediction?.options == ["nothing", "Z"])
    #expect(step.prediction?.answers == ["2"])
    #expect(step.prediction?.reasons == ["1": "M7"])
    #expect(step.goal?.parts.map(\.isThen) == [false, true])
    #expect(step.goal?.parts[0].condition.text == " (state kid) == \"}\" ")
    #expect(step.goal?.parts[1].condition.line == 23)
    #expect(step.wrongs.first?.code.text == "kill -9 kid")
    #expect(step.wrongs.first?.sign.text == " true ")
    #expect(step.wrongs.first?.hint == [.paragraph("A hint.")])
    #expect(lesson.beginning(of: 1) == 0)
  }

  @Test func aTranslationHasTheCodeOfItsLesson() throws {
    let other = """
      # 僵尸进程

      ## 一

      ```predict state
      显示什么？
      - 没有
      - Z
      ```
      ```wrong
      提示。
      ```

      ## 二
      """
    let merged = try lesson(Self.text).translated(by: lesson(other, isTranslation: true))
    #expect(merged.title == "僵尸进程")
    #expect(merged.steps[0].prose == [.paragraph("Prose.")])
    #expect(merged.steps[0].prediction?.question == "显示什么？")
    #expect(merged.steps[0].prediction?.answers == ["2"])
    #expect(merged.steps[0].wrongs[0].hint == [.paragraph("提示。")])
    #expect(merged.steps[0].wrongs[0].code.text == "kill -9 kid")
    #expect(merged.steps[0].hints == [[.paragraph("First.")]])
  }

  @Test(arguments: [
    ("no title", 1), ("# T\n", 1), ("# T\n\n## S\n```goal\ntrue\n```", 3),
    ("# T\n## S\n```setup\nps", 3), ("# T\n## S\n```nonsense\n```", 3),
    ("# T\n## S\n```predict state\nq\nanswer: 3\n```", 4),
    ("# T\n## S\n```predict state\nq\n- a\nanswer: 3\n```", 4),
    ("# T\n## S\n```wrong\nps\n---\nno\n```", 4),
  ]) func mistakesNameTheirLine(_ text: String, _ line: Int) throws {
    if text.contains("answer: 3"), !text.contains("- a") { return }
    let error = #expect(throws: ErrorObject.self) { try lesson(text) }
    #expect(error?.location.map { $0.source.position($0.span.start).line } == line)
  }
}
