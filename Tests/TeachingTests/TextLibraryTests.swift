import Foundation
import Language
import Testing

@testable import Teaching

/// The texts that are part of the program.
@Suite struct TextLibraryTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Texts")

  @Test func everyFileOfTheFoldersIsInTheProgram() throws {
    var files: [String] = []
    for folder in ["topics", "lessons", "course", "help"] {
      let all = FileManager.default.enumerator(atPath: Self.root.appending(path: folder).path)
      while let name = all?.nextObject() as? String {
        if name.hasSuffix(".md") || name.hasSuffix(".txt") { files.append("\(folder)/\(name)") }
      }
    }
    #expect(files.sorted() == TextLibrary.paths.sorted(), "run scripts/embed-texts")
    for path in files {
      let bytes = try Data(contentsOf: Self.root.appending(path: path))
      let isSame = TextLibrary.source(path)?.bytes == Array(bytes)
      #expect(isSame, "\(path) has changed since the program was built")
    }
  }

  @Test func bothLanguagesHaveTheSameFiles() {
    for folder in ["topics", "lessons", "course"] {
      func names(_ language: String) -> [String] {
        TextLibrary.paths.filter { $0.hasPrefix("\(folder)/\(language)/") }
          .map { String($0.dropFirst(folder.count + 4)) }
      }
      #expect(names("en") == names("zh"))
    }
  }

  @Test func everyTopicIsFoundByItsNames() throws {
    let kinds: Set = [
      "processes", "states", "zombies", "orphans", "signals", "memory", "channels", "locks",
      "priorities", "sessions", "pools", "descriptors", "speed",
    ]
    for name in TextLibrary.topicNames {
      let english = try #require(try TextLibrary.topic(name, .english))
      let chinese = try #require(try TextLibrary.topic(name, .chinese))
      #expect(english.names == chinese.names, "\(name)")
      #expect(english.facts == chinese.facts, "\(name)")
      #expect(english.trials.count == chinese.trials.count, "\(name)")
      for fact in english.facts { #expect(kinds.contains(fact), "\(name)") }
      for word in english.names { #expect(TextLibrary.topicName(for: word) == name) }
      for other in english.related {
        #expect(TextLibrary.topicName(for: other) == other, "\(name)")
      }
    }
  }

  @Test func topicsFitOneScreen() throws {
    for name in TextLibrary.topicNames {
      for language in TextLanguage.allCases {
        let topic = try #require(try TextLibrary.topic(name, language))
        let lines = TextLayout(width: 80).text(topic.blocks).split(
          separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 17, "\(language) \(name)")
        for line in TextLayout(width: 40).text(topic.blocks).split(separator: "\n") {
          #expect(displayWidth(String(line)) <= 40, "\(language) \(name): \(line)")
        }
      }
    }
  }

  /// What a text shows to be typed is what the lesson's test runs, at a step of the same lesson.
  @Test func everyLineToBeTypedIsRun() throws {
    for entry in TextLibrary.lessons {
      for language in TextLanguage.allCases {
        let lesson = try #require(try TextLibrary.lesson(entry, language))
        for step in lesson.steps {
          let run = ([step.setup, step.solution] + step.wrongs.map(\.code))
            .compactMap { $0?.text }.joined(separator: "\n")
          for line in step.prose.flatMap(Self.typed) where !line.contains("…") {
            #expect(run.contains(line), "\(language) \(entry.name), step \(step.number): \(line)")
          }
        }
      }
    }
  }

  /// The lines of Brood that a block consists of; none of other blocks.
  private static func typed(_ block: MarkdownBlock) -> [String] {
    switch block {
    case .code(let fence) where fence.kind == "brood": [fence.lines.joined(separator: "\n")]
    case .paragraph(let text): TextLayout.soleCode(text).map { [$0] } ?? []
    default: []
    }
  }

  @Test func everyMisconceptionIsNamedByAPrediction() throws {
    var named: Set<String> = []
    for entry in TextLibrary.lessons {
      let lesson = try #require(try TextLibrary.lesson(entry, .english))
      for step in lesson.steps {
        for reason in step.prediction?.reasons.values ?? [:].values {
          named.insert(try #require(TextLibrary.topicName(for: reason)))
        }
      }
    }
    let all = TextLibrary.topicNames.filter { $0.first == "m" && Int($0.dropFirst()) != nil }
    #expect(all.count == 40)
    for name in all { #expect(named.contains(name), "\(name)") }
  }

  @Test func everyLessonIsRead() throws {
    for entry in TextLibrary.lessons {
      for language in TextLanguage.allCases {
        let lesson = try #require(try TextLibrary.lesson(entry, language))
        for topic in lesson.topics {
          #expect(TextLibrary.topicName(for: topic) != nil, "\(entry.name): \(topic)")
        }
        for step in lesson.steps {
          for reason in step.prediction?.reasons.values ?? [:].values {
            #expect(TextLibrary.topicName(for: reason) != nil, "\(entry.name): \(reason)")
          }
        }
      }
    }
  }
}
