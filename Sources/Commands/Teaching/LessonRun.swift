import Channels
import Language
import Posix
import Processes
import Session
import ShellHost
import Teaching

/// The lesson that runs at the prompt.
///
/// Its goal is looked at after each entry, whenever signals are dealt with, and every 100 ms while
/// the shell sleeps. What follows from that is told at once; the next step begins only by Enter or
/// `next`, so that no text comes between what a learner types.
public final class LessonRun {
  /// That of this process; a forked child has none.
  nonisolated(unsafe) public private(set) static var current: LessonRun?

  enum Stage {
    /// A prediction is asked for.
    case asking
    /// The goal is not reached yet.
    case working
    /// Enter goes on.
    case done
  }

  let lesson: Lesson
  /// What progress is kept under.
  let name: String
  let interpreter: Interpreter
  let session: Session
  let language: TextLanguage
  let world: LessonWorld
  let records: LessonRecords
  private(set) var stage = Stage.done
  /// From 0.
  private(set) var at = 0
  /// What the learner has predicted in this step.
  private var answer: String?
  private var watch: LessonGoalWatch?
  private var signs: [(condition: LessonCondition, isTold: Bool)] = []
  private var hintsTold = 0
  private(set) var isLooking = false
  private var timer: TimerID?
  private var lastEvent: Int64 = 0
  /// When the step began (CLOCK_MONOTONIC).
  private(set) var began: Int64 = 0
  /// What `lesson events` has read for this look.
  var facts: [String: [RecordedFact]]?
  /// How long the last look has taken (ns).
  private var lookTime: Int64 = 0
  /// Lines that the prompt puts into the line, one for each prompt.
  public private(set) var proposed: [String] = []

  var step: LessonStep { lesson.steps[min(at, lesson.steps.count - 1)] }

  init(
    _ lesson: Lesson, name: String, _ interpreter: Interpreter, records: LessonRecords
  ) throws {
    self.lesson = lesson
    self.name = name
    self.interpreter = interpreter
    self.records = records
    session = interpreter.session
    language = session.textLanguage(interpreter)
    LessonRun.current?.leave()
    try session.record()
    world = LessonWorld(interpreter)
  }

  private static func forgetInChildren(_ session: Session) {
    if forgets { return }
    forgets = true
    session.afterForkInChild.append { current = nil }
  }

  nonisolated(unsafe) private static var forgets = false

  var script: LessonScript { LessonScript(interpreter, lesson.source) }

  func say(_ phrase: Phrase) -> String { phrase.text(language) }

  /// Writes a paragraph, above the line being typed if there is one.
  func tell(_ text: String) throws {
    try interpreter.write(TextLayout(for: interpreter).paragraph(text))
    try session.output.flush()
  }

  // MARK: Steps

  /// Begins with a step, counted from 0, in the world that the steps before it leave.
  func start(at first: Int) throws {
    LessonRun.current = self
    LessonRun.forgetInChildren(session)
    try show(introductionOf: first)
    try prepare(first)
    try begin()
  }

  /// Lends the lesson's world and its events to a test, without telling anything.
  func beginProof() {
    LessonRun.current = self
    LessonRun.forgetInChildren(session)
  }

  /// What happens from now on belongs to the step.
  func beginStep() {
    began = Clock.monotonic
    facts = nil
  }

  private func show(introductionOf first: Int) throws {
    let layout = TextLayout(for: interpreter)
    try interpreter.write(layout.title(lesson.title) + "\n")
    if first == 0, !lesson.introduction.isEmpty {
      try interpreter.write(layout.text(lesson.introduction) + "\n")
    }
    try session.output.flush()
  }

  /// Makes the world of a step: that of the last empty one, with what was done since.
  func prepare(_ number: Int) throws {
    at = number
    let first = lesson.beginning(of: number)
    if first < number || !lesson.steps[first].keepsWorld || first == 0 { try world.clear() }
    var quiet = script
    quiet.limit = 5_000_000_000
    for step in lesson.steps[first..<number] {
      if let setup = step.setup { try quiet.run(setup) }
      if let solution = step.solution {
        began = Clock.monotonic
        try solve(solution, of: step, quiet)
      }
    }
    if let setup = step.setup { try quiet.run(setup) }
    world.silence()
  }

  /// Runs a solution, looks after each line as a person does, and waits until the goal is reached.
  private func solve(
    _ solution: LessonCode, of step: LessonStep, _ script: LessonScript
  ) throws {
    guard let goal = step.goal else { return try script.run(solution, stopsAtError: false) }
    var watch = try LessonGoalWatch(goal, script)
    watch.assumeBegun()
    var typed = script
    typed.didRun = { try self.wait(&watch, for: LessonRun.glance) }
    try typed.run(solution, stopsAtError: false)
    try wait(&watch, for: 3_000_000_000)
  }

  /// How long a goal is looked at after each line of a solution (ns).
  private static let glance: Int64 = 120_000_000

  @discardableResult
  private func wait(_ watch: inout LessonGoalWatch, for time: Int64) throws -> Bool {
    let end = Clock.deadline(after: time)
    while true {
      let start = Clock.monotonic
      facts = [:]
      defer { facts = nil }
      if try watch.look() { return true }
      if Clock.monotonic >= end { return false }
      let pause = max(20_000_000, (Clock.monotonic - start) * 3)
      _ = try session.pause(interpreter, until: Clock.deadline(after: pause)) { false }
    }
  }

  /// Tells the text of the step and asks its question.
  private func begin() throws {
    hintsTold = 0
    answer = nil
    watch = nil
    signs = []
    began = Clock.monotonic
    records.add(name, step.number, .begun)
    let layout = TextLayout(for: interpreter)
    let count = "\(step.number)/\(lesson.steps.count)"
    try interpreter.write(layout.paragraph("**\(count)  \(step.title)**") + "\n")
    if !step.prose.isEmpty { try interpreter.write(layout.text(step.prose) + "\n") }
    if let prediction = step.prediction {
      stage = .asking
      try interpreter.write(question(prediction, layout))
    } else {
      try arm()
      let words = step.number == 1 && step.goal != nil ? say(LessonPhrases.words) : nil
      if let text = stage == .working ? words : say(LessonPhrases.enter) { try tell(text) }
    }
    try session.output.flush()
    // What the lesson itself has printed is no event of the step.
    beginStep()
  }

  private func question(_ prediction: LessonPrediction, _ layout: TextLayout) -> String {
    var text = layout.paragraph(prediction.question)
    for (number, option) in prediction.options.enumerated() {
      text += layout.text([.item(marker: "\(number + 1). ", option)])
    }
    return text
  }

  /// From now on the goal is watched.
  private func arm() throws {
    guard let goal = step.goal else {
      stage = .done
      return
    }
    watch = try LessonGoalWatch(goal, script)
    signs = try step.wrongs.map { (try LessonCondition($0.sign, script), false) }
    stage = .working
    try look()
    startTimer()
  }

  // MARK: Looking

  private func startTimer() {
    guard timer == nil, stage == .working else { return }
    // A look that takes long comes less often.
    let pause = max(100_000_000, lookTime * 5)
    timer = session.loop.addTimer(at: Clock.deadline(after: pause)) { [weak self] in
      guard let self else { return }
      timer = nil
      guard stage == .working, LessonRun.current === self else { return }
      session.attendSoon { [weak self] _ in
        guard let self, LessonRun.current === self else { return }
        try look()
        startTimer()
      }
    }
  }

  /// Looks whether the goal is reached, or a wrong way was taken, and tells of it.
  public func look() throws {
    guard stage == .working, !isLooking, watch != nil else { return }
    isLooking = true
    let start = Clock.monotonic
    defer {
      isLooking = false
      lookTime = Clock.monotonic - start
      facts = nil
    }
    facts = [:]
    if try watch?.look() ?? false {
      stage = .done
      records.add(name, step.number, .done)
      let reached = say(LessonPhrases.reached)
      let rest = answer == nil ? " " + say(LessonPhrases.enter) : ""
      try tell("**\(reached)**" + rest)
      if answer != nil {
        try compare()
        try tell(say(LessonPhrases.enter))
      }
      return
    }
    for number in signs.indices where !signs[number].isTold {
      guard try signs[number].condition.holds(), step.wrongs.indices.contains(number) else {
        continue
      }
      signs[number].isTold = true
      records.add(name, step.number, .wrong)
      try interpreter.write(TextLayout(for: interpreter).text(step.wrongs[number].hint))
      try session.output.flush()
    }
  }

  /// The same after signals and the like, which come often.
  public func lookAtEvent() throws {
    let now = Clock.monotonic
    guard now - lastEvent >= max(20_000_000, lookTime * 5) else { return }
    lastEvent = now
    try look()
  }

  /// Keeps what was recorded for the other conditions of this look.
  func keep(_ found: [RecordedFact], of kind: String) { facts?[kind] = found }

  // MARK: Predictions

  /// Whether what is typed next is the answer to a question.
  public var isAsking: Bool { stage == .asking }

  /// What stands before the line in which the question is answered.
  public var questionPrompt: String {
    let count = step.prediction?.options.count ?? 0
    return say(LessonPhrases.question) + (count > 0 ? " (1-\(count))" : "") + "> "
  }

  /// Takes the answer to the question of the step.
  public func take(answer text: String) throws {
    guard stage == .asking, let prediction = step.prediction else { return }
    let given = text.trimmed.lowercased()
    if !prediction.options.isEmpty {
      guard let number = Int(given), (1...prediction.options.count).contains(number) else {
        return try tell("1-\(prediction.options.count): " + say(LessonPhrases.options))
      }
      answer = "\(number)"
    } else {
      if given.isEmpty { return }
      answer = given
    }
    let isRight = prediction.answers.contains(answer ?? "")
    let reason = isRight ? nil : prediction.reasons[answer ?? ""] ?? prediction.reasons[""]
    records.add(name, step.number, .predicted, answer: answer, isRight: isRight, reason: reason)
    if step.goal != nil {
      try tell(say(LessonPhrases.noted))
      if step.number == 1 { try tell(say(LessonPhrases.words)) }
      return try arm()
    }
    stage = .done
    records.add(name, step.number, .done)
    try compare()
    try tell(say(LessonPhrases.enter))
  }

  /// Puts the prediction and what is so side by side.
  private func compare() throws {
    guard let prediction = step.prediction, let answer else { return }
    func text(_ answer: String) -> String {
      guard let number = Int(answer), prediction.options.indices.contains(number - 1) else {
        return answer
      }
      return prediction.options[number - 1]
    }
    let truth = prediction.answers.first ?? ""
    if prediction.answers.contains(answer) {
      return try tell(say(LessonPhrases.right) + text(answer))
    }
    try tell(say(LessonPhrases.wrong) + text(answer))
    try tell(say(LessonPhrases.truth) + text(truth))
    guard let reason = prediction.reasons[answer] ?? prediction.reasons[""],
      let name = TextLibrary.topicName(for: reason),
      let topic = try TextLibrary.topic(name, language)
    else { return }
    try tell(say(LessonPhrases.why) + topic.title + " (`explain \(reason)`)")
  }

  // MARK: What a learner asks for

  /// Enter in an empty line: goes on where that is due.
  public func enter() throws { if stage == .done { try next() } }

  func next() throws {
    switch stage {
    case .asking: return try tell(say(LessonPhrases.answerFirst))
    case .working: return try tell(say(LessonPhrases.mustReach))
    case .done: break
    }
    if step.goal == nil, step.prediction == nil { records.add(name, step.number, .done) }
    try goOn()
  }

  private func goOn() throws {
    proposed = []
    guard at + 1 < lesson.steps.count else { return try finish() }
    at += 1
    if !step.keepsWorld { try world.clear() }
    if let setup = step.setup { try script.run(setup) }
    world.silence()
    try interpreter.write("\n")
    try begin()
  }

  private func finish() throws {
    var text = "**" + say(LessonPhrases.over) + "**"
    if let next = LessonShelf.next(after: name) {
      text += " " + Phrase("The next one: ", "下一课：").text(language) + "`lesson \(next)`"
    }
    try tell(text)
    leave()
  }

  func hint() throws {
    if stage == .asking { return try tell(say(LessonPhrases.answerFirst)) }
    guard hintsTold < step.hints.count else { return try tell(say(LessonPhrases.noMoreHints)) }
    records.add(name, step.number, .hint)
    try interpreter.write(TextLayout(for: interpreter).text(step.hints[hintsTold]))
    hintsTold += 1
  }

  func check() throws {
    try look()
    switch stage {
    case .asking: try tell(say(LessonPhrases.answerFirst))
    case .done: try tell(say(step.goal == nil ? LessonPhrases.noGoal : LessonPhrases.reached))
    case .working:
      let count: (met: Int, all: Int) = watch?.count ?? (0, 1)
      try tell(say(LessonPhrases.notYet) + (count.all > 1 ? " (\(count.met)/\(count.all))." : "."))
    }
  }

  func reset() throws {
    proposed = []
    try prepare(at)
    try tell(say(LessonPhrases.reset))
    try interpreter.write("\n")
    try begin()
  }

  func skip() throws {
    proposed = []
    if step.solution != nil, stage != .done {
      try tell(say(LessonPhrases.skipped))
      var loud = script
      loud.showsReports = true
      loud.willRun = { [interpreter] in try interpreter.write("  brood> \($0)\n") }
      if stage == .asking { try arm() }
      let solution = step.solution
      if let solution, stage != .done {
        stage = .done
        try solve(solution, of: step, loud)
      }
    }
    stage = .done
    records.add(name, step.number, .skipped)
    try goOn()
  }

  func show() throws {
    guard let solution = step.solution else { return try tell(say(LessonPhrases.noSolution)) }
    proposed = solution.text.split(separator: "\n").map { line in
      String(line).components(of: " # error ").first ?? String(line)
    }.filter { !$0.allSatisfy(\.isWhitespace) }
  }

  /// The next line of the solution for the prompt, if it was asked for.
  public func takeProposed() -> String? { proposed.isEmpty ? nil : proposed.removeFirst() }

  /// The line was given up, and what was to follow it with it.
  public func dropProposed() { proposed = [] }

  /// Whether a child is of the lesson, so that it goes with it.
  public func owns(_ process: ProcessHandle) -> Bool { world.owns(process) }

  /// Ends the lesson and all that it has brought.
  public func leave() {
    stage = .done
    watch = nil
    if let timer { session.loop.cancel(timer) }
    timer = nil
    if LessonRun.current === self { LessonRun.current = nil }
    session.postponing {
      if try !world.clear() { try tell(say(LessonPhrases.cannotEnd)) }
    }
    world.end()
  }

  /// A single word that a running lesson understands, as the command that it means.
  public static func completed(_ line: String) -> String? {
    guard current != nil else { return nil }
    let word = line.trimmed
    return LessonCommands.single.contains(word) ? "lesson \(word)" : nil
  }
}
