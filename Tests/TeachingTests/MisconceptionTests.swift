import Language
import Testing

@testable import Teaching

/// Each misconception is shown by a step that can be done, after a prediction that names it.
@Suite struct MisconceptionTests {
  /// Where a misconception is shown, and by what.
  ///
  /// That is a part of the goal, which is looked at in the kernel and in the recording. `lessonWorks`
  /// proves that the step's solution brings it about.
  private struct Shown {
    let lesson: String
    let step: Int
    let by: String

    init(_ lesson: String, _ step: Int, _ by: String) {
      (self.lesson, self.step, self.by) = (lesson, step, by)
    }
  }

  private static let table: [String: Shown] = [
    "M1": Shown("fork", 5, #"starts-with $e.text "turn") })) == 14"#),
    "M2": Shown("forking", 2, #"starts-with $e.of "explorer""#),
    "M3": Shown("memory", 1, #"$e.by == "brood" and $e.text == "parent 1""#),
    "M4": Shown("memory", 4, #"$e.by == "brood" and (contains $e.text "def")"#),
    // Brood writes everything out before it forks: a program of Python.
    "M5": Shown("signals-again", 8, #"$e.text == "2 lines""#),
    "M6": Shown("exit", 4, #"$e.text == "here" })) == 8"#),
    "M7": Shown("zombies", 2, #"$e.signal == "KILL" }) and (starts-with (state kid) "Z")"#),
    "M8": Shown("orphans", 1, "$b.pid == $o.ppid"),
    "M9": Shown("wait", 2, #"["quick", "middle", "slow"]"#),
    "M10": Shown(
      "own-shell", 4, #"$p.name == "right" and $p.command == "sort" and $p.state == "S""#),
    "M11": Shown("pipes", 6, "(lesson events kill bystander)"),
    "M12": Shown("pipes", 7, #"$e.signal == "PIPE""#),
    "M13": Shown("pipes", 4, #"(starts-with $e.text "4097:") and $e.text != "4097: 0 torn""#),
    "M14": Shown("queues", 4, "lesson shown within"),
    "M15": Shown("lost-update", 1, "(shm get n) == 1"),
    // Brood's pool gives an error: a program of Python.
    "M16": Shown("pools", 3, #"$p.name == "twin" and $p.age > 2s"#),
    "M17": Shown("locks", 3, #"$p.name == "waiter" and $p.state == "S""#),
    "M18": Shown("signals-again", 2, "(shm get runs) == 1"),
    "M19": Shown("signals-again", 4, #""\"ended\" \"noted\"""#),
    // Brood calls again by itself: a program that calls C.
    "M20": Shown("signals-again", 6, "$e.status == 4"),
    "M21": Shown("signals", 3, #"$e.signal == "TERM" }) and (starts-with (state frozen) "T")"#),
    "M22": Shown("signals", 7, #"not (any (ps) { |p| $p.command == "sleep 603" })"#),
    // Brood has one thread: a program of Python.
    "M23": Shown("signals-again", 7, "$e.status == 3"),
    "M24": Shown("priorities", 3, "(lesson events wait kinder)"),
    "M25": Shown("sockets", 4, #"$e.text == "helloworld""#),
    "M26": Shown("queues", 6, #"(starts-with (string $p.waits) "queue get")"#),
    "M27": Shown("fork", 6, #"starts-with $e.text "child=0 getpid=""#),
    "M28": Shown("conditions", 4, "(shm get stock) == -1"),
    "M29": Shown("conditions", 3, #"(starts-with (string $p.waits) "cond wait")"#),
    "M30": Shown("locks", 4, "(lesson events wait thief) { |e| $e.status == 1 }"),
    "M31": Shown("wait", 6, #"$p.name == "grandkid" and $p.state != "Z""#),
    "M32": Shown("wait", 4, "$e.status == 137"),
    "M33": Shown("memory", 5, "(info kid).private * 3 < (info kid).memory"),
    "M34": Shown("lost-update", 3, #"starts-with $e.of "explorer""#),
    // Brood seeds each child anew: a program that calls C.
    "M35": Shown("pools", 7, #"ends-with $e.text "different: 1""#),
    "M36": Shown("conditions", 6, "(lesson events wait spinner)"),
    "M37": Shown("own-shell", 1, #"$p.name == "kid" and $p.command == "sleep 600""#),
    "M38": Shown("signals-again", 5, #"$e.by == "sleepy" and $e.text == "awake""#),
    "M39": Shown("priorities", 4, #"$p.state == "R" })) == 3"#),
    "M40": Shown("orphans-and-zombies", 1, #"$p.name == "son" and $p.state == "S""#),
  ]

  private static let all = TextLibrary.topicNames
    .filter { $0.first == "m" && Int($0.dropFirst()) != nil }

  @Test(arguments: all) func isShown(_ topic: String) throws {
    let number = try #require(Int(topic.dropFirst()))
    let shown = try #require(Self.table["M\(number)"], "no lesson shows it")
    let entry = try #require(TextLibrary.entry(shown.lesson))
    let lesson = try #require(try TextLibrary.lesson(entry, .english))
    let step = try #require(lesson.steps.first { $0.number == shown.step })
    let prediction = try #require(step.prediction)
    let wrong = prediction.reasons.filter { $0.value == "M\(number)" }.keys
    #expect(!wrong.isEmpty, "no wrong answer of the prediction names it")
    for answer in wrong { #expect(!prediction.answers.contains(answer)) }
    #expect(step.solution != nil)
    let goal = (step.goal?.parts ?? []).map(\.condition.text).joined(separator: "\n")
    #expect(goal.contains(shown.by), "\(goal)")
  }

  @Test func everyRowIsOfAMisconception() {
    #expect(Self.all.count == Self.table.count)
  }
}
