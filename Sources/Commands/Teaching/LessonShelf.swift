import Language
import Posix
import Session
import ShellHost
import Teaching

/// Where lessons come from: the program, or a file.
enum LessonShelf {
  /// A lesson by its number, its name, or the path of a file.
  static func lesson(
    _ word: String, _ interpreter: Interpreter
  ) throws -> (lesson: Lesson, name: String)? {
    if isPath(word) { return (try file(word, interpreter), word) }
    guard let entry = TextLibrary.entry(word),
      let lesson = try TextLibrary.lesson(entry, interpreter.session.textLanguage(interpreter))
    else { return nil }
    return (lesson, entry.name)
  }

  /// What to type instead of a word that is no lesson.
  static func advice(for word: String) -> String {
    let all = TextLibrary.lessons
    if word.contains(where: { $0.isASCII && $0.isNumber }) {
      let numbers = [all.filter { !$0.isChapter }, all.filter(\.isChapter)].compactMap { row in
        row.first.flatMap { first in row.last.map { "\(first.number) to \($0.number)" } }
      }
      return "there are \(numbers.joined(separator: " and ")): lesson lists them"
    }
    if let topic = TextLibrary.topicName(for: word), let entry = TextLibrary.entry(about: topic) {
      return "lesson \(entry.number) (\(entry.name)) is about that"
    }
    return nearest(word.lowercased(), among: all.map(\.name) + LessonCommands.single)
      .map { "did you mean '\($0)'?" } ?? "lesson lists them all"
  }

  static func isPath(_ word: String) -> Bool { word.contains("/") || word.hasSuffix(".md") }

  /// Reads a file; of one in a folder `zh` whose lesson stands beside it in `en`, both.
  static func file(_ path: String, _ interpreter: Interpreter) throws -> Lesson {
    if let original = original(of: path) {
      let lesson = try Lesson(try source(original, interpreter))
      return try lesson.translated(
        by: Lesson(try source(path, interpreter), isTranslation: true))
    }
    return try Lesson(try source(path, interpreter))
  }

  /// The English file of a translation; nil for any other file.
  private static func original(of path: String) -> String? {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 2, parts[parts.count - 2] == "zh" else { return nil }
    parts[parts.count - 2] = "en"
    let other = parts.joined(separator: "/")
    return (try? FileStatus(other).kind) == .regular ? other : nil
  }

  private static func source(_ path: String, _ interpreter: Interpreter) throws -> Source {
    try mapErrors("cannot read '\(path)'") {
      Source(name: path, bytes: try Transfer.readFile(path))
    }
  }

  /// The number under which the program has a lesson; nil for one of a file.
  static func number(of name: String) -> String? { TextLibrary.entry(name)?.number }

  /// The number of the lesson that follows one; nil for the last.
  static func next(after name: String) -> String? {
    let all = TextLibrary.lessons
    guard let at = all.firstIndex(where: { $0.name == name }), at + 1 < all.count,
      all[at + 1].isChapter == all[at].isChapter
    else { return nil }
    return all[at + 1].number
  }
}
