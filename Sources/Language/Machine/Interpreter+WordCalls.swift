extension Interpreter {
  /// Runs a command that passes words on, called as by a command line.
  ///
  /// - Parameters:
  ///   - flags: each with the word that is its value, nil for a switch.
  ///   - words: the arguments, as they are: texts, or bytes.
  public func invoke(
    _ command: Command, flags: [(name: String, word: String?)], words: [Value]
  ) throws -> Value {
    let nowhere = Span(0, 0)
    var arguments: [SiteArgument] = []
    var values: [Value] = []
    func add(_ role: SiteArgument.Role, _ word: String?, _ value: Value) {
      arguments.append(
        SiteArgument(role: role, span: nowhere, spelling: word.map { .text($0) }))
      values.append(value)
    }
    for (name, word) in flags {
      var value = Value.bool(true)
      if let word {
        value = .text(word)
        if case .value(let found) = literal(word) { value = found }
      }
      add(.flag(name, hasValue: word != nil), word, value)
    }
    add(.endOfFlags, nil, .null)
    for word in words {
      if case .bytes = word {
        add(.positional, nil, word)
      } else {
        add(.positional, word.asText, word)
      }
    }
    let site = CallSite(
      source: plainSite.source, span: nowhere, fullSpan: nowhere, name: command.name,
      arguments: arguments, inputCount: 0, wantsValue: false)
    return try invoke(
      .closure(Closure(.native(command), cells: [])), values, wantsValue: false, site: site)
  }
}
