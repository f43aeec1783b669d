import Language

/// What a learner has done, as lines of a file that only grows.
///
/// Each line is a JSON object: `at` (seconds since 1970), `lesson`, `step`, `what` (`begun`, `done`,
/// `skipped`, `hint`, `wrong`, `predicted`), and of a prediction `answer`, `right`, `why`.
public struct LessonProgress {
  public struct Event: Equatable, Sendable {
    public enum What: String, Sendable, CaseIterable {
      case begun, done, skipped, hint, wrong, predicted
    }

    public var time: Int
    public var lesson: String
    /// From 1.
    public var step: Int
    public var what: What
    public var answer: String?
    public var isRight: Bool?
    /// The misconception that explains a wrong answer.
    public var reason: String?

    public init(
      time: Int, lesson: String, step: Int, what: What, answer: String? = nil,
      isRight: Bool? = nil, reason: String? = nil
    ) {
      (self.time, self.lesson, self.step, self.what) = (time, lesson, step, what)
      (self.answer, self.isRight, self.reason) = (answer, isRight, reason)
    }

    /// The line that it is in the file, with its newline.
    public var line: [UInt8] {
      let map = MapObject()
      map.set("at", .int(time))
      map.set("lesson", .text(lesson))
      map.set("step", .int(step))
      map.set("what", .text(what.rawValue))
      if let answer { map.set("answer", .text(answer)) }
      if let isRight { map.set("right", .bool(isRight)) }
      if let reason { map.set("why", .text(reason)) }
      var writer = JSONWriter(pretty: false)
      try? writer.write(.map(map))
      return writer.bytes + [0x0A]
    }
  }

  public private(set) var events: [Event] = []

  public init() {}

  /// Reads the file's bytes; what is no such line is passed over, since a line may be torn.
  public init(_ bytes: [UInt8]) {
    for line in bytes.split(separator: 0x0A) {
      let value = Array(line).withUnsafeBufferPointer { buffer -> Value? in
        guard String(validating: buffer, as: UTF8.self) != nil else { return nil }
        var parser = JSONParser(buffer)
        return try? parser.parse()
      }
      guard case .map(let map)? = value, case .int(let time)? = map.get("at"),
        case .int(let step)? = map.get("step"), let lesson = map.get("lesson")?.asText,
        let what = map.get("what").flatMap({ Event.What(rawValue: $0.asText) })
      else { continue }
      var event = Event(time: time, lesson: lesson, step: step, what: what)
      event.answer = map.get("answer")?.asText
      if case .bool(let right)? = map.get("right") { event.isRight = right }
      event.reason = map.get("why")?.asText
      events.append(event)
    }
  }

  public mutating func add(_ event: Event) { events.append(event) }

  /// What became of a lesson.
  public struct State: Equatable, Sendable {
    public var done: Set<Int> = []
    public var skipped: Set<Int> = []
    public var hints = 0
    public var right = 0
    public var wrong = 0
    public var reasons: [String] = []
    public var first: Int?
    public var last: Int?

    /// The step to go on with, from 1; nil when all were done or skipped.
    public func next(of count: Int) -> Int? {
      guard count > 0 else { return nil }
      return (1...count).first { !done.contains($0) && !skipped.contains($0) }
    }
  }

  /// O(n) in all events.
  public func state(of lesson: String) -> State {
    var state = State()
    for event in events where event.lesson == lesson {
      state.first = state.first ?? event.time
      state.last = event.time
      switch event.what {
      case .begun, .wrong: break
      case .done:
        state.done.insert(event.step)
        state.skipped.remove(event.step)
      case .skipped: if !state.done.contains(event.step) { state.skipped.insert(event.step) }
      case .hint: state.hints += 1
      case .predicted:
        if event.isRight ?? false { state.right += 1 } else { state.wrong += 1 }
        if let reason = event.reason { state.reasons.append(reason) }
      }
    }
    return state
  }

  /// The lessons that there are events of, in the order of the first ones.
  public var lessons: [String] {
    var seen: Set<String> = []
    return events.map(\.lesson).filter { seen.insert($0).inserted }
  }
}
