import Channels
import Language
import Posix
import Processes
import Session
import Teaching

/// Looks whether the goal is reached: after entries, at events, and now and then.
extension LessonRun {
  func startTimer() {
    guard timer == nil, stage == .working else { return }
    // A look that takes long comes less often.
    let pause = max(100_000_000, lookTime * 5)
    timer = session.loop.addTimer(at: Clock.deadline(after: pause)) { [weak self] in
      guard let self else { return }
      timer = nil
      guard stage == .working, LessonRun.current === self else { return }
      betweenTime = 0
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
    if try isReached || watch?.look() ?? false {
      isReached = true
      if isInBriefEntry { return }
      LessonRun.tellNews()
      stage = .done
      records.add(name, step.number, .done)
      let reached = "**\(say(LessonPhrases.reached))**"
      let blank = language == .chinese ? "" : " "
      try tell(reached + (answer == nil ? blank + say(LessonPhrases.enter) : ""))
      if answer != nil {
        try compare()
        try tell(say(LessonPhrases.enter))
      }
      try tellComplaint()
      return
    }
    for number in signs.indices where !signs[number].isTold {
      guard step.wrongs.indices.contains(number) else { continue }
      guard try signs[number].isDue || signs[number].condition.holds() else { continue }
      signs[number].isDue = true
      if isInBriefEntry { continue }
      LessonRun.tellNews()
      signs[number].isTold = true
      records.add(name, step.number, .wrong)
      try interpreter.write(TextLayout(for: interpreter).text(step.wrongs[number].hint))
      try session.output.flush()
      return
    }
    try askForLook()
  }

  /// Says once that what was done so far is to be looked at.
  private func askForLook() throws {
    guard let watch, let part = watch.awaitedLook, !lookedFor.contains(part), !isInBriefEntry
    else { return }
    LessonRun.tellNews()
    lookedFor.insert(part)
    try tell(say(watch.lacksOnlyLooks ? LessonPhrases.lookAtLast : LessonPhrases.lookNow))
  }

  /// Whether an entry runs, and not for long: what it shows comes before what is said of it.
  private var isInBriefEntry: Bool {
    entryBegan.map { Clock.monotonic - $0 < 2_000_000_000 } ?? false
  }

  /// The same after signals and the like, which come often.
  public func lookAtEvent() throws {
    let now = Clock.monotonic
    guard now - lastEvent >= max(20_000_000, lookTime * 5) else { return }
    lastEvent = now
    try look()
  }

  /// Looks after each operation of this process on a channel, before the next one of the entry.
  ///
  /// What children do is seen by the next of the other looks: they do not wait for one.
  func listen() {
    guard !isListening else { return }
    isListening = true
    let other = OperationPoint.listener
    otherListener = other
    OperationPoint.listener = { event in
      other?(event)
      if !event.isBefore { LessonRun.current?.wake(isBrief: true) }
    }
  }

  func stopListening() {
    guard isListening else { return }
    isListening = false
    OperationPoint.listener = otherListener
  }

  /// Looks between operations may take so long (ns), so that an entry with many of them goes on.
  private static let mostBetween: Int64 = 100_000_000

  /// A child has ended, stopped or gone on, or a channel was used: looks at that in the middle of an
  /// entry, too.
  ///
  /// - Parameter isBrief: whether it may be over before the next look.
  public func wake(isBrief: Bool) {
    guard stage == .working, !isLooking, !isWoken else { return }
    isWoken = true
    session.attendSoon { [weak self] _ in
      guard let self else { return }
      isWoken = false
      guard LessonRun.current === self else { return }
      guard isBrief, betweenTime < LessonRun.mostBetween else { return try lookAtEvent() }
      try look()
      betweenTime += lookTime
    }
  }

  /// Keeps what was recorded for the other conditions of this look.
  func keep(_ found: [RecordedFact], of kind: String) { facts?[kind] = found }
}
