extension SiteArgument.Role {
  /// What a word is by its dashes: `--name`, `--name=value`, `--`, or an argument.
  public init(typed word: String) {
    guard word.hasPrefix("--") else {
      self = .positional
      return
    }
    let name = word.dropFirst(2).prefix { $0 != "=" }
    self =
      word == "--"
      ? .endOfFlags : .flag(String(name), hasValue: name.endIndex < word.endIndex)
  }
}

/// Tells flags, their values and arguments apart: the one rule for calls, for what `--check` and
/// completion see of them, and for command lines.
public struct ArgumentSorter {
  /// What a piece of a call means; flags go by their place among those that are declared.
  public enum Meaning: Equatable {
    case argument
    /// Its items are arguments.
    case spread
    /// A switch, or a flag with its value behind `=`.
    case flag(Int)
    /// A flag whose value is the next piece.
    case opens(Int)
    case value(of: Int)
    /// `--`, or a flag that is passed over.
    case nothing
    /// A flag stands where the value of the one before must be.
    case unfilled
  }

  /// A flag whose value comes next, and the piece that it is.
  public private(set) var open: (flag: Int, place: Int)?
  /// Behind `--`, or in the words of a program.
  public private(set) var flagsEnded = false
  private let endsAtArgument: Bool
  private let takesAnyValue: Bool

  /// - Parameters:
  ///   - endsAtArgument: all that follows the first argument are arguments, as of a program.
  ///   - takesAnyValue: a flag's value is the next word, even if it looks like a flag.
  public init(endsAtArgument: Bool = false, takesAnyValue: Bool = false) {
    self.endsAtArgument = endsAtArgument
    self.takesAnyValue = takesAnyValue
  }

  /// Takes the next piece.
  ///
  /// - Parameters:
  ///   - place: a number for it.
  ///   - find: the place of a flag among those that are declared, and whether it has a value; nil to
  ///     pass over it.
  @inline(__always)
  public mutating func take(
    _ role: SiteArgument.Role, at place: Int,
    find: (String) throws -> (index: Int, hasValue: Bool)?
  ) rethrows -> Meaning {
    if let open {
      if takesAnyValue || role == .positional {
        self.open = nil
        return .value(of: open.flag)
      }
      if case .flag = role { return .unfilled }
    }
    switch role {
    case .positional:
      if endsAtArgument { flagsEnded = true }
      return .argument
    case .spread:
      if endsAtArgument { flagsEnded = true }
      return .spread
    case .endOfFlags:
      if flagsEnded { return .argument }
      flagsEnded = true
      return .nothing
    case .flag(let name, let hasValue):
      if flagsEnded { return .argument }
      guard let (index, takesValue) = try find(name) else { return .nothing }
      if hasValue || !takesValue { return .flag(index) }
      open = (index, place)
      return .opens(index)
    }
  }
}
