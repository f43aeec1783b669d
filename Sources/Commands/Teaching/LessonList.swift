import Language
import Session
import ShellHost
import Teaching

/// The list of lessons, with what was done of each.
struct LessonList {
  private let language: TextLanguage
  private let progress: LessonProgress
  private let layout: TextLayout

  init(_ interpreter: Interpreter) {
    language = interpreter.session.textLanguage(interpreter)
    progress = LessonRecords(interpreter).progress
    layout = TextLayout(for: interpreter, isReport: true)
  }

  private var lessons: [(entry: TextLibrary.Entry, lesson: Lesson)] {
    TextLibrary.lessons.compactMap { entry in
      (try? TextLibrary.lesson(entry, language)).map { (entry, $0) }
    }
  }

  /// A record for each.
  var records: [Value] {
    lessons.map { entry, lesson in
      let state = progress.state(of: entry.name)
      return .record([
        "number": .text(entry.number), "name": .text(entry.name),
        "title": .text(lesson.title), "steps": .int(lesson.steps.count),
        "done": .int(state.done.count), "skipped": .int(state.skipped.count),
      ])
    }
  }

  /// Lessons on the left and the course on the right, so that all of them fit a terminal of 24 lines;
  /// one below the other where the columns have no room.
  var text: String {
    let how = Phrase(
      "`lesson N` begins one, or goes on with it.", "`lesson N` 开始一课，或者接着上次继续。"
    ).text(language)
    let head = Phrase("The course on multiprocessing:", "多进程编程教程：").text(language)
    let all = lessons
    let gap = 2
    let isWide = layout.width >= LessonList.left + gap + LessonList.right
    let left = all.filter { !$0.entry.isChapter }
      .map { line($0, isWide ? LessonList.left : min(60, layout.width)) }
    let right =
      [isWide ? head : "\n" + head]
      + all.filter(\.entry.isChapter).map {
        line($0, isWide ? LessonList.right : min(60, layout.width))
      }
    guard isWide else {
      return (left + right).map { $0 + "\n" }.joined() + "\n" + layout.paragraph(how)
    }
    let rows = (0..<max(left.count, right.count)).map { at in
      let first = at < left.count ? left[at] : ""
      let second = at < right.count ? right[at] : ""
      if second.isEmpty { return first }
      let blanks = max(0, LessonList.left + gap - displayWidth(first))
      return first + String(repeating: " ", count: blanks) + second
    }
    return rows.map { $0 + "\n" }.joined() + layout.paragraph(how)
  }

  /// Columns of a lesson's line, and of a chapter's.
  private static let left = 40
  private static let right = 36

  /// A chapter's title, whose number stands before it already: `4. Orphans`, `第 4 章　孤儿进程`.
  private func withoutNumber(_ title: String) -> String {
    let parts = title.split(maxSplits: 1) { $0 == "　" || $0 == "." }
    guard parts.count == 2, parts[0].contains(where: \.isNumber) else { return title }
    return parts[1].trimmed
  }

  private func line(_ item: (entry: TextLibrary.Entry, lesson: Lesson), _ width: Int) -> String {
    let state = progress.state(of: item.entry.name)
    let count = item.lesson.steps.count
    let met = state.done.count + state.skipped.count
    let sign =
      state.done.count == count
      ? Phrase("done", "完成").text(language) : met == 0 ? "" : "\(met)/\(count)"
    let number =
      String(repeating: " ", count: max(0, 3 - item.entry.number.count)) + item.entry.number
    let room = width - 5 - (sign.isEmpty ? 0 : displayWidth(sign) + 1)
    let title = truncated(withoutNumber(item.lesson.title), toWidth: max(10, room))
    if sign.isEmpty { return "\(number)  \(title)" }
    let blanks = max(1, width - 5 - displayWidth(title) - displayWidth(sign))
    return "\(number)  \(title)" + String(repeating: " ", count: blanks) + sign
  }
}
