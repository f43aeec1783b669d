/// Operators in the arguments of a command, where they are words like any other.
enum LoneOperator {
  static let all: Set<String> = [
    "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<=", ">=", "and", "or", "in", "??", "..",
    "..<",
  ]
  /// English words as well, which a text may have.
  static let words: Set<String> = ["and", "or", "in"]
}

extension Resolver {
  /// The first operator that stands alone between two values: its place among the arguments.
  func loneOperator(in node: CommandNode) -> Int? {
    let arguments = node.arguments
    guard arguments.count >= node.verbCount + 3 else { return nil }
    return (node.verbCount + 1..<arguments.count - 1).first { i in
      guard case .positional = arguments[i].role, let word = arguments[i].spelling,
        LoneOperator.all.contains(word)
      else { return false }
      if isValue(arguments[i - 1]) {
        return isValue(arguments[i + 1]) || word == "??" && isPositional(arguments[i + 1])
      }
      return false
    }
  }

  private func isPositional(_ argument: ArgumentNode) -> Bool {
    if case .positional = argument.role { return true }
    return false
  }

  /// A computed or quoted argument, a literal, or the bare name of a variable.
  private func isValue(_ argument: ArgumentNode) -> Bool {
    guard isPositional(argument), let value = argument.value else { return false }
    guard let word = argument.spelling else {
      if case .closure = value.kind { return false }
      return true
    }
    if case .constant(.string) = value.kind { return namedVariable(word) != nil }
    return true
  }

  /// `print $m.a ?? "none"` prints three words.
  ///
  /// Of a fixed number of arguments the sign may be one: `replace $text - ""`.
  ///
  /// - Parameter command: nil for a function of the program.
  func warnOfOperators(_ node: CommandNode, _ command: Command?) {
    if let command, command.traits.contains(.passesWords) || command.choice != nil { return }
    guard let place = loneOperator(in: node), let word = node.arguments[place].spelling,
      takesAnyNumber(node, command)
    else { return }
    let prints = command.map { ["print", "echo"].contains($0.name) } ?? false
    if prints, LoneOperator.words.contains(word) { return }
    let arguments = node.arguments
    var end = place + 1
    while end + 2 < arguments.count, let next = arguments[end + 1].spelling,
      LoneOperator.all.contains(next), isPositional(arguments[end + 2])
    {
      end += 2
    }
    let span = arguments[place - 1].span.joined(arguments[end].span)
    let name = command?.name ?? source.text(node.headSpan)
    warn(
      "in the arguments of '\(name)' the '\(word)' is a word like any other",
      arguments[place].span,
      help: "for the value write (\(expressionText(arguments[place - 1...end], span)));"
        + " for the word write \"\(word)\"")
  }

  /// The arguments as one expression: bare names of variables with their `$`.
  private func expressionText(_ arguments: ArraySlice<ArgumentNode>, _ span: Span) -> String {
    arguments.map { argument in
      let text = source.text(argument.span)
      guard let word = argument.spelling, !LoneOperator.all.contains(word),
        case .constant(.string)? = argument.value?.kind
      else { return text }
      return namedVariable(word) == nil ? "\"\(text)\"" : "$\(text)"
    }.joined(separator: " ")
  }

  /// `print "pid %d" $pid`, and `print f"{x}"`.
  func warnOfFormats(_ node: CommandNode, _ command: Command) {
    guard ["print", "echo"].contains(command.name) else { return }
    for argument in node.arguments where argument.spelling == nil {
      guard let help = HintSearch(source).formattedText(argument.span) else { continue }
      let mark = source.text(argument.span).prefix { $0.isLetter }
      warn("'\(mark)' is part of the text here", argument.span, help: help)
    }
    guard let first = node.arguments.first, node.arguments.count > 1, first.spelling == nil,
      case .constant(.string(let text))? = first.value?.kind
    else { return }
    let formats = conversions(text.string)
    guard formats > 0, formats <= node.arguments.count - 1,
      node.arguments.dropFirst().allSatisfy({ isPositional($0) && $0.spelling == nil })
    else { return }
    warn(
      "'\(command.name)' takes no formats, so '%' stays as it is", first.span,
      help: "values stand in a text with '$': \"pid $pid\"")
  }

  /// How many `%d` and its kin a text has.
  private func conversions(_ text: String) -> Int {
    var count = 0
    var isOpen = false
    for character in text {
      if isOpen, "dsifguxc".contains(character) {
        count += 1
        isOpen = false
      } else if isOpen, character.isNumber || ".-+l".contains(character) {
        continue
      } else {
        isOpen = character == "%"
      }
    }
    return count
  }

  /// `let x = 5 && print hi`: the value is that of the second.
  func warnIfCombined(_ value: Expression) {
    guard case .andThen(let left, let right) = value.kind else { return }
    switch left.kind {
    case .constant(.bool), .command, .pipeline, .chain, .andThen, .orElse, .timed: return
    case .constant, .text, .list, .map, .range, .closure: break
    case .binary(let op, _, _):
      guard [.add, .subtract, .multiply, .divide, .floorDivide, .remainder].contains(op) else {
        return
      }
    default: return
    }
    warn(
      "the value is that of what follows '&&'", value.span,
      help: "a statement ends with a newline or ';': \(source.text(left.span)); "
        + source.text(right.span))
  }
}
