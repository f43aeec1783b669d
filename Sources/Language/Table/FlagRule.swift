/// Which flags of a command go together: known before it runs, to `--check`, and to its help.
public enum FlagRule: Sendable {
  /// At most one of these flags may be given.
  case exclusive([String])
  /// A flag means nothing without one of some others.
  case needs(String, anyOf: [String])

  /// What a call breaks: the flag at fault, and what to say of it.
  struct Problem {
    let flag: String
    let message: String
    var help: String?
  }

  /// - Parameter given: the flags of a call, in the order in which they were written.
  func problem(_ given: [String]) -> Problem? {
    switch self {
    case .exclusive(let names):
      let both = names.filter(given.contains).prefix(2)
      guard both.count > 1 else { return nil }
      let last = given.last(where: both.contains) ?? both[1]
      return Problem(
        flag: last, message: "--\(both[0]) and --\(both[1]) cannot be used together",
        help: "leave one of them out")
    case .needs(let flag, let others):
      guard given.contains(flag), !others.contains(where: given.contains) else { return nil }
      let list = others.map { "--\($0)" }.joined(separator: " or ")
      return Problem(
        flag: flag, message: "--\(flag) needs \(list)", help: "add \(list), or leave it out")
    }
  }

  /// A sentence for help.
  var sentence: String {
    switch self {
    case .exclusive(let names):
      "Only one of \(FlagRule.list(names, "and")) can be given."
    case .needs(let flag, let others): "--\(flag) needs \(FlagRule.list(others, "or"))."
    }
  }

  /// Flags as a list: `--a, --b and --c`.
  private static func list(_ names: [String], _ word: String) -> String {
    let flags = names.map { "--\($0)" }
    guard let last = flags.last, flags.count > 1 else { return flags.first ?? "" }
    return flags.dropLast().joined(separator: ", ") + " \(word) \(last)"
  }
}

extension [Flag] {
  /// What is wrong with the flags of a call, nil if nothing is.
  ///
  /// - Parameter given: their names in the order in which they were written, each as often as it
  ///   was.
  func problem(_ given: [String], _ rules: [FlagRule]) -> FlagRule.Problem? {
    guard given.count > 1 || !rules.isEmpty else { return nil }
    for (i, name) in given.enumerated() where given[..<i].contains(name) {
      guard let flag = first(where: { $0.name == name }), !flag.isRepeatable else { continue }
      let misuse = Misuse.givenTwice(flag.spelling)
      return FlagRule.Problem(flag: name, message: misuse.message, help: misuse.help)
    }
    for rule in rules {
      if let problem = rule.problem(given) { return problem }
    }
    return nil
  }

  /// Sentences on how they go together, for help.
  func sentences(_ rules: [FlagRule]) -> [String] {
    rules.map(\.sentence)
      + filter(\.isRepeatable).map { "\($0.spelling) can be given more than once." }
  }
}

extension Command {
  /// What is wrong with the flags of a call, nil if nothing is.
  func flagProblem(_ given: [String]) -> FlagRule.Problem? { flags.problem(given, rules) }

  /// Sentences about its flags, for help.
  public var flagSentences: [String] { flags.sentences(rules) }
}

extension CommandLine {
  /// Sentences about its flags, for help.
  public var flagSentences: [String] { flags.sentences(rules) }
}
