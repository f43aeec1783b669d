/// How many programs may run at a time, as `--jobs` says it.
public enum JobLimit: Equatable, Sendable {
  case count(Int)
  /// As many as possible: `0`.
  case unbounded

  /// The most that there are ever.
  public static let most = 30_000

  /// What a text says: `4`, `+1` and `-1` of the CPUs, `50%` of them, `0`; nil if it is none of these.
  public init?(_ text: String, cpus: Int) {
    let sign = text.hasPrefix("+") || text.hasPrefix("-") ? text.first : nil
    var digits = sign == nil ? text[...] : text.dropFirst()
    let isPercent = sign == nil && digits.hasSuffix("%")
    if isPercent { digits.removeLast() }
    guard !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ ("0"..."9").contains($0) }),
      let number = Int(digits)
    else { return nil }
    switch sign {
    case "+": self = .count(JobLimit.bounded(cpus + number))
    case "-": self = .count(JobLimit.bounded(cpus - number))
    case nil where isPercent: self = .count(JobLimit.bounded((cpus * number + 50) / 100))
    default: self = number == 0 ? .unbounded : .count(JobLimit.bounded(number))
    }
  }

  private static func bounded(_ count: Int) -> Int { max(1, min(count, most)) }
}
