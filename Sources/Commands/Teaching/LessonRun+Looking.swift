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

  /// A child has ended, stopped or gone on: looks at that in the middle of an entry, too.
  ///
  /// - Parameter isBrief: whether it may be over before the next look.
  public func wake(isBrief: Bool) {
    guard stage == .working, !isLooking, !isWoken else { return }
    isWoken = true
    session.attendSoon { [weak self] _ in
      guard let self else { return }
      isWoken = false
      guard LessonRun.current === self else { return }
      if isBrief { try look() } else { try lookAtEvent() }
    }
  }

  /// Keeps what was recorded for the other conditions of this look.
  func keep(_ found: [RecordedFact], of kind: String) { facts?[kind] = found }
}
