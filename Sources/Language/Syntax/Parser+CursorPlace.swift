/// Telling the sink what could stand where the text ends. Without a sink nothing is done.
extension Parser {
  /// What a word of a command is.
  enum WordPlace {
    case head, argument, file, other
  }

  /// Notes what could stand here, if the text ends here.
  func expect(_ kind: @autoclosure () -> CursorPlace.Kind) {
    guard sink != nil, isAtEnd else { return }
    note(kind(), from: position)
  }

  /// Notes what could stand in place of what was typed from `start` on, if the text ends here.
  func expect(_ kind: @autoclosure () -> CursorPlace.Kind, from start: Int) {
    guard sink != nil, isAtEnd else { return }
    note(kind(), from: start, text: source.text(Span(start, position)))
  }

  func note(
    _ kind: CursorPlace.Kind, from start: Int, text: String = "", quote: CursorPlace.Quote = .none
  ) {
    sink?.take(
      CursorPlace(kind, start: min(start, bytes.count), text: text, quote: quote),
      declared: declaredNames)
  }

  /// Notes words that may follow here behind a blank, if the text ends in one or its beginning.
  func expectKeyword(_ words: [String]) {
    guard sink != nil else { return }
    var probe = self
    probe.skipBlanks()
    let end = probe.wordNameEnd(probe.position)
    guard probe.position > position, end >= bytes.count else { return }
    note(
      .keyword(words), from: probe.position,
      text: source.text(Span(probe.position, bytes.count)))
  }

  // MARK: Words of commands

  /// What a word in a place may be.
  private func kind(of place: WordPlace) -> CursorPlace.Kind {
    guard let command = sink?.innermost else { return .nothing }
    switch place {
    case .head where command.typed.isArm: return .arm
    case .head:
      return .command(
        isForced: command.typed.isForced,
        isStatement: command.isStatement && !command.typed.isForced)
    case .argument:
      if let flag = command.flag { return .flagValue(command.typed, flag: flag) }
      return .argument(command.typed)
    case .file: return .file
    case .other: return .nothing
    }
  }

  /// Notes a word that reaches from `start` to the end of the text.
  ///
  /// - Parameters:
  ///   - pieces: what is complete of it.
  ///   - bare: what follows these.
  func noteWord(
    _ place: WordPlace, from start: Int, _ pieces: [Expression] = [], _ bare: [UInt8] = [],
    quote: CursorPlace.Quote = .none
  ) {
    guard sink != nil else { return }
    var text = ""
    for piece in pieces {
      guard case .constant(.string(let string)) = piece.kind else {
        return note(.nothing, from: start)
      }
      text += string.string
    }
    text += String(decoding: bare, as: UTF8.self)
    note(kind(of: place), from: start, text: text, quote: quote)
  }

  /// Notes a string that is never closed: a word if one may stand there.
  ///
  /// - Parameter place: nil where it is no word of a command.
  func noteString(
    _ place: WordPlace?, from start: Int, _ pieces: [Expression] = [], _ run: [UInt8],
    quote: CursorPlace.Quote
  ) {
    guard sink != nil else { return }
    guard let place else { return note(.string, from: start) }
    noteWord(place, from: start, pieces, run, quote: quote)
  }

  /// Notes a further argument, if the text ends behind a blank.
  func expectArgument(behind end: Int) {
    guard sink != nil, isAtEnd else { return }
    if position > end {
      noteWord(.argument, from: position)
    } else {
      note(.nothing, from: position)
    }
  }

  /// Keeps an argument of the innermost command as it was typed.
  func keep(_ argument: ArgumentNode) {
    sink?.innermost.typed.arguments.append(Parser.typed(argument))
  }

  private static func typed(_ argument: ArgumentNode) -> String? {
    var text = argument.spelling
    if text == nil, case .constant(.string(let string))? = argument.value?.kind {
      text = string.string
    }
    switch argument.role {
    case .flag(let name):
      return argument.value == nil ? "--" + name : "--\(name)=" + (text ?? "")
    case .spread: return nil
    case .positional, .endOfFlags: return text
    }
  }

  // MARK: Variables

  /// The variable and the steps behind it that an expression consists of; nil for any other one.
  static func path(of expression: Expression) -> (variable: String, path: [String])? {
    switch expression.kind {
    case .variable(let use): return (use.name, [])
    case .field(let base, let name):
      return path(of: base).map { ($0.variable, $0.path + [name]) }
    case .index(let base, let key):
      guard case .constant(let value) = key.kind else { return nil }
      return path(of: base).map { ($0.variable, $0.path + [value.asText]) }
    default: return nil
    }
  }

  /// A field of a value.
  func member(of base: Expression) -> CursorPlace.Kind {
    Parser.path(of: base).map { .field(variable: $0.variable, path: $0.path) } ?? .nothing
  }

  /// A key of a value, between brackets.
  func key(of base: Expression?) -> CursorPlace.Kind {
    base.flatMap { Parser.path(of: $0) }.map { .key(variable: $0.variable, path: $0.path) }
      ?? .nothing
  }
}
