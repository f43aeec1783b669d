import CTexts
import Language

/// The language that texts for learning are shown in.
public enum TextLanguage: String, CaseIterable, Sendable {
  case english = "en"
  case chinese = "zh"
}

/// The texts that are part of the program.
public enum TextLibrary {
  /// A lesson or chapter that there is.
  public struct Entry: Equatable, Sendable {
    /// What `lesson` takes: `5`, or `c5` for a chapter of the course.
    public let number: String
    /// As `zombies`.
    public let name: String
    /// Below the folder of its language: `05-zombies.md`.
    public let file: String
    public let isChapter: Bool

    var folder: String { isChapter ? "course" : "lessons" }
  }

  /// The paths of all texts, as `topics/en/zombie.md`, in their order.
  public static let paths: [String] = (0..<brood_text_count()).map {
    String(cString: brood_text_at($0).name)
  }

  private static let indices = Dictionary(
    paths.enumerated().map { ($0.element, UInt64($0.offset)) }, uniquingKeysWith: { $1 })

  /// A text by its path; nil if there is none.
  public static func source(_ path: String) -> Source? {
    guard let index = indices[path] else { return nil }
    let text = brood_text_at(index)
    let bytes = UnsafeBufferPointer(start: text.bytes, count: Int(clamping: text.length))
    return Source(name: String(path.split(separator: "/").last ?? ""), bytes: Array(bytes))
  }

  // MARK: Topics

  /// The first names of all topics, in their order.
  public static let topicNames: [String] = names(in: "topics")

  private static func names(in folder: String) -> [String] {
    let start = "\(folder)/en/"
    return paths.filter { $0.hasPrefix(start) && $0.hasSuffix(".md") }
      .map { String($0.dropFirst(start.count).dropLast(3)) }
  }

  /// A topic by its first name; in English where the language has none.
  ///
  /// - Throws: `syntax` where its file is none.
  public static func topic(_ name: String, _ language: TextLanguage) throws(ErrorObject) -> Topic? {
    let paths = ["topics/\(language.rawValue)/\(name).md", "topics/en/\(name).md"]
    for path in paths {
      if let source = source(path) { return try Topic(source) }
    }
    return nil
  }

  /// The first name of the topic that a word finds.
  ///
  /// O(all topics) for a word that is none of them.
  public static func topicName(for word: String) -> String? {
    let word = word.lowercased()
    if topicNames.contains(word) { return word }
    for name in topicNames {
      guard let line = source("topics/en/\(name).md")?.line(2), line.hasPrefix("names:") else {
        continue
      }
      if Topic.list(String(line.dropFirst(6))).contains(where: { $0.lowercased() == word }) {
        return name
      }
    }
    return nil
  }

  /// All words that find topics.
  public static var topicWords: [String] {
    topicNames.flatMap { name in (try? topic(name, .english))?.names ?? [] }
  }

  // MARK: Lessons

  /// All lessons, then the chapters of the course.
  public static let lessons: [Entry] = entries("lessons") + entries("course")

  private static func entries(_ folder: String) -> [Entry] {
    names(in: folder).compactMap { file in
      guard let dash = file.firstIndex(of: "-"), let number = Int(file[..<dash]) else { return nil }
      let isChapter = folder == "course"
      return Entry(
        number: isChapter ? "c\(number)" : "\(number)",
        name: String(file[file.index(after: dash)...]), file: "\(file).md", isChapter: isChapter)
    }
  }

  /// The lesson that a number or a name means, in capitals or not: `5`, `05`, `c5`, `zombies`.
  public static func entry(_ word: String) -> Entry? {
    let word = word.lowercased()
    let sign = word.hasPrefix("c") ? "c" : ""
    let number = Int(word.dropFirst(sign.count)).map { "\(sign)\($0)" }
    return lessons.first { $0.number == number } ?? lessons.first { $0.name == word }
  }

  /// The lesson that a topic belongs to first of all; nil where it belongs to none.
  public static func entry(about topic: String) -> Entry? {
    var places: [(entry: Entry, at: Int)] = []
    for entry in lessons {
      guard let lesson = try? lesson(entry, .english) else { continue }
      let names = lesson.topics.map { topicName(for: $0) }
      if let at = names.firstIndex(of: topic) { places.append((entry, at)) }
    }
    return places.min { $0.at < $1.at }?.entry
  }

  /// A lesson of the program, in a language as far as there is a translation.
  ///
  /// - Throws: `syntax` where a file is none.
  public static func lesson(
    _ entry: Entry, _ language: TextLanguage
  ) throws(ErrorObject) -> Lesson? {
    guard let source = source("\(entry.folder)/en/\(entry.file)") else { return nil }
    let lesson = try Lesson(source)
    guard language != .english,
      let other = self.source("\(entry.folder)/\(language.rawValue)/\(entry.file)")
    else { return lesson }
    return try lesson.translated(by: Lesson(other, isTranslation: true))
  }

  /// The steps that show a misconception, one of each lesson: its number, and the step (from 1).
  ///
  /// Their predictions name it, and they have a goal. None for other topics. O(all lessons).
  public static func places(of topic: String) -> [(number: String, step: Int)] {
    guard topic.first?.lowercased() == "m", let number = Int(topic.dropFirst()) else { return [] }
    var places: [(number: String, step: Int)] = []
    for entry in lessons {
      guard let lesson = try? lesson(entry, .english) else { continue }
      for step in lesson.steps where step.goal != nil {
        let reasons = step.prediction?.reasons.values ?? [:].values
        if reasons.contains(where: { Int($0.dropFirst()) == number }) {
          places.append((entry.number, step.number))
          break
        }
      }
    }
    return places
  }

  // MARK: Summaries

  /// The summaries of commands in a language other than English, by the names of the commands.
  public static func summaries(_ language: TextLanguage) -> [String: String] {
    guard language != .english, let source = source("help/\(language.rawValue).txt") else {
      return [:]
    }
    let text = String(decoding: source.bytes, as: UTF8.self)
    var result: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      result[line[..<colon].trimmed] = line[line.index(after: colon)...].trimmed
    }
    return result
  }
}
