/// A condition for halting a job, and what that means for tasks that run.
public struct TaskHalt: Equatable, Sendable {
  /// What a halt does to tasks that run; none is started in either case.
  public enum Effect: String, Equatable, Sendable {
    /// Tasks that run go on.
    case soon
    /// Tasks that run are ended.
    case now
  }

  /// After what a job halts.
  public enum Condition: Equatable, Sendable {
    /// So many tasks have failed, without cancelled ones.
    case failures(Int)
    /// So many have succeeded.
    case successes(Int)
    /// So many have ended.
    case finished(Int)
    /// So many in a hundred of the tasks known of have failed, from the tenth end on.
    case failedPercent(Double)
  }

  /// What becomes of tasks that run.
  public let effect: Effect
  /// When it happens.
  public let condition: Condition

  /// A halt after the first failure, or after another condition.
  public init(_ effect: Effect, after condition: Condition = .failures(1)) {
    self.effect = effect
    self.condition = condition
  }

  /// Whether its condition is something that was wanted, and no fault.
  public var isWanted: Bool {
    switch condition {
    case .successes, .finished: true
    case .failures, .failedPercent: false
    }
  }

  /// So many tasks must have ended before a share of them means anything.
  static let leastEnded = 10

  /// Whether it holds.
  ///
  /// - Parameters:
  ///   - failed: without tasks that were cancelled.
  ///   - supplied: how many tasks are known of.
  func isMet(succeeded: Int, failed: Int, supplied: Int) -> Bool {
    switch condition {
    case .failures(let count): failed >= count
    case .successes(let count): succeeded >= count
    case .finished(let count): succeeded + failed >= count
    case .failedPercent(let percent):
      failed > 0 && succeeded + failed >= TaskHalt.leastEnded
        && Double(failed) * 100 >= percent * Double(supplied)
    }
  }

  // MARK: As a text

  /// What a text asks for, as `never`, `soon`, `now,fail=3`, `soon,fail=10%`, `now,success=1` or
  /// `soon,done=100`.
  public enum Request: Equatable, Sendable {
    case never
    case halt(TaskHalt)
    /// Why it means nothing.
    case wrong(String)
  }

  /// Reads such a text.
  public static func request(_ text: String) -> Request {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    if text == "never" { return .never }
    guard let effect = Effect(rawValue: String(parts[0])) else {
      return .wrong("begins with never, soon or now")
    }
    if parts.count == 1 { return .halt(TaskHalt(effect)) }
    let pair = parts[1].split(separator: "=", maxSplits: 1)
    guard parts.count == 2, pair.count == 2 else {
      return .wrong(
        "has one condition behind the comma, as fail=3, fail=10%, success=1 or done=100")
    }
    let isPercent = pair[1].hasSuffix("%")
    guard let number = number(isPercent ? pair[1].dropLast() : pair[1], isWhole: !isPercent) else {
      return .wrong("counts from 1 on, or by percents from more than 0 to 100")
    }
    switch (String(pair[0]), isPercent) {
    case ("fail", true):
      if number > 100 { return .wrong("counts by percents from more than 0 to 100") }
      return .halt(TaskHalt(effect, after: .failedPercent(number)))
    case ("fail", false): return .halt(TaskHalt(effect, after: .failures(Int(number))))
    case ("success", false): return .halt(TaskHalt(effect, after: .successes(Int(number))))
    case ("done", false): return .halt(TaskHalt(effect, after: .finished(Int(number))))
    case ("success", true), ("done", true): return .wrong("takes percents for fail only")
    default: return .wrong("knows fail, success and done, and not '\(pair[0])'")
    }
  }

  /// A number greater than 0 in plain digits.
  private static func number(_ text: Substring, isWhole: Bool) -> Double? {
    guard text.allSatisfy({ ("0"..."9").contains($0) || !isWhole && $0 == "." }),
      let number = Double(text), number > 0, number <= 1e15
    else { return nil }
    return number
  }
}
