import Language

/// The arguments of a call by position and by name, in the order of a function's parameters.
public struct NamedArguments {
  private let positional: [Function.Declared]
  private let flags: [Function.Declared]
  /// Whether all parameters are positional ones without a default.
  private let isBare: Bool
  private let function: String

  /// What to call the function with.
  public struct Arranged {
    public var positional: [Value]
    public var flags: [(name: String, value: Value)] = []

    public init(positional: [Value]) { self.positional = positional }
  }

  public init(of function: Function) {
    positional = function.declaredParameters.filter { $0.role == .positional }
    flags = function.declaredParameters.filter { $0.role == .flag }
    isBare = function.declaredParameters.allSatisfy {
      $0.role == .positional && $0.standard == nil
    }
    self.function = function.signature
  }

  /// The arguments as one list, and those by name as one map, for a function with the parameters
  /// `args` or `args, kwargs`; nil for others.
  public func whole(_ given: [Value], _ named: MapObject?) throws -> Arranged? {
    let names = positional.map(\.name)
    guard isBare, names == ["args"] || names == ["args", "kwargs"] else { return nil }
    let keywords = (named?.pairs ?? []).map(\.key.asText)
    // They are meant one by one.
    if !keywords.isEmpty, keywords.allSatisfy(names.contains) { return nil }
    if names.count == 2 {
      return Arranged(positional: [.items(given), .map(named ?? MapObject())])
    }
    if let keyword = keywords.first {
      throw ErrorObject(
        .arity, "there is no parameter '\(keyword)'",
        help: "'{ |args, kwargs| … }' takes arguments by name as a map; it is \(function)")
    }
    return Arranged(positional: [.items(given)])
  }

  /// The arguments in the order of the parameters; throws where one is unknown, missing or given twice.
  public func arranged(_ given: [Value], _ named: MapObject) throws -> Arranged {
    var result = Arranged(positional: given)
    var rest = named.pairs.reduce(into: [String: Value]()) { $0[$1.key.asText] = $1.value }
    for flag in flags {
      if let value = rest.removeValue(forKey: flag.name) { result.flags.append((flag.name, value)) }
    }
    let last = positional.lastIndex { rest[$0.name] != nil } ?? -1
    for (index, parameter) in positional.enumerated() where index <= last {
      let value = rest.removeValue(forKey: parameter.name)
      if index < given.count {
        if value == nil { continue }
        throw ErrorObject(
          .arity, "'\(parameter.name)' was given twice: by position and by name",
          help: "it is \(function)")
      }
      guard value != nil || parameter.standard != nil else {
        throw ErrorObject(
          .arity, "'\(parameter.name)' was not given", help: "it is \(function)")
      }
      result.positional.append(value ?? .missing)
    }
    if let unknown = rest.keys.min() {
      throw ErrorObject(
        .arity, "there is no parameter '\(unknown)'",
        help: nearest(unknown, among: (positional + flags).map(\.name)).map {
          "did you mean '\($0)'?"
        } ?? "it is \(function)")
    }
    return result
  }
}
