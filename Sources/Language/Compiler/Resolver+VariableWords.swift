/// Bare words that may be meant as variables, noted for messages.
extension Resolver {
  /// A command's word that is a variable's name, perhaps with what followed it: `i + 1`, `f 3`.
  func noteVariableHead(_ node: CommandNode) {
    guard case .word(let word) = node.head, !node.isForcedProgram else { return }
    let name = String(word.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    guard !name.isEmpty, let variable = namedVariable(name) else { return }
    let help: String
    switch word.dropFirst(name.count) {
    case "":
      let rest = source.text(Span(Int(node.headSpan.end), Int(node.span.end)))
        .drop { $0 == " " }
      let next = node.arguments.first?.spelling ?? ""
      if hiding.closures.contains(variable.identity) {
        help =
          "a function in a variable is called by: call $\(name)\(rest.isEmpty ? "" : " ")\(rest)"
      } else if node.arguments.isEmpty || LoneOperator.all.contains(next) {
        help = "did you mean '$\(name)'?"
      } else if ["++", "--", ":=", "//=", "%=", "**=", "??="].contains(next) {
        return
      } else {
        help = "did you mean '$\(name)'? A function in it is called by: call $\(name) \(rest)"
      }
    case let suffix where suffix.first == "." || suffix.first == "[":
      help = "did you mean '$\(word)'?"
    default: return
    }
    source.variableWords[node.headSpan.start] = VariableWord(name: name, isHead: true, help: help)
  }

  /// An argument that is a variable's name, or a path from it.
  func noteVariableWord(_ argument: ArgumentNode) {
    guard let word = argument.spelling else { return }
    let name = String(word.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    guard !name.isEmpty, namedVariable(name) != nil else { return }
    let suffix = word.dropFirst(name.count)
    guard suffix.isEmpty || suffix.first == "." || suffix.first == "[" else { return }
    var start = argument.span.start
    // Of `--flag=word` only the word.
    if case .flag = argument.role, let value = argument.value { start = value.span.start }
    source.variableWords[start] = VariableWord(
      name: word, isHead: false, help: "did you mean '$\(word)'?")
  }

  /// The errors in a statement of another language are that it is one: `def f(x) { return $x }`.
  ///
  /// - Parameter count: how many errors there were in front of it.
  func blameForeignWord(_ node: CommandNode, _ count: Int) {
    guard case .word(let word) = node.head, !node.isForcedProgram, !word.contains("/"),
      let help = HintSearch(source).statement(at: Int(node.headSpan.start)),
      !programExists(word)
    else { return }
    errors.removeLast(errors.count - count)
    fail("there is no command '\(word)'", node.headSpan, help: help, kind: .missing)
  }
}
