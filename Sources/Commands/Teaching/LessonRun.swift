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
  /// The lesson that ran last and is over.
  nonisolated(unsafe) static var ended: LessonEnd?

  /// Tells what the prompt has heard of children, before the lesson speaks of it.
  nonisolated(unsafe) public static var tellNews: () -> Void = {}

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
  var stage = Stage.done
  /// From 0.
  var at = 0
  /// What the learner has predicted in this step.
  var answer: String?
  var watch: LessonGoalWatch?
  /// Of each wrong way whether it was taken, and whether the learner was told.
  var signs: [(condition: LessonCondition, isDue: Bool, isTold: Bool)] = []
  var hintsTold = 0
  /// Whether the words that help were told since the lesson began.
  private var hasToldWords = false
  var isLooking = false
  var timer: TimerID?
  var lastEvent: Int64 = 0
  /// Whether a look is due that an event has asked for.
  var isWoken = false
  /// Whether what is known of processes so far is no news for the prompt.
  var dropsNews = false
  /// When the step began (CLOCK_MONOTONIC).
  private(set) var began: Int64 = 0
  /// What was shown since the step began.
  var shown = LessonShown()
  /// When the last entry began (CLOCK_MONOTONIC).
  var lastEntry: Int64 = 0
  /// From when what was shown counts for the condition that is asked.
  var shownSince: Int64 = 0
  /// Parts of the goal of which it was said that they ask for a look.
  var lookedFor: Set<Int> = []
  /// What `lesson events` has read for this look.
  var facts: [String: [RecordedFact]]?
  /// How long the last look has taken (ns).
  var lookTime: Int64 = 0
  /// How long looks between operations have taken since the shell slept (ns).
  var betweenTime: Int64 = 0
  /// Who else listens to operations, while the lesson does.
  var otherListener: ((OperationPoint.Event) -> Void)?
  var isListening = false
  /// The goal was reached, and is told of when the entry has shown what came of it.
  var isReached = false
  /// When the entry began that runs (CLOCK_MONOTONIC); nil at the prompt.
  public var entryBegan: Int64? {
    didSet { if entryBegan != nil { beginEntry() } }
  }
  /// Lines that the prompt puts into the line, one for each prompt.
  var proposed: [String] = []

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
    session.hooks.afterForkInChild.append {
      current?.stopListening()
      current = nil
    }
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
    LessonRun.ended = nil
    LessonRun.forgetInChildren(session)
    listen()
    try orLeave {
      try show(introductionOf: first)
      try prepare(first)
      try begin()
    }
  }

  /// Does what sets a scene.
  ///
  /// Where that does not come to its end, as by Ctrl-C, the lesson is left: in half a scene there is
  /// nothing to learn.
  func orLeave(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      if LessonRun.current === self { session.postponing { try quit() } }
      throw error
    }
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
    shown = LessonShown()
    shownSince = 0
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
    let timer = tellOfLongWait()
    defer { session.loop.cancel(timer) }
    var quiet = script
    quiet.limit = 60_000_000_000
    for step in lesson.steps[first..<number] {
      if let setup = step.setup { try quiet.run(setup) }
      if let solution = step.solution {
        began = Clock.monotonic
        try solve(solution, of: step, quiet)
      }
    }
    if let setup = step.setup { try quiet.run(setup) }
    silence()
  }

  /// Says what goes on if a scene is not set within a second.
  private func tellOfLongWait() -> TimerID {
    session.loop.addTimer(at: Clock.deadline(after: 1_000_000_000)) { [weak self] in
      guard let self else { return }
      session.attendSoon { [weak self] _ in
        guard let self, LessonRun.current === self else { return }
        try tell(say(LessonPhrases.settingScene))
      }
    }
  }

  /// What processes have done so far is told neither now nor later: the learner is to find out.
  func silence() {
    world.silence()
    dropsNews = true
  }

  /// Runs a solution, looks after each line as a person does, and waits until the goal is reached.
  func solve(
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
  func begin() throws {
    hintsTold = 0
    answer = nil
    watch = nil
    isReached = false
    signs = []
    lookedFor = []
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
      if stage == .done { try tell(say(LessonPhrases.enter)) }
    }
    try session.output.flush()
    try tellComplaint()
    // What the lesson itself has printed is no event of the step.
    beginStep()
  }

  /// Tells that progress cannot be kept, once.
  func tellComplaint() throws {
    if let complaint = records.takeComplaint() { try tell(say(complaint)) }
  }

  private func question(_ prediction: LessonPrediction, _ layout: TextLayout) -> String {
    var text = layout.paragraph(prediction.question)
    for (number, option) in prediction.options.enumerated() {
      text += layout.text([.item(marker: "\(number + 1). ", option)])
    }
    return text
  }

  /// From now on the goal is watched.
  func arm() throws {
    guard let goal = step.goal else {
      stage = .done
      return
    }
    if !hasToldWords { try tell(say(LessonPhrases.words)) }
    hasToldWords = true
    watch = try LessonGoalWatch(goal, script)
    signs = try step.wrongs.map { (try LessonCondition($0.sign, script), false, false) }
    stage = .working
    try look()
    startTimer()
  }

  /// It runs no longer.
  static func forget(_ run: LessonRun) { if current === run { current = nil } }
}
