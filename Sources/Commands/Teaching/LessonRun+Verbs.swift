import Language
import Posix
import Processes
import Session
import ShellHost
import Teaching

/// What a learner asks for: Enter, and the words that help.
extension LessonRun {
  /// Enter in an empty line: goes on where that is due.
  public func enter() throws { if stage == .done { try next() } }

  func next() throws {
    switch stage {
    case .asking: return try tell(say(LessonPhrases.answerFirst))
    case .working:
      guard watch?.lacksOnlyLooks ?? false else { return try tell(say(LessonPhrases.mustReach)) }
      // They were done in another way, as at another terminal.
      isReached = true
      return try look()
    case .done: break
    }
    if step.goal == nil, step.prediction == nil { records.add(name, step.number, .done) }
    try goOn()
  }

  private func goOn() throws {
    proposed = []
    guard at + 1 < lesson.steps.count else { return try finish() }
    try orLeave {
      at += 1
      if !step.keepsWorld { try world.clear() }
      if let setup = step.setup { try script.run(setup) }
      silence()
      try interpreter.write("\n")
      try begin()
    }
  }

  private func finish() throws {
    var text = "**" + say(LessonPhrases.over) + "**"
    let next = LessonShelf.next(after: name)
    text += next.map { LessonPhrases.next($0).text(language) } ?? say(LessonPhrases.last)
    try tell(text)
    leave()
    LessonRun.ended = LessonEnd(name: name, step: step.number, isDone: true)
  }

  func hint() throws {
    if stage == .asking { return try tell(say(LessonPhrases.answerFirst)) }
    guard hintsTold < step.hints.count else { return try tell(say(LessonPhrases.noMoreHints)) }
    records.add(name, step.number, .hint)
    try interpreter.write(TextLayout(for: interpreter).text(step.hints[hintsTold]))
    hintsTold += 1
  }

  func check() throws {
    let wasWorking = stage == .working
    let asked = lookedFor
    try look()
    // It has been told of already.
    if wasWorking, stage == .done || lookedFor != asked { return }
    switch stage {
    case .asking: try tell(say(LessonPhrases.answerFirst))
    case .done: try tell(say(step.goal == nil ? LessonPhrases.noGoal : LessonPhrases.reached))
    case .working:
      if let watch, watch.awaitedLook != nil {
        return try tell(
          say(watch.lacksOnlyLooks ? LessonPhrases.lookAtLast : LessonPhrases.lookNow))
      }
      let count: (met: Int, all: Int) = watch?.count ?? (0, 1)
      try tell(LessonPhrases.notYet(count.met, of: count.all).text(language))
    }
  }

  func reset() throws {
    proposed = []
    // What is ended now is none of the learner's doing.
    stage = .done
    watch = nil
    try orLeave {
      try prepare(at)
      try tell(say(LessonPhrases.reset))
      try interpreter.write("\n")
      try begin()
    }
  }

  func skip() throws {
    proposed = []
    if step.solution != nil, stage != .done {
      try tell(say(LessonPhrases.skipped))
      var loud = script
      loud.showsReports = true
      loud.willRun = { [interpreter] entry in
        if LessonScript.isPause(entry) { return }
        let lines = entry.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try interpreter.write(TextLayout(for: interpreter).typed(lines, prompt: "  brood> "))
      }
      let solution = step.solution
      if let solution, stage != .done {
        stage = .done
        try orLeave { try solve(solution, of: step, loud) }
      }
    }
    if let prediction = step.prediction, answer == nil {
      try tell(say(LessonPhrases.truth) + prediction.truth)
    }
    stage = .done
    records.add(name, step.number, .skipped)
    try goOn()
  }

  func show() throws {
    if stage == .asking { return try tell(say(LessonPhrases.answerFirst)) }
    guard let solution = step.solution else { return try tell(say(LessonPhrases.noSolution)) }
    proposed = solution.text.split(separator: "\n").map { line in
      String(line).components(of: " # error ").first ?? String(line)
    }.filter { !$0.allSatisfy(\.isWhitespace) && !LessonScript.isPause($0) }
  }

  /// Leaves the lesson, and says how to come back.
  func quit() throws {
    leave()
    LessonRun.ended = LessonEnd(name: name, step: step.number, isDone: false)
    let number = LessonShelf.number(of: name) ?? name
    try tell(LessonPhrases.left(number).text(language))
  }

  /// Leaves the lesson that runs; false if none does.
  public static func quitCurrent() throws -> Bool {
    guard let current else { return false }
    try current.quit()
    return true
  }

  /// The next line of the solution for the prompt, if it was asked for.
  public func takeProposed() -> String? { proposed.isEmpty ? nil : proposed.removeFirst() }

  /// The line was given up, and what was to follow it with it.
  public func dropProposed() { proposed = [] }

  /// Whether the news that the prompt has collected is not to be shown.
  public func takeSilence() -> Bool {
    defer { dropsNews = false }
    return dropsNews
  }

  /// Whether a child is of the lesson, so that it goes with it.
  public func owns(_ process: ProcessHandle) -> Bool { world.owns(process) }

  /// Ends the lesson and all that it has brought.
  public func leave() {
    stage = .done
    watch = nil
    if let timer { session.loop.cancel(timer) }
    timer = nil
    stopListening()
    LessonRun.forget(self)
    session.postponing {
      if try !world.clear() { try tell(say(LessonPhrases.cannotEnd)) }
    }
    world.end()
  }

  /// A single word that a running lesson understands, as the command that it means.
  ///
  /// Right behind the end of a lesson, too: any other entry ends that, since there are programs of
  /// such names.
  public static func completed(_ line: String) -> String? {
    let word = line.trimmed
    guard current != nil || ended?.isFresh ?? false else { return nil }
    if LessonCommands.single.contains(word) { return "lesson \(word)" }
    if !word.isEmpty { ended?.isFresh = false }
    return nil
  }
}

/// How a lesson came to its end, for the words that are typed behind it.
struct LessonEnd {
  let name: String
  /// The step that it was at, from 1.
  let step: Int
  let isDone: Bool
  /// Nothing was typed since.
  var isFresh = true

  private var number: String { LessonShelf.number(of: name) ?? name }

  /// What a verb does now, as the arguments of `lesson`; nil for those that need a running lesson.
  func arguments(for verb: String) -> (lesson: String, step: Int?)? {
    switch verb {
    case "next" where isDone: LessonShelf.next(after: name).map { ($0, nil) }
    case "next": (number, nil)
    case "reset": (number, step)
    default: nil
    }
  }

  /// What can be typed instead.
  var help: String {
    if !isDone { return "lesson \(number) goes on with the one that you have left" }
    let next = LessonShelf.next(after: name).map { "lesson \($0) begins the next one" }
    return "\(next ?? "lesson lists them all"), lesson \(number) \(step) the last step again"
  }
}
