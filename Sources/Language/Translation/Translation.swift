/// The same program in another notation, for who knows that one or is to learn it.
public enum Translation: String, CaseIterable, Sendable {
  case python, c, syscalls

  /// The text of a block in this notation; the block is not run.
  ///
  /// What has no equal there stands as a comment. O(n).
  ///
  /// - Throws: `type` for what is no written block.
  public func text(of function: Value, table: CommandTable) throws -> String {
    guard case .closure(let closure) = function, case .compiled = closure.function.kind,
      closure.function.name == nil
    else {
      throw ErrorObject(
        .type, "only a block that is written out can be translated",
        help: "as: as \(rawValue) { let p = fork { print hello }; wait $p }")
    }
    let before = "let block = "
    let source = Source(name: "block", text: before + closure.function.text)
    guard let first = try Parser.parse(source).statements.first,
      case .declare(let declaration) = first.kind,
      case .closure(let node) = declaration.value.kind
    else { throw ErrorObject(.type, "only a block that is written out can be translated") }
    let reader = TranslationReader(source, table)
    switch self {
    case .python: return PythonTranslator(reader).program(node)
    case .c: return CTranslator.program(node, reader)
    case .syscalls: return SystemCallTranslator(reader).program(node)
    }
  }
}

/// A command of a block, its words sorted.
struct TranslatedCall {
  /// `fork`, `queue put`; of a program or function its word.
  var name: String
  var isBuiltin: Bool
  var isProgram: Bool
  var arguments: [ArgumentNode]
  /// Flags with their values; nil for a switch.
  var flags: [String: ArgumentNode?]
  var span: Span

  func has(_ flag: String) -> Bool { flags[flag] != nil }

  /// The block that is its last argument.
  var block: FunctionNode? {
    guard case .closure(let node)? = arguments.last?.value?.kind else { return nil }
    return node
  }
}

/// What all translations need to know of a block's tree.
struct TranslationReader {
  let source: Source
  let table: CommandTable

  init(_ source: Source, _ table: CommandTable) {
    self.source = source
    self.table = table
  }

  func text(_ span: Span) -> String { source.text(span) }

  /// A call with its words sorted; nil for a program whose name is computed.
  ///
  /// - Parameter functions: names of functions that the block declares.
  func call(_ node: CommandNode, functions: Set<String>) -> TranslatedCall? {
    guard case .word(let word) = node.head else { return nil }
    var call = TranslatedCall(
      name: word, isBuiltin: false, isProgram: false, arguments: node.arguments, flags: [:],
      span: node.span)
    if !node.isForcedProgram, functions.contains(word) { return call }
    var command = node.isForcedProgram ? nil : table[word]
    if !node.isForcedProgram, let verbs = table.verbs(of: word),
      let verb = node.arguments.first?.spelling, verbs.contains(verb)
    {
      command = table["\(word) \(verb)"]
      call.name = "\(word) \(verb)"
      call.arguments.removeFirst()
    }
    call.isBuiltin = command != nil
    call.isProgram = command == nil
    guard let command else { return call }
    let passesWords = command.traits.contains(.passesWords)
    var positional: [ArgumentNode] = []
    var rest = call.arguments[...]
    while let argument = rest.popFirst() {
      guard case .flag(let name) = argument.role, !passesWords || positional.isEmpty else {
        positional.append(argument)
        continue
      }
      let takesValue = command.flags.first { $0.name == name }?.type != nil
      if argument.value != nil {
        call.flags[name] = argument
      } else if takesValue, let value = rest.popFirst() {
        call.flags[name] = value
      } else {
        call.flags[name] = .some(nil)
      }
    }
    call.arguments = positional
    return call
  }

  /// The call of a `new` with a name in front, which may have been left out.
  func named(_ call: TranslatedCall, _ name: String) -> TranslatedCall {
    guard call.name.hasSuffix(" new"), !call.arguments.isEmpty, !beginsWithName(call) else {
      return call
    }
    var call = call
    let value = Expression(.constant(.text(name)), call.span)
    call.arguments.insert(
      ArgumentNode(role: .positional, value: value, spelling: name, span: call.span), at: 0)
    return call
  }

  private func beginsWithName(_ call: TranslatedCall) -> Bool {
    guard let first = call.arguments.first, let value = first.value else { return false }
    guard case .constant(let constant) = value.kind else { return false }
    guard case .string(let word) = constant else { return false }
    if call.name != "shm new" { return true }
    // A type may stand where the name does, unless one follows.
    let types: Set<String> = [
      "c", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d", "int", "float", "double",
      "char", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    ]
    let next = call.arguments.dropFirst().first?.spelling
    return !types.contains(word.string) || next.map { types.contains($0) } ?? false
  }

  /// A name as other languages have it: `jobs`, `p_a`.
  func name(_ argument: ArgumentNode) -> String? {
    if let spelling = argument.spelling, case .constant? = argument.value?.kind {
      return TranslationReader.identifier(spelling)
    }
    return argument.value.flatMap { name($0) }
  }

  func name(_ expression: Expression) -> String? {
    switch expression.kind {
    case .variable(let use): return TranslationReader.identifier(use.name)
    case .field(let value, let field):
      guard ["a", "b", "r", "w"].contains(field), let base = name(value) else { return nil }
      return "\(base)_\(field)"
    case .constant(.string(let text)): return TranslationReader.identifier(text.string)
    default: return nil
    }
  }

  static func identifier(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      result +=
        scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        ? String(scalar) : "_"
    }
    return reserved.contains(result) ? result + "_" : result
  }

  private static let reserved: Set<String> = [
    "and", "as", "assert", "break", "case", "char", "class", "continue", "def", "default", "del",
    "do", "double", "elif", "else", "enum", "except", "extern", "finally", "float", "for", "from",
    "global", "goto", "if", "import", "in", "int", "is", "lambda", "len", "list", "long", "main",
    "map", "not", "or", "pass", "print", "raise", "range", "register", "return", "short", "signed",
    "sizeof", "static", "str", "struct", "sum", "switch", "try", "typedef", "union", "unsigned",
    "void", "volatile", "while", "with", "yield",
  ]

  /// A text as a literal of C or Python.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        let isControl = scalar.value < 0x20 || scalar.value == 0x7F
        let octal = String(scalar.value, radix: 8)
        result +=
          isControl
          ? "\\" + String(repeating: "0", count: 3 - octal.count) + octal : String(scalar)
      }
    }
    return result + "\""
  }

  /// A duration as seconds: `0.3`, `2`.
  static func seconds(_ nanoseconds: Int) -> String {
    if nanoseconds % 1_000_000_000 == 0 { return "\(nanoseconds / 1_000_000_000)" }
    return "\(Double(nanoseconds) / 1e9)"
  }

  /// The signal that a word means, without SIG: `TERM`; nil for a word that is none.
  static func signal(_ word: String) -> String? {
    let name = (word.hasPrefix("-") ? String(word.dropFirst()) : word).uppercased()
    let plain = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
    let numbers = [
      "1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "10": "USR1", "12": "USR2", "13": "PIPE",
      "14": "ALRM", "15": "TERM", "17": "CHLD", "18": "CONT", "19": "STOP",
    ]
    if let known = numbers[plain] { return known }
    let all: Set<String> = [
      "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "PIPE", "ALRM", "TERM", "CHLD", "CONT", "STOP",
      "TSTP", "TTIN", "TTOU", "WINCH", "SEGV", "ABRT",
    ]
    return all.contains(plain) ? plain : nil
  }

  /// The signal and the targets of a `kill`.
  static func kill(_ call: TranslatedCall) -> (signal: String, targets: [ArgumentNode]) {
    var signal = "TERM"
    var targets = call.arguments
    if let first = targets.first?.spelling, first.hasPrefix("-"), let name = self.signal(first) {
      signal = name
      targets.removeFirst()
    } else if targets.count > 1, let last = targets.last?.spelling, let name = self.signal(last) {
      signal = name
      targets.removeLast()
    }
    return (signal, targets)
  }
}
