/// A function's text as it travels, and what its names mean where it comes from.
final class WireText {
  /// What a name outside of the text means.
  enum Place {
    /// The index among the closure's captured cells.
    case captured(Int)
    case variable(GlobalVariable)
    case function(GlobalFunction)
  }

  /// The content of the extension, as `Wire` describes it.
  let bytes: [UInt8]
  let names: [OuterName]
  let places: [Place]
  private let references: References
  private let functions: [GlobalFunction]
  private var usedIdentity: [UInt8]?

  /// Everything outside that a function and those inside it refer to.
  private final class References {
    var variables: [GlobalVariable] = []
    var functions: [GlobalFunction] = []
    /// Words that are a function where there is one of that name when they are used.
    var words: Set<String> = []
  }

  /// The text of a function, made anew when a word has come to mean another function.
  static func of(_ function: Function, _ globals: Globals?) throws -> WireText {
    let known = function.wireText
    let references = known?.references ?? WireText.references(of: function)
    let functions = WireText.functions(references, globals)
    if let known, known.functions.elementsEqual(functions, by: ===) { return known }
    let text = try WireText(function, references, functions)
    function.wireText = text
    return text
  }

  private init(
    _ function: Function, _ references: References, _ functions: [GlobalFunction]
  ) throws {
    var found: [(name: OuterName, place: Place)] = []
    var taken: Set<TakenName> = []
    func add(_ name: OuterName, _ place: Place) {
      if taken.insert(TakenName(name)).inserted { found.append((name, place)) }
    }
    // A captured variable or function comes first, as it hides a global one.
    for (index, name) in function.captureNames.enumerated() { add(name, .captured(index)) }
    for variable in references.variables {
      let kind: OuterName.Kind = variable.isConstant ? .constant : .variable
      add(OuterName(name: variable.name, kind: kind), .variable(variable))
    }
    for function in functions {
      add(OuterName(name: function.name, kind: .function), .function(function))
    }
    // In an order that does not depend on where the function was compiled.
    found.sort { ($0.name.name, $0.name.kind.rawValue) < ($1.name.name, $1.name.kind.rawValue) }
    names = found.map(\.name)
    places = found.map(\.place)
    self.references = references
    self.functions = functions
    bytes = try WireText.encoded(function, names)
  }

  /// Variables and functions have name spaces of their own.
  private struct TakenName: Hashable {
    let name: String
    let isFunction: Bool

    init(_ name: OuterName) {
      self.name = name.name
      isFunction = name.kind == .function
    }
  }

  /// The function's own text and its names, without where it stands.
  func identity(of function: Function) throws -> [UInt8] {
    if let usedIdentity { return usedIdentity }
    let made = try WireEncoder().copied(
      .items([
        .text(function.source.text(function.span)), .items(WireText.words(names)),
      ]))
    usedIdentity = made
    return made
  }

  private static func words(_ names: [OuterName]) -> [Value] {
    names.flatMap { [.text($0.name), .int($0.kind.rawValue)] }
  }

  private static func encoded(_ function: Function, _ names: [OuterName]) throws -> [UInt8] {
    let (line, bytes, span) = function.source.lines(of: function.span)
    guard Int(span.end) <= bytes.count, span.start < span.end,
      function.name != nil || bytes.dropFirst(Int(span.start)).first == UInt8(ascii: "{")
    else {
      throw ErrorObject(.type, "a stage of a pipeline cannot be sent to another process")
    }
    return try WireEncoder().copied(
      .items([
        .text(function.source.name), .int(line), .bytes(BytesObject(Array(bytes))),
        .int(Int(span.start)), .int(Int(span.end)), .bool(function.name != nil),
        .items(words(names)),
      ]))
  }

  // MARK: References

  private static func functions(_ references: References, _ globals: Globals?) -> [GlobalFunction] {
    var found = references.functions
    if let globals {
      for word in references.words.sorted() {
        guard let function = globals.functions[word] else { continue }
        if !found.contains(where: { $0 === function }) { found.append(function) }
      }
    }
    // One that is not defined yet stays a word.
    return found.filter { $0.closure != nil }
  }

  private static func references(of function: Function) -> References {
    let result = References()
    collect(function, into: result)
    return result
  }

  private static func collect(_ function: Function, into result: References) {
    result.variables += function.variables
    result.functions += function.globals
    for site in function.sites { collect(site, into: result) }
    for pipeline in function.pipelines {
      for stage in pipeline.stages {
        if case .program(let site, _) = stage.work { collect(site, into: result) }
      }
    }
    for inner in function.functions { collect(inner, into: result) }
  }

  private static func collect(_ site: CallSite, into result: References) {
    if let global = site.global {
      result.functions.append(global)
    } else if let command = site.command {
      // A function's name that a command takes as a function.
      guard command.takesFunction else { return }
      for argument in site.arguments {
        if let spelling = argument.spelling { result.words.insert(spelling.asText) }
      }
    } else if !site.isForcedProgram, !site.hasComputedName {
      result.words.insert(site.name)
    }
  }
}
