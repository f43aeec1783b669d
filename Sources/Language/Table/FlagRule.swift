/// Which flags and arguments of a command go together: known before it runs, to `--check`, and to its
/// help.
public enum FlagRule: Sendable {
  /// At most one of these flags may be given.
  case exclusive([String])
  /// A flag means nothing without one of some others; what else to say of it without these.
  case needs(String, anyOf: [String], help: String? = nil)
  /// One of these flags must be given.
  case requires(anyOf: [String])
  /// A flag stands in place of an argument. Which one that is depends on the arguments as typed, nil
  /// where one is computed.
  case replaces(String, argument: String, at: @Sendable ([String?]) -> Int)
  /// Flags mean nothing without the argument at a place.
  case flagsNeed(argument: Int, String, help: String)

  /// None of some flags may be given with any of others.
  case excludes([String], [String])

  /// What a call breaks: the flag at fault, nil if none is, and what to say of it.
  struct Problem {
    let flag: String?
    let message: String
    var help: String?
  }

  /// - Parameters:
  ///   - given: the flags of a call, in the order in which they were written.
  ///   - words: its arguments as typed, nil where they are not known.
  ///   - name: the command.
  func problem(_ given: [String], _ words: () -> [String?]?, of name: String) -> Problem? {
    switch self {
    case .requires(let names):
      if names.contains(where: given.contains) { return nil }
      return Problem(
        flag: nil, message: "'\(name)' needs \(FlagRule.list(names, "or"))",
        help: "add one of them")
    case .replaces(let flag, let argument, let place):
      guard given.contains(flag), let words = words(), words.count > place(words) else {
        return nil
      }
      return Problem(
        flag: flag, message: "--\(flag) and \(argument) cannot be used together",
        help: "leave one of them out")
    case .flagsNeed(let place, let argument, let help):
      guard let flag = given.first, let words = words(), words.count <= place else { return nil }
      return Problem(flag: flag, message: "'\(name) --\(flag)' needs \(argument)", help: help)
    case .exclusive(let names):
      let both = names.filter(given.contains).prefix(2)
      guard both.count > 1 else { return nil }
      let last = given.last(where: both.contains) ?? both[1]
      return Problem(
        flag: last, message: "--\(both[0]) and --\(both[1]) cannot be used together",
        help: "leave one of them out")
    case .excludes(let names, let others):
      guard let name = given.first(where: names.contains),
        let other = given.first(where: others.contains)
      else { return nil }
      return Problem(
        flag: other, message: "--\(name) and --\(other) cannot be used together",
        help: "leave one of them out")
    case .needs(let flag, let others, let help):
      guard given.contains(flag), !others.contains(where: given.contains) else { return nil }
      let list = others.map { "--\($0)" }.joined(separator: " or ")
      return Problem(
        flag: flag, message: "--\(flag) needs \(list)", help: help ?? "add \(list), or leave it out"
      )
    }
  }

  /// A sentence for help.
  var sentence: String {
    switch self {
    case .exclusive(let names):
      "Only one of \(FlagRule.list(names, "and")) can be given."
    case .excludes(let names, let others):
      "With \(FlagRule.list(names, "or")) there can be none of \(FlagRule.list(others, "and"))."
    case .needs(let flag, let others, _): "--\(flag) needs \(FlagRule.list(others, "or"))."
    case .requires(let names): "One of \(FlagRule.list(names, "and")) must be given."
    case .replaces(let flag, let argument, _): "--\(flag) stands in place of \(argument)."
    case .flagsNeed(_, let argument, _): "Flags need \(argument)."
    }
  }

  /// Flags as a list: `--a, --b and --c`.
  fileprivate static func list(_ names: [String], _ word: String) -> String {
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
  func problem(
    _ given: [String], _ rules: [FlagRule], _ words: () -> [String?]?, of name: String
  ) -> FlagRule.Problem? {
    guard given.count > 1 || !rules.isEmpty else { return nil }
    for (i, name) in given.enumerated() where given[..<i].contains(name) {
      guard let flag = first(where: { $0.name == name }), !flag.isRepeatable else { continue }
      let misuse = Misuse.givenTwice(flag.spelling)
      return FlagRule.Problem(flag: name, message: misuse.message, help: misuse.help)
    }
    for rule in rules {
      if let problem = rule.problem(given, words, of: name) { return problem }
    }
    return nil
  }

  /// Sentences on how they go together, for help.
  func sentences(_ rules: [FlagRule]) -> [String] {
    var sentences: [String] = []
    var rest = rules[...]
    while let rule = rest.popFirst() {
      guard case .needs(let flag, let others, _) = rule else {
        sentences.append(rule.sentence)
        continue
      }
      // Those that need the same are told together.
      var needing = [flag]
      while case .needs(let next, others, _)? = rest.first {
        needing.append(next)
        rest.removeFirst()
      }
      sentences.append(
        "\(FlagRule.list(needing, "and")) \(needing.count == 1 ? "needs" : "need") "
          + "\(FlagRule.list(others, "or")).")
    }
    let repeatable = filter(\.isRepeatable).map(\.name)
    if !repeatable.isEmpty {
      sentences.append("\(FlagRule.list(repeatable, "and")) can be given more than once.")
    }
    return sentences
  }
}

extension Command {
  /// What is wrong with the flags of a call, nil if nothing is.
  ///
  /// - Parameter words: its arguments as typed, nil where one is computed; nil if not all are known.
  func flagProblem(
    _ given: [String], _ words: @autoclosure () -> [String?]? = nil
  ) -> FlagRule.Problem? {
    flags.problem(given, rules, words, of: name)
  }

  /// Whether a call without flags breaks a rule.
  var requiresFlag: Bool {
    rules.contains { if case .requires = $0 { true } else { false } }
  }

  /// Sentences about its flags, for help.
  public var flagSentences: [String] { flags.sentences(rules) }
}

extension Call {
  /// The rule on flags and arguments that the call breaks, for what only its run can see.
  public func brokenRule() -> ErrorObject? {
    let given = command.flags.filter { flag($0.name) != nil }.map(\.name)
    let words = (0..<count).map { spelling($0)?.asText }
    guard let problem = command.flagProblem(given, words) else { return nil }
    let place = problem.flag.flatMap { location(flag: $0) } ?? location
    return ErrorObject(.arity, problem.message, help: problem.help, location: place)
  }
}

extension CommandLine {
  /// Sentences about its flags, for help.
  public var flagSentences: [String] { flags.sentences(rules) }
}
