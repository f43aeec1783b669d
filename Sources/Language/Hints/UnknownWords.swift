/// What to advise of a command's word that means nothing.
extension HintSearch {
  /// The hint for an unknown command.
  ///
  /// - Parameter span: where its word stands.
  func unknown(_ word: String, _ span: Span) -> String? {
    if let note = source.variableWords[span.start] { return note.help }
    if let constant = HintTable.constants[word] { return "write '\(constant)'" }
    // The span is of the whole line where something is redirected.
    let isWhole = source.text(span).hasPrefix(word + " ")
    let end = isWhole ? Int(span.start) + word.utf8.count : Int(span.end)
    let rest = source.text(Span(end, statementEnd(end)))
    if let help = statement(word, rest: rest) { return help }
    return slip(word, rest: rest)
  }

  /// What was meant by an operator of another language, so that its word became a command.
  private func slip(_ word: String, rest: String) -> String? {
    if word.first == "!" {
      let operand = word.dropFirst()
      let isSlip = operand.isEmpty || isName(String(operand)) || operand.first == "$"
      return isSlip ? "'!' is no operator; write 'not \(operand.isEmpty ? "…" : operand)'" : nil
    }
    if ["ok", "status", "time"].contains(word) {
      return "'\(word)' stands before a command: \(word) COMMAND ARGUMENT…"
    }
    if word == "--" || word == "/*" { return "a comment begins with '#'" }
    if word.hasSuffix(","), isName(String(word.dropLast())) {
      return "one variable is assigned at a time"
    }
    for sign in ["++", "--"] {
      for (name, isMeant) in [
        (word.dropLast(2), word.hasSuffix(sign)), (word.dropFirst(2), word.hasPrefix(sign)),
      ] where isMeant && isName(String(name)) {
        return "there is no '\(sign)'; write '\(name) \(sign.prefix(1))= 1'"
      }
    }
    let words = rest.split(separator: " ", maxSplits: 1)
    if word.hasSuffix(":"), isName(String(word.dropLast())) {
      let name = word.dropLast()
      if let sign = rest.firstIndex(of: "="), rest[sign...].dropFirst().first != "=" {
        let value = rest[rest.index(after: sign)...].drop { $0 == " " }
        return "write 'let \(name) = \(value)', or 'var' for one that changes"
      }
      return "a map is written [\(name): \(rest.isEmpty ? "…" : words.joined(separator: " "))]"
    }
    guard isName(word), let sign = words.first else { return nil }
    // A `)` closes what stands around.
    var operand = words.count > 1 ? String(words[1]) : "…"
    if let close = operand.firstIndex(of: ")"), !operand.contains("(") {
      operand = String(operand[..<close])
    }
    switch sign {
    case "//=", "%=", "??=":
      return "there is no '\(sign)'; write '\(word) = $\(word) \(sign.dropLast()) \(operand)'"
    case "**=": return "there is no '\(sign)'; write '\(word) = (pow $\(word) \(operand))'"
    case "++", "--": return "there is no '\(sign)'; write '\(word) \(sign.prefix(1))= 1'"
    case ":=": return "write 'let \(word) = \(operand)', or '\(word) = …' for a variable"
    case "==", "!=", "<=", ">=":
      return "for the value of a variable write '$\(word) \(sign) \(operand)'"
    default: return nil
    }
  }
}

/// A bare word that is a visible variable's name, so that its value may be meant.
struct VariableWord {
  let name: String
  /// Stands as a command's word.
  let isHead: Bool
  let help: String
}

extension Interpreter {
  /// Advises the value of a variable where its bare name was not found, or has the wrong type.
  func advisingVariable(_ error: ErrorObject) -> ErrorObject {
    guard error.kind == .missing || error.kind == .type, let location = error.location,
      !location.source.variableWords.isEmpty
    else { return error }
    let span = location.span
    for (start, word) in location.source.variableWords
    where !word.isHead && start >= span.start && start < span.end {
      // What was found and is of another kind, or gone, was meant by its name.
      guard
        error.message.contains("named '\(word.name)'")
          || error.message.hasPrefix("there is no ") && error.message.contains("'\(word.name)'")
          || error.message.hasSuffix("but is \"\(word.name)\"")
      else { continue }
      let old = error.help.flatMap {
        $0.hasPrefix("did you mean") || $0.hasPrefix("it is no") ? nil : $0
      }
      return error.amended { $0.help = word.help + (old.map { " " + $0 } ?? "") }
    }
    return error
  }

  /// The statement of another language that an unknown word is part of, as `x` in `def f(x) {`.
  func foreignStatement(around location: Location) -> ErrorObject? {
    let search = HintSearch(location.source)
    guard let span = search.head(before: Int(location.span.start)) else { return nil }
    let word = location.source.text(span)
    guard globals.functions[word]?.closure == nil, table[word] == nil, table.verbs(of: word) == nil,
      let help = search.statement(at: Int(span.start)), !host.isProgram(word)
    else { return nil }
    return ErrorObject(
      .missing, "there is no command '\(word)'", help: help,
      location: Location(location.source, span))
  }
}
