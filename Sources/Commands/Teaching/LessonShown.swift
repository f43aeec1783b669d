import Language
import Posix
import Session

/// What the shell itself has shown in a step of a lesson: goals that ask to look at something depend
/// on what was on the screen, not on how it came there.
struct LessonShown {
  private var texts: [(time: Int64, words: Set<Substring>)] = []

  /// So many texts are kept.
  private static let limit = 100

  mutating func add(_ text: String, at time: Int64) {
    if texts.count == LessonShown.limit { texts.removeFirst() }
    texts.append((time, LessonShown.words(text)))
  }

  /// Whether one of some words was shown since a time.
  func has(_ wanted: [String], since time: Int64) -> Bool {
    texts.contains { text in
      text.time >= time && wanted.contains { text.words.contains(Substring($0)) }
    }
  }

  /// The words of a text; a sign of punctuation around one is none of it.
  static func words(_ text: String) -> Set<Substring> {
    let around: Set<Character> = ["\"", "'", ",", ";", ":", ".", "(", ")"]
    return Set(
      text.split(whereSeparator: \.isWhitespace).map { word in
        var word = word
        while let last = word.last, around.contains(last) { word.removeLast() }
        while let first = word.first, around.contains(first) { word.removeFirst() }
        return word
      })
  }
}

extension LessonRun {
  /// The shell has shown something as the result of an entry, or an error.
  ///
  /// A process that was made is shown as well, with a state that nobody has asked for.
  public func didShow(_ text: String, of value: Value = .null) {
    if case .handle = value.plain { return }
    shown.add(text, at: Clock.monotonic)
  }

  /// An entry begins.
  public func beginEntry() { lastEntry = Clock.monotonic }

  /// Whether one of some words was shown or printed by the shell itself, in the entry that has met the
  /// parts of the goal before this one, or later.
  func hasShown(_ words: [String]) -> Bool {
    if shown.has(words, since: shownSince) { return true }
    return LessonEvents.all("print").contains { fact in
      guard fact.by == "brood", fact.time >= shownSince, let text = fact.text else { return false }
      let printed = LessonShown.words(text)
      return words.contains { printed.contains(Substring($0)) }
    }
  }
}
