/// Lists of hosts as Slurm writes them: `node[1-3,07],login` (scontrol(1), show hostnames).
public enum HostExpression {
  /// The hosts of a list, in their order; nil for a text that is none.
  ///
  /// At most 65,536 are made.
  public static func hosts(_ text: String) -> [String]? {
    var result: [String] = []
    for part in split(text) {
      guard !part.isEmpty, let names = expand(part) else { return nil }
      result += names
      if result.count > 1 << 16 { return nil }
    }
    return result.isEmpty ? nil : result
  }

  /// At the commas that stand in no brackets.
  private static func split(_ text: String) -> [Substring] {
    var parts: [Substring] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "[": depth += 1
      case "]": depth -= 1
      case "," where depth == 0:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    return parts + [text[start...]]
  }

  private static func expand(_ text: Substring) -> [String]? {
    guard let open = text.firstIndex(of: "[") else {
      return text.contains("]") ? nil : [String(text)]
    }
    guard let close = text[open...].firstIndex(of: "]"),
      let numbers = numbers(text[text.index(after: open)..<close]),
      let rest = expand(text[text.index(after: close)...])
    else { return nil }
    let head = text[..<open]
    guard numbers.count * rest.count <= 1 << 16 else { return nil }
    return numbers.flatMap { number in rest.map { "\(head)\(number)\($0)" } }
  }

  private static func numbers(_ text: Substring) -> [String]? {
    var result: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard let first = ends.first, let last = ends.last, ends.count <= 2,
        let low = Int(first), let high = Int(last), low >= 0, low <= high, high - low < 1 << 16
      else { return nil }
      for number in low...high {
        let digits = String(number)
        result.append(String(repeating: "0", count: max(0, first.count - digits.count)) + digits)
      }
      if result.count > 1 << 16 { return nil }
    }
    return result
  }
}
