/// Numbers of arguments, for calls and for what is known about them before they run.
extension Command {
  /// What is wrong with so many arguments; nil if the command takes them.
  func arityProblem(_ count: Int) -> String? {
    parameters.problem(
      count, of: name, besides: inline != nil && opening == nil ? " and a block" : "")
  }
}

extension [Parameter] {
  /// What is wrong with so many arguments; nil if they fit.
  ///
  /// - Parameters:
  ///   - name: what they are given to.
  ///   - besides: what else it takes.
  func problem(_ count: Int, of name: String, besides: String = "") -> String? {
    if count < self.count(where: { $0.arity == .required }) {
      // What can be left out in front of it is not what is missing.
      let missing =
        dropFirst(count).first { $0.arity == .required } ?? last { $0.arity == .required }
      return "'\(name)' needs \(article(missing?.name ?? "argument"))"
    }
    let limit = self.count
    if last?.arity == .rest || count <= limit { return nil }
    if limit == 0 { return "'\(name)' takes no arguments" }
    return "'\(name)' takes at most \(counted(limit, "argument"))\(besides), but got \(count)"
  }

  private func article(_ name: String) -> String {
    // A letter alone is spoken by its name.
    let vowels = name.count == 1 ? "aefhilmnorsx" : "aeiou"
    let vowel = name.first.map { vowels.contains($0) } ?? false
    return "\(vowel ? "an" : "a") \(name)"
  }
}

/// How many positional arguments a function of the program takes.
struct FunctionArity {
  let required: Int
  let limit: Int
  let hasRest: Bool

  init(_ parameters: [ParameterNode]) {
    let positional = parameters.filter { $0.role == .positional }
    required = positional.count { $0.defaultValue == nil }
    limit = positional.count
    hasRest = parameters.contains { $0.role == .rest }
  }

  /// What is wrong with so many arguments; nil if the function takes them.
  func problem(_ count: Int, of name: String?) -> String? {
    if count >= required, hasRest || count <= limit { return nil }
    let wanted =
      hasRest
      ? "at least \(required)" : required == limit ? "\(required)" : "\(required) to \(limit)"
    let noun = wanted == "1" || wanted == "at least 1" ? "argument" : "arguments"
    return "\(name.map { "'\($0)'" } ?? "the block") takes \(wanted) \(noun), but got \(count)"
  }
}

extension ParameterNode {
  /// Whether a flag of a function stands alone: it has neither a type nor a default.
  var isSwitch: Bool {
    role == .flag && (typeName == "bool" || typeName == nil && defaultValue == nil)
  }
}

extension [ParameterNode] {
  /// `square(x, y = …)`, for messages.
  func signature(_ name: String?) -> String {
    let shown = map { parameter in
      let type = parameter.typeName.map { ": " + $0 } ?? ""
      switch parameter.role {
      case .positional:
        return parameter.name + type + (parameter.defaultValue == nil ? "" : " = …")
      case .rest: return "..." + parameter.name
      case .flag: return "--" + parameter.name + type
      }
    }
    return "\(name ?? "block")(\(shown.joined(separator: ", ")))"
  }
}
