import Glibc

/// Functions that came over the wire, by their texts, so that a closure that comes ten thousand times
/// is compiled once.
final class ArrivedFunctions {
  struct Entry {
    let function: Function
    /// How many names mean something outside of it; a capture's register is the index among them.
    let nameCount: Int
  }

  private struct Known {
    let text: [UInt8]
    let entry: Entry
  }

  private var known: [Int: [Known]] = [:]
  private var count = 0
  /// Texts are forgotten when there are this many, or so many bytes of them.
  private static let mostTexts = 1000
  private static let mostBytes = 1 << 24
  private var size = 0

  /// The function of a text as `Wire` describes it, compiled if it is new.
  func function(_ text: UnsafeRawBufferPointer, _ interpreter: Interpreter) throws -> Entry {
    let hash = hashBytes(text.assumingMemoryBound(to: UInt8.self))
    for candidate in known[hash] ?? [] where ArrivedFunctions.isSame(candidate.text, text) {
      return candidate.entry
    }
    let entry = try compile(text, interpreter)
    if count >= ArrivedFunctions.mostTexts || size > ArrivedFunctions.mostBytes {
      known = [:]
      count = 0
      size = 0
    }
    known[hash, default: []].append(Known(text: Array(text), entry: entry))
    count += 1
    size += text.count
    return entry
  }

  private static func isSame(_ known: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
    guard known.count == text.count, let base = text.baseAddress else { return false }
    return known.withUnsafeBytes {
      $0.baseAddress.map { memcmp($0, base, text.count) == 0 } ?? false
    }
  }

  private func compile(_ text: UnsafeRawBufferPointer, _ interpreter: Interpreter) throws -> Entry {
    guard case .list(let list) = try WireDecoder().decode(text), list.items.count == 7,
      case .string(let name) = list.items[0], case .int(let line) = list.items[1],
      case .bytes(let lines) = list.items[2], case .int(let start) = list.items[3],
      case .int(let end) = list.items[4], case .bool(let isNamed) = list.items[5],
      case .list(let words) = list.items[6]
    else { throw Wire.malformed("a function's text is not whole") }
    let source = Source(name: name.string, bytes: lines.bytes, firstLine: line)
    guard start >= 0, start < end, end <= source.bytes.count else {
      throw Wire.malformed("a function does not stand in its text")
    }
    let names = try ArrivedFunctions.names(words.items)
    do {
      let node = try Parser.parseFunction(source, from: start, isNamed: isNamed)
      guard Int(node.span.end) == end else {
        throw Wire.malformed("a function does not end where it should")
      }
      let function = try Resolver.compileAlone(node, source, names, interpreter.table)
      return Entry(function: function, nameCount: names.count)
    } catch let error as ErrorObject where error.kind == .syntax {
      throw ErrorObject(
        .syntax, "a function that arrived cannot be compiled here: \(error.message)",
        help: error.help ?? "is the sender another version?", location: error.location)
    }
  }

  private static func names(_ words: [Value]) throws -> [OuterName] {
    var names: [OuterName] = []
    for at in stride(from: 0, to: words.count - 1, by: 2) {
      guard case .string(let name) = words[at], case .int(let kind) = words[at + 1],
        let kind = OuterName.Kind(rawValue: kind)
      else { throw Wire.malformed("a function's text has a name that is none") }
      names.append(OuterName(name: name.string, kind: kind))
    }
    return names
  }
}

extension Parser {
  /// Parses the one function or block that begins at an offset.
  static func parseFunction(_ source: Source, from start: Int, isNamed: Bool) throws -> FunctionNode
  {
    var parser = Parser(source)
    parser.position = start
    guard isNamed || parser.byte == UInt8(ascii: "{") else {
      throw parser.unexpected(expecting: "'{'")
    }
    let node =
      isNamed ? try parser.functionDeclaration().function : try parser.functionBlock()
    if let mistake = parser.mistakes.first { throw mistake }
    return node
  }
}

extension Resolver {
  /// Compiles one function by itself, its outer names being variables that it captures.
  ///
  /// A capture's register is the index of its name. Functions that are not among the names are
  /// looked up when they are called.
  static func compileAlone(
    _ node: FunctionNode, _ source: Source, _ names: [OuterName], _ table: CommandTable
  ) throws -> Function {
    let resolver = Resolver(source, globals: Globals(), table: table, isPersistent: false)
    let nowhere = Span(0, 0)
    for (register, name) in names.enumerated() {
      let variable = Variable(
        name.name, nowhere, isConstant: name.kind != .variable, in: resolver.main)
      variable.register = register
      guard name.kind == .function else {
        resolver.scope.variables[name.name] = variable
        continue
      }
      variable.isFunction = true
      let stub = FunctionNode(
        name: name.name, parameters: [], hasParameterList: false, body: Block([], nowhere),
        span: nowhere)
      resolver.scope.functions[name.name] = FunctionSymbol(
        FunctionDeclaration(name: name.name, nameSpan: nowhere, function: stub), variable)
    }
    resolver.function(node, isSnapshot: false)
    if let error = resolver.errors.first { throw error }
    let compiler = Compiler(nil, scope: resolver.main, source: source, resolver: resolver)
    return compiler.functions[try compiler.inner(node)]
  }
}
