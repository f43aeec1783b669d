import TestSupport

/// The lower half of a script section: `--- exit 3` or `---`, standard output, and standard error
/// with `! ` before each line.
struct ExpectedOutput {
  private(set) var status = "exit 0"
  private var lines: [String] = []

  /// Made from the lines from `---` on; none expect nothing.
  init(_ lines: [String]) {
    guard let first = lines.first else { return }
    let status = first.dropFirst(3).trimmingPrefix { $0 == " " }
    if !status.isEmpty { self.status = String(status) }
    self.lines = Array(lines.dropFirst())
  }

  /// Whether a line starts the expected output.
  static func isStart(_ line: String) -> Bool { line == "---" || line.hasPrefix("--- ") }

  /// What differs, or nil if all is as expected.
  func difference(from output: Output) -> String? {
    var differences: [String] = []
    let actual = Self.statusText(output)
    if actual != status { differences.append("- --- \(status)\n+ --- \(actual)") }
    var bindings: ExpectedText.Bindings = [:]
    if !standardOutput.matches(Self.linesOf(output.standardOutput), binding: &bindings) {
      differences.append(
        "standard output:\n" + standardOutput.difference(from: Self.linesOf(output.standardOutput)))
    }
    if !standardError.matches(Self.linesOf(output.standardError), binding: &bindings) {
      differences.append(
        "standard error:\n" + standardError.difference(from: Self.linesOf(output.standardError)))
    }
    return differences.isEmpty ? nil : differences.joined(separator: "\n")
  }

  /// The lines from `---` on that expect this output; what still fits is kept.
  func updated(to output: Output) -> [String] {
    let status = Self.statusText(output)
    let first = status == "exit 0" ? "---" : "--- \(status)"
    var bindings: ExpectedText.Bindings = [:]
    let out = Self.linesOf(output.standardOutput)
    let error = Self.linesOf(output.standardError)
    if standardOutput.matches(out, binding: &bindings),
      standardError.matches(error, binding: &bindings)
    {
      return [first] + lines
    }
    return [first]
      + standardOutput.updated(to: out, bindings: [:])
      .map { Self.isError($0) ? "\\\($0)" : $0 }
      + standardError.updated(to: error, bindings: bindings).map { $0.isEmpty ? "!" : "! \($0)" }
  }

  private var standardOutput: ExpectedText {
    // A line of standard output that looks like one of standard error has a backslash in front.
    ExpectedText(
      lines.filter { !Self.isError($0) }.map { $0.hasPrefix("\\!") ? String($0.dropFirst()) : $0 })
  }

  private var standardError: ExpectedText {
    ExpectedText(lines.filter(Self.isError).map { String($0.dropFirst(2)) })
  }

  private static func isError(_ line: String) -> Bool { line == "!" || line.hasPrefix("! ") }

  private static func statusText(_ output: Output) -> String {
    output.status?.description ?? "killed when its time was up"
  }

  /// Lines without white space at their ends, and without empty ones at the end of the text.
  private static func linesOf(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).trimmedRight }
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}
