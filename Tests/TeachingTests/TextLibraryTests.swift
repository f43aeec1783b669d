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
      #expect(english.trials == chinese.trials, "\(name)")
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

  /// A step that asks to look has a goal that asks whether that was shown, or its act shows it.
  @Test func aStepThatAsksToLookIsReachedByALook() throws {
    // The lines that are typed show it (c11 1, 4 3, 11 4, 16 3), it comes before the act (12 1), or
    // there is nothing to be seen but what a process prints, or how long it waits (17 3, 19 5).
    let shownByTheAct = ["4 3", "11 4", "12 1", "16 3", "17 3", "19 5", "c11 1"]
    var others: [String] = []
    for entry in TextLibrary.lessons {
      let lesson = try #require(try TextLibrary.lesson(entry, .english))
      for step in lesson.steps {
        guard let goal = step.goal else { continue }
        let prose = TextLayout(width: 1000).text(step.prose)
        let words = prose.lowercased().split { !$0.isLetter }
        let asks = words.contains("look") || prose.contains(/[Ss]ee (that|how)/)
        let isLooked = goal.parts.contains { $0.condition.text.contains("lesson shown") }
        if asks, !isLooked { others.append("\(entry.number) \(step.number)") }
      }
    }
    #expect(others == shownByTheAct)
  }

  /// A program of Python that a step shows and has in `$program` is the same.
  @Test func programsOfPythonAreShownAsTheyAre() throws {
    var count = 0
    for entry in TextLibrary.lessons {
      for language in TextLanguage.allCases {
        let lesson = try #require(try TextLibrary.lesson(entry, language))
        for step in lesson.steps {
          guard let setup = step.setup, setup.text.contains("let program = ") else { continue }
          let shown = step.prose.compactMap { block -> String? in
            if case .code(let fence) = block, fence.kind == "python" { return fence.text }
            return nil
          }
          #expect(
            shown.count == 1 && setup.text.contains("'\n\(shown.joined())\n'"), "\(entry.name)")
          count += 1
        }
      }
    }
    #expect(count == 10)
  }

  /// What is shown to be typed fits the terminal, and means the same in the lines that it is broken into.
  @Test(arguments: [79, 39]) func whatIsToBeTypedIsBrokenWell(_ width: Int) throws {
    for (name, text, prompt) in try Self.allTyped() {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let shown = TextLayout(width: width).typed(lines, prompt: prompt)
        .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
      for line in shown where displayWidth(line) > width {
        // A string is never broken; where there is room for 70 columns no lesson has such a long one.
        let isOnePiece = TypedText.pieces(line.trimmed).filter { $0.text != "\\" }.count == 1
        #expect(width < 60 && isOnePiece, "\(name): \(line)")
      }
      let copied = shown.map { String($0.dropFirst(prompt.count)) }
      #expect(Self.entries(copied) == Self.entries(lines), "\(name): \(copied)")
    }
  }

  /// What lessons and topics show to be typed, and what stands before it.
  private static func allTyped() throws -> [(name: String, text: String, prompt: String)] {
    var all: [(name: String, text: String, prompt: String)] = []
    for language in TextLanguage.allCases {
      for entry in TextLibrary.lessons {
        let lesson = try #require(try TextLibrary.lesson(entry, language))
        for step in lesson.steps {
          let blocks = step.prose + step.hints.flatMap { $0 } + step.wrongs.flatMap(\.hint)
          let name = "\(language) \(entry.name) \(step.number)"
          all += blocks.flatMap(typed).map { (name, $0, "  ") }
          let lines = step.solution?.text.split(separator: "\n").map(String.init) ?? []
          all += entries(lines).filter { !$0.hasSuffix("# pause") }.map { (name, $0, "  brood> ") }
        }
      }
      for name in TextLibrary.topicNames {
        let topic = try #require(try TextLibrary.topic(name, language))
        all += topic.trials.map { ("\(language) \(name)", $0, "  brood> ") }
      }
    }
    return all
  }

  /// The entries that a prompt reads from lines, with one blank for each break.
  private static func entries(_ lines: [String]) -> [String] {
    var entries: [String] = []
    var text = ""
    for line in lines {
      text += (text.isEmpty ? "" : "\n") + line
      if ReadText(Source(name: "t", text: text)).isIncomplete { continue }
      entries.append(text)
      text = ""
    }
    if !text.isEmpty { entries.append(text + " (incomplete)") }
    // A comment is no part of the entry, and may stand in the next line.
    return entries.map {
      $0.replacing(/# error .*/, with: "").replacingOccurrences(of: "\\\n", with: " ")
        .split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    }.filter { !$0.isEmpty }
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

  /// The ideas that a course on processes needs, each with a page.
  @Test(arguments: [
    "process", "program", "parallel", "concurrent", "three-states", "five-states", "letters",
    "flags", "pcb", "fork", "copy-on-write", "exit", "wait", "zombie", "orphan", "daemon",
    "session", "group", "priority", "signal", "pipe", "queue", "shared-memory", "semaphore",
    "lock", "event", "condition", "socket", "deadlock", "race", "pool", "atomicity",
    "buffering", "exec", "dup2", "ipc", "compare", "进程", "程序", "并行", "并发", "三态", "五态",
    "进程控制块", "写时复制", "僵尸进程", "孤儿进程", "守护进程", "会话", "进程组", "优先级",
    "信号", "管道", "消息队列", "共享内存", "信号量", "锁", "临界区", "事件", "条件变量",
    "套接字", "死锁", "竞争条件", "进程池", "原子操作", "缓冲区", "重定向",
  ]) func everyIdeaHasAPage(_ word: String) throws {
    let name = try #require(TextLibrary.topicName(for: word))
    for language in TextLanguage.allCases {
      let topic = try #require(try TextLibrary.topic(name, language))
      #expect(topic.trials.count == 3 && !topic.facts.isEmpty)
    }
  }

  @Test func lessonsStandInTheOrderOfTheCurriculum() {
    #expect(
      TextLibrary.lessons.filter { !$0.isChapter }.map(\.name) == [
        "processes", "fork", "memory", "wait", "zombies", "orphans", "signals", "pipes",
        "own-shell", "lost-update", "locks", "conditions", "queues", "deadlock", "classics",
        "process-objects", "pools", "sockets", "signals-again", "priorities",
      ])
    #expect(
      TextLibrary.lessons.filter(\.isChapter).map(\.name) == [
        "multiprocessing", "states", "nice", "orphans-and-zombies", "forking", "exit", "process",
        "own-class", "pool", "pipe", "queue", "shared-memory", "signal",
      ])
  }

  /// A prediction is followed by what shows who was right.
  ///
  /// Only the course has some that ask for what was shown before, or stand for a thought.
  @Test func aPredictionIsFollowedByWhatShowsIt() throws {
    var recalled: [String] = []
    for entry in TextLibrary.lessons {
      let lesson = try #require(try TextLibrary.lesson(entry, .english))
      for step in lesson.steps where step.prediction != nil && step.goal == nil {
        recalled.append("\(entry.number) \(step.number)")
      }
    }
    #expect(recalled == ["c2 1", "c4 2", "c5 5", "c8 1", "c9 1", "c11 4", "c11 5", "c12 6"])
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
