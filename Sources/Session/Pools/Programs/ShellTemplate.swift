/// A line for a shell with places for an input, as `echo {} | tr a-z A-Z`.
///
/// An input never becomes a part of the line: it is an argument of the shell, and its place in the
/// line a parameter, quoted as the quotes around it ask for (POSIX, Shell Command Language, 2.2 and
/// 2.5.1). So nothing in it is taken for a sign of the shell.
struct ShellTemplate {
  /// The line with `"${1}"` and so on in the places.
  private(set) var script = ""
  /// The places, in the order of the parameters: `{}`, `{.}`.
  private(set) var places: [String] = []

  /// What surrounds a character.
  private enum Context: Equatable {
    /// No quotes, in so many parentheses; the closing one beyond them ends a `$( )`.
    case plain(parentheses: Int)
    case backquotes
    case single
    case double
    /// `$(( ))`, in so many parentheses.
    case sum(parentheses: Int)
    /// `${ }`.
    case parameter
  }

  private var contexts = [Context.plain(parentheses: 0)]
  private let columns: [String]
  private let isMany: Bool

  /// - Parameters:
  ///   - columns: the names of an input's parts.
  ///   - isMany: a call is for several inputs, which are all parameters, `"$@"`.
  ///   - takesInput: without any place for it the input comes last.
  init(
    _ line: String, columns: [String] = [], isMany: Bool = false, takesInput: Bool = true
  ) {
    self.columns = columns
    self.isMany = isMany
    let hasPlace = read(line)
    if takesInput, !hasPlace {
      script += " "
      place("{}")
    }
  }

  private var context: Context { contexts[contexts.count - 1] }

  private mutating func leave() { if contexts.count > 1 { contexts.removeLast() } }

  /// Whether there is a place for an input in the line.
  private mutating func read(_ line: String) -> Bool {
    var hasPlace = false
    var rest = line[...]
    var isWordBegin = true
    while let first = rest.first {
      let (place, length, literal) = ProgramTemplate.beginning(of: rest, columns)
      if let literal {
        script += literal
        rest = rest.dropFirst(literal.count + 2)
      } else if let place, context != .parameter {
        self.place(String(rest.prefix(length)))
        if !place.isNumber { hasPlace = true }
        rest = rest.dropFirst(length)
      } else if first == "#", isWordBegin, isUnquoted {
        // A comment, to the end of the line.
        let comment = rest.prefix { $0 != "\n" }
        script += comment
        rest = rest[comment.endIndex...]
      } else {
        let sign = self.sign(rest)
        script += sign
        rest = rest[sign.endIndex...]
      }
      isWordBegin = first.isWhitespace || ";|&()".contains(first)
    }
    return hasPlace
  }

  /// Whether the context is one in which words are split.
  private var isUnquoted: Bool {
    switch context {
    case .plain, .backquotes: true
    case .single, .double, .sum, .parameter: false
    }
  }

  /// The characters at the beginning that mean something together, or one; goes into and out of
  /// quotes with them.
  private mutating func sign(_ rest: Substring) -> Substring {
    let one = rest.prefix(1)
    if context == .single {
      if one == "'" { leave() }
      return one
    }
    if one == "\\" { return rest.prefix(2) }
    if rest.hasPrefix("$((") {
      contexts.append(.sum(parentheses: 0))
      return rest.prefix(3)
    }
    if rest.hasPrefix("$(") {
      contexts.append(.plain(parentheses: 0))
      return rest.prefix(2)
    }
    if rest.hasPrefix("${") {
      contexts.append(.parameter)
      return rest.prefix(2)
    }
    switch (one, context) {
    case ("`", .backquotes): leave()
    case ("`", _): contexts.append(.backquotes)
    case ("\"", .double): leave()
    case ("\"", _): contexts.append(.double)
    case ("'", .plain), ("'", .backquotes), ("'", .parameter): contexts.append(.single)
    case ("}", .parameter): leave()
    case ("(", .plain(let count)): replace(.plain(parentheses: count + 1))
    case (")", .plain(0)): leave()
    case (")", .plain(let count)): replace(.plain(parentheses: count - 1))
    case ("(", .sum(let count)): replace(.sum(parentheses: count + 1))
    case (")", .sum(0)) where rest.hasPrefix("))"):
      leave()
      return rest.prefix(2)
    case (")", .sum(let count)): replace(.sum(parentheses: max(0, count - 1)))
    default: break
    }
    return one
  }

  private mutating func replace(_ context: Context) { contexts[contexts.count - 1] = context }

  private mutating func place(_ spelling: String) {
    if !places.contains(spelling) { places.append(spelling) }
    let number = (places.firstIndex(of: spelling) ?? 0) + 1
    let parameter = isMany ? "$@" : "${\(number)}"
    switch context {
    case .plain, .backquotes: script += "\"\(parameter)\""
    case .single: script += "'\"\(parameter)\"'"
    case .double: script += isMany ? "$*" : parameter
    case .sum, .parameter: script += parameter
    }
  }
}

extension ProgramTemplate {
  /// A line that a shell runs; nil where a call is for several inputs and the line has different
  /// places for them.
  ///
  /// - Parameters:
  ///   - shell: `sh` or another one that knows `-c`.
  ///   - columns: the names of an input's parts.
  ///   - isMany: a call is for several inputs.
  ///   - takesInput: without any place for it the input comes last.
  public init?(
    shellLine line: String, shell: String, columns: [String] = [], isMany: Bool = false,
    takesInput: Bool = true
  ) {
    let template = ShellTemplate(line, columns: columns, isMany: isMany, takesInput: takesInput)
    if isMany, template.places.count > 1 { return nil }
    self.init(
      [shell, "-c", template.script, shell] + template.places, literal: 4, columns: columns,
      takesInput: takesInput && !template.places.isEmpty)
  }

  /// The words of the program for the shell line, with places as they are: `sh -c '…' sh {}`.
  public static func words(shellLine line: String) -> [String] {
    let template = ShellTemplate(line)
    return ["sh", "-c", template.script, "sh"] + template.places
  }
}
