import Commands
import Language
import Posix
import Session

/// Finds what could stand at the end of a text: from the command table, the live names, the
/// variables and the file system.
struct Completer {
  let session: Session
  let interpreter: Interpreter

  /// What completes the text; nil if nothing does.
  func complete(_ text: String) -> Completions? {
    let place = CursorPlace.atEnd(of: text)
    let typed = place.text
    let answer: Answer
    switch place.kind {
    case .nothing, .string: return nil
    case .variable: answer = .candidates(variables(place))
    case .field(let variable, let path): answer = .candidates(fields(variable, path))
    case .key(let variable, let path): answer = .candidates(keys(variable, path))
    case .file: answer = .files(.any)
    case .keyword(let words): answer = .candidates(keywords(words))
    case .typeName: answer = .candidates(CursorPlace.typeNames.map { Candidate($0, "type") })
    case .errorKind:
      answer = .candidates(ErrorKind.allCases.map { Candidate($0.rawValue, "kind of errors") })
    case .command(let isForced, let isStatement):
      answer =
        typed.contains("/") || typed.hasPrefix("~")
        ? .files(.program)
        : .candidates(commands(typed, isForced: isForced, isStatement: isStatement))
    case .arm:
      answer = .candidates(arms.map { Candidate($0.name, "\($0.usage)  \($0.parameter.summary)") })
    case .argument(let command): answer = argument(command, place)
    case .flagValue(let command, let flag): answer = value(of: flag, command, typed)
    }
    switch answer {
    case .files(let kind):
      return FileCompletion(home: environment("HOME")).complete(place, kind: kind)
    case .candidates(let all): return completions(place, all)
    }
  }

  private func completions(_ place: CursorPlace, _ all: [Candidate]) -> Completions? {
    let matching = Completer.matching(all, place.text)
    guard !matching.isEmpty else { return nil }
    let quoted = matching.map { candidate in
      var candidate = candidate
      guard isWord(place.kind) else { return candidate }
      candidate.replacement = WordQuoting.quoted(candidate.replacement, place.quote)
      if matching.count == 1 { candidate.replacement += WordQuoting.close(place.quote) }
      return candidate
    }
    return Completions(
      start: place.start, typed: WordQuoting.quoted(place.text, place.quote), quoted)
  }

  private func isWord(_ kind: CursorPlace.Kind) -> Bool {
    switch kind {
    case .variable, .field, .key: false
    default: true
    }
  }

  /// Those that begin with what was typed, or do so in another case if none does.
  static func matching(_ candidates: [Candidate], _ typed: String) -> [Candidate] {
    let exact = candidates.filter { $0.replacement.hasPrefix(typed) }
    if !exact.isEmpty || typed.isEmpty { return exact }
    let lower = typed.lowercased()
    return candidates.filter { $0.replacement.lowercased().hasPrefix(lower) }
  }

  func environment(_ name: String) -> String? {
    guard case .map(let map) = interpreter.host.liveVariable("env").plain else { return nil }
    return map.get(name)?.asText
  }

  // MARK: Commands

  /// First words of commands: keywords, functions, built-ins, programs.
  private func commands(_ typed: String, isForced: Bool, isStatement: Bool) -> [Candidate] {
    var result: [Candidate] = []
    if !isForced {
      result += functions() + builtins()
      result += keywords(
        (isStatement ? CursorPlace.statementWords : []) + CursorPlace.prefixWords)
      result.sort { $0.name < $1.name }
    }
    // All programs would be thousands.
    if !typed.isEmpty || isForced { result += programs(typed, except: Set(result.map(\.name))) }
    return result
  }

  private func keywords(_ words: [String]) -> [Candidate] {
    words.map { Candidate($0, HelpTopic.named($0)?.summary ?? "keyword") }
  }

  func functions() -> [Candidate] {
    interpreter.globals.functionNames.map { Candidate($0, header(of: $0) ?? "function") }
  }

  /// A function's first line, as it was declared.
  func header(of name: String) -> String? {
    guard case .closure(let closure)? = try? interpreter.function(named: name) else { return nil }
    let text = closure.function.source.text(closure.function.span)
    guard let brace = text.firstIndex(of: "{") else { return nil }
    return text[..<brace].split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  func builtins() -> [Candidate] {
    interpreter.table.words.compactMap { word in
      if let command = interpreter.table[word] {
        return command.traits.contains(.hidden) ? nil : Candidate(word, command.summary)
      }
      let verbs = interpreter.table.verbs(of: word) ?? []
      return Candidate(word, verbs.joined(separator: ", "))
    }
  }

  func programs(_ typed: String, except known: Set<String> = []) -> [Candidate] {
    let found = Executable.programs(prefix: typed, path: environment("PATH") ?? "")
    return found.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
      .map { Candidate($0.key, "program in \($0.value)") }
  }

  // MARK: Variables

  private func variables(_ place: CursorPlace) -> [Candidate] {
    var result: [Candidate] = []
    for name in Set(place.declared) where interpreter.global(name) == nil {
      result.append(Candidate(name, "declared here", suffix: ""))
    }
    for name in interpreter.globals.variableNames {
      let value = interpreter.global(name) ?? interpreter.host.liveVariable(name)
      result.append(Candidate(name, note(value), suffix: ""))
    }
    for function in functions() where isName(function.name) {
      result.append(Candidate(function.name, function.note, suffix: ""))
    }
    return result.sorted { $0.name < $1.name }
  }

  /// A value's type and beginning.
  private func note(_ value: Value) -> String {
    switch value.plain {
    case .handle(let handle): return "\(handle.typeName) \(handle.text)"
    case .list(let list) where list.items.count > 20: return "list of \(list.items.count)"
    case .map(let map) where map.count > 20: return "map of \(map.count)"
    case .string(let string) where string.string.utf8.count > 200:
      return "string " + Value.text(String(string.string.prefix(100))).asLiteral
    case .null, .missing: return "null"
    default: return "\(value.plain.typeName) \(value.plain.asLiteral)"
    }
  }

  private func value(of variable: String, _ path: [String]) -> Value? {
    var value = interpreter.global(variable) ?? interpreter.host.liveVariable(variable)
    for step in path {
      guard let next = member(of: value, step) else { return nil }
      value = next
    }
    return value
  }

  private func fields(_ variable: String, _ path: [String]) -> [Candidate] {
    value(of: variable, path).map { members(of: $0) } ?? []
  }

  /// The keys of a map, as they stand between brackets.
  private func keys(_ variable: String, _ path: [String]) -> [Candidate] {
    guard case .map(let map)? = value(of: variable, path)?.plain else { return [] }
    return map.pairs.map { pair in
      let key = pair.key.asText
      var isPlain = false
      if isName(key), case .none = literal(key) { isPlain = true }
      return Candidate(isPlain ? key : pair.key.asLiteral, note(pair.value), suffix: "]")
    }.sorted { $0.name < $1.name }
  }

  private func member(of value: Value, _ step: String) -> Value? {
    switch value.plain {
    case .map(let map): return map.get(step)
    case .handle(let handle): return (try? handle.field(step)) ?? nil
    case .error(let error): return error.field(step)
    case .list(let list):
      guard let index = Int(step) else { return nil }
      let place = index < 0 ? list.items.count + index : index
      return list.items.indices.contains(place) ? list.items[place] : nil
    default: return nil
    }
  }

  private func members(of value: Value) -> [Candidate] {
    switch value.plain {
    case .map(let map):
      return map.pairs.filter { isName($0.key.asText) }
        .map { Candidate($0.key.asText, note($0.value), suffix: "") }
        .sorted { $0.name < $1.name }
    case .handle(let handle):
      return handle.fieldNames.map { name in
        Candidate(name, ((try? handle.field(name)) ?? nil).map { note($0) } ?? "", suffix: "")
      }
    case .error(let error):
      return ["kind", "message", "span", "trace", "help"].map {
        Candidate($0, error.field($0).map { note($0) } ?? "", suffix: "")
      }
    default: return []
    }
  }
}
