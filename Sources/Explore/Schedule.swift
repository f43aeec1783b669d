/// One thing that can happen next in a run.
public struct Step: Hashable, Comparable, Sendable {
  /// What happens to the process.
  public enum Act: Int, Comparable, Sendable {
    /// It does its next operation.
    case go
    /// It begins to wait for its next operation, where that is a step of its own.
    case wait
    /// It ends, where that is a step of its own.
    case end
    /// What handles a signal that has come begins before that operation.
    case signal
    /// The time of its next operation is over.
    case expire
    /// It is killed before its next operation.
    case kill

    /// Whether it is what the process does of itself.
    public var isOwn: Bool { self <= .end }

    /// As they are tried.
    public static func < (left: Act, right: Act) -> Bool { left.rawValue < right.rawValue }
  }

  /// To which process.
  public let process: ProcessPath
  /// What happens.
  public let act: Act

  /// Makes one.
  public init(_ process: ProcessPath, _ act: Act = .go) {
    self.process = process
    self.act = act
  }

  /// Operations before signals before ends of time before deaths, and in each the lower process first.
  public static func < (left: Step, right: Step) -> Bool {
    if left.act != right.act { return left.act < right.act }
    return left.process < right.process
  }
}

/// The choices of a run, in order, as people read and type them: `1x3,2x4,k1`.
///
/// A step is a process, after `s` for a signal that it handles, after `t` for the end of its time, after
/// `k` for its death, after `e` for its end and `w` for the beginning of a wait where these are steps; `x3`
/// says that it comes three times in a row. What follows the last step is the usual: the same process goes
/// on as long as it can, else the lowest one goes.
public struct Schedule: Hashable, Sendable, CustomStringConvertible {
  /// The steps.
  public var steps: [Step]

  /// Makes one.
  public init(_ steps: [Step] = []) { self.steps = steps }

  /// More steps than anybody means are no schedule.
  public static let mostSteps = 1_000_000

  /// Reads a text; nil if it is no schedule.
  public init?(_ text: some StringProtocol) {
    steps = []
    if text.isEmpty || text == "-" { return }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      var rest = Substring(part)
      while rest.first == " " { rest.removeFirst() }
      while rest.last == " " { rest.removeLast() }
      var count = 1
      if let cross = rest.firstIndex(of: "x") {
        guard let number = Int(rest[rest.index(after: cross)...]), number > 0 else { return nil }
        count = number
        rest = rest[..<cross]
      }
      var act = Step.Act.go
      switch rest.first {
      case "k": act = .kill
      case "e": act = .end
      case "w": act = .wait
      case "s": act = .signal
      case "t": act = .expire
      default: break
      }
      if act != .go { rest.removeFirst() }
      guard let process = ProcessPath(rest), steps.count + count <= Schedule.mostSteps else {
        return nil
      }
      steps += [Step](repeating: Step(process, act), count: count)
    }
  }

  /// How often another process goes on than the one before, which is what makes it hard to follow.
  public var switches: Int {
    zip(steps, steps.dropFirst()).count { $0.process != $1.process }
  }

  /// The text that is read back as the same; `-` for no steps.
  public var description: String {
    if steps.isEmpty { return "-" }
    var parts: [String] = []
    var index = 0
    while index < steps.count {
      let choice = steps[index]
      var end = index + 1
      while end < steps.count, steps[end] == choice { end += 1 }
      let mark =
        switch choice.act {
        case .go: ""
        case .signal: "s"
        case .expire: "t"
        case .kill: "k"
        case .end: "e"
        case .wait: "w"
        }
      parts.append("\(mark)\(choice.process)" + (end - index > 1 ? "x\(end - index)" : ""))
      index = end
    }
    return parts.joined(separator: ",")
  }

  /// What goes on after the last step that a schedule names: the process of the last step if it can,
  /// else the lowest; no death.
  public static func usual(_ choices: [Step], after last: Step?) -> Step? {
    let living = choices.filter { $0.act != .kill }
    if let last, let same = living.first(where: { $0.process == last.process && $0.act.isOwn }) {
      return same
    }
    return living.min()
  }
}
