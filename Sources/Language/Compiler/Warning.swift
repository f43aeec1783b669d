extension Statement {
  /// `config warnings off`, which counts before the text runs.
  var turnsWarningsOff: Bool {
    guard case .expression(let expression) = kind, case .command(let node) = expression.kind,
      case .word("config") = node.head
    else { return false }
    return node.arguments.map(\.spelling) == ["warnings", "off"]
  }
}

/// What is worth a word although the text can run.
public struct Warning {
  /// When it is told, besides under `--check` and at the prompt.
  public enum Occasion: Sendable {
    /// At a run whose standard error is a terminal.
    case terminal
    /// The same, but not at the prompt, where the entry fails at once and says no less.
    case script
    /// At every run: what it prints is not what its author thinks.
    case everyRun
    /// At no run.
    case never
    /// At no run, and at the prompt once.
    case once
  }

  public let message: String
  public let location: Location
  public let help: String?
  public let occasion: Occasion
}
