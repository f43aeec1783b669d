/// What `select` can wait for, and how it does.
public struct Choice: Sendable {
  /// The words that its arms can begin with.
  public let arms: [SelectArm]
  /// Waits until one of the arms can run.
  let select: @Sendable (borrowing Selection) throws -> Selected

  public init(
    arms: [SelectArm], select: @escaping @Sendable (borrowing Selection) throws -> Selected
  ) {
    self.arms = arms
    self.select = select
  }
}

/// A kind of arm: `queue Q { |value| … }`.
public struct SelectArm: Sendable {
  /// The word that it begins with.
  public let name: String
  /// Its one argument.
  public let parameter: Parameter
  /// What its block may receive, as help shows it: nothing, a value, or a value and its origin.
  let blockParameters: [String]

  public init(_ name: String, _ parameter: Parameter, gives blockParameters: [String] = []) {
    self.name = name
    self.parameter = parameter
    self.blockParameters = Array(blockParameters.prefix(2))
  }

  /// The form of such an arm, as `queue QUEUE { |value, queue| … }`.
  public var usage: String {
    let list = blockParameters.isEmpty ? "" : "|\(blockParameters.joined(separator: ", "))| "
    return "\(name) \(parameter.name.uppercased()) { \(list)… }"
  }
}

/// One run of `select`: its arms with their converted arguments, in the order in which they stand.
public struct Selection: ~Copyable {
  public let interpreter: Interpreter
  public let command: Command
  public let site: CallSite
  let arguments: UnsafeMutableBufferPointer<Value>

  /// How many arms there are.
  public var count: Int { arguments.count }

  /// The argument of an arm.
  public subscript(_ index: Int) -> Value { arguments[index] }

  /// Which of the declared kinds an arm is, as an index into them.
  public func kind(_ index: Int) -> Int { site.armKinds[index] }

  /// Where an arm's argument stands in the source.
  public func location(_ index: Int) -> Location {
    Location(site.source, site.arguments[index].span)
  }

  /// An error that points at an arm's argument, or at `select`.
  public func error(
    _ kind: ErrorKind, _ message: String, at index: Int? = nil, help: String? = nil
  ) -> ErrorObject {
    ErrorObject(
      kind, message, help: help,
      location: index.map { location($0) } ?? Location(site.source, site.span))
  }
}

/// The arm that runs, and what its block receives.
public struct Selected {
  let index: Int
  let value: Value
  let origin: Value

  /// - Parameter origin: which of a list of things it came from.
  public init(_ index: Int, _ value: Value = .null, origin: Value = .null) {
    self.index = index
    self.value = value
    self.origin = origin
  }
}
