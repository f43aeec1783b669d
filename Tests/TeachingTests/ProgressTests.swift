import Language
import Testing

@testable import Teaching

@Suite struct ProgressTests {
  @Test func linesComeBack() {
    let events = [
      LessonProgress.Event(time: 1, lesson: "zombies", step: 1, what: .begun),
      LessonProgress.Event(
        time: 2, lesson: "zombies", step: 1, what: .predicted, answer: "一\n", isRight: false,
        reason: "M7"),
      LessonProgress.Event(time: 3, lesson: "zombies", step: 1, what: .done),
      LessonProgress.Event(time: 4, lesson: "zombies", step: 2, what: .skipped),
    ]
    let progress = LessonProgress(events.flatMap(\.line))
    #expect(progress.events == events)
    let state = progress.state(of: "zombies")
    #expect(state.done == [1] && state.skipped == [2])
    #expect(state.next(of: 3) == 3 && state.next(of: 2) == nil)
    #expect(state.reasons == ["M7"] && state.wrong == 1 && state.right == 0)
  }

  @Test func tornLinesArePassedOver() {
    let line = LessonProgress.Event(time: 1, lesson: "a", step: 1, what: .done).line
    let bytes = Array(line.dropLast(9)) + [0x0A, 0xFF, 0x0A] + line
    #expect(LessonProgress(bytes).events.count == 1)
  }
}
