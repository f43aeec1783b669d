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
    let point = CompletionFinder.point(in: text)
    var start = point.start
    var typed = point.text
    let all: [Candidate]
    switch point.kind {
    case .nothing: return nil
    case .variable: all = variables(point)
    case .field(let variable, let path): all = fields(variable, path)
    case .file: return files(point, kind: .any)
    case .command(let isForced, let isStatement):
      if typed.contains("/") || typed.hasPrefix("~") { return files(point, kind: .program) }
      all = commands(typed, isForced: isForced, isStatement: isStatement)
    case .arm:
      all = arms.map { Candidate($0.name, "\($0.usage)  \($0.parameter.summary)") }
    case .argument(let command):
      switch argument(command, point) {
      case .candidates(let found): all = found
      case .files(let kind): return files(point, kind: kind)
      case .flagValue(let name, let type):
        // Behind `--name=` the value alone is replaced.
        start += name.utf8.count + 3
        typed = String(typed.dropFirst(name.count + 3))
        var valuePoint = point
        valuePoint.start = start
        valuePoint.text = typed
        switch candidates(for: type, typed: typed) {
        case .files(let kind): return files(valuePoint, kind: kind)
        case .candidates(let found): all = found
        case .flagValue: return nil
        }
      }
    }
    let matching = Completer.matching(all, typed)
    guard !matching.isEmpty else { return nil }
    let quoted = matching.map { candidate in
      var candidate = candidate
      guard isWord(point.kind) else { return candidate }
      candidate.replacement = WordQuoting.quoted(candidate.replacement, point.quote)
      if matching.count == 1 { candidate.replacement += WordQuoting.close(point.quote) }
      return candidate
    }
    return Completions(start: start, typed: WordQuoting.quoted(typed, point.quote), quoted)
  }

  private func isWord(_ kind: CompletionPoint.Kind) -> Bool {
    switch kind {
    case .variable, .field: false
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

  private func files(_ point: CompletionPoint, kind: FileCompletion.Kind) -> Completions? {
    FileCompletion(home: environment("HOME")).complete(point, kind: kind)
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
      let words =
        (isStatement ? CompletionFinder.keywords : [])
        + ["ok", "status", "time"]
      result += words.map { Candidate($0, keywordNote($0)) }
      result.sort { $0.name < $1.name }
    }
    // All programs would be thousands.
    if !typed.isEmpty || isForced { result += programs(typed, except: Set(result.map(\.name))) }
    return result
  }

  private func keywordNote(_ word: String) -> String {
    HelpTopic.named(word)?.summary ?? "keyword"
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

  private func variables(_ point: CompletionPoint) -> [Candidate] {
    var result: [Candidate] = []
    for name in Set(point.declared) where interpreter.global(name) == nil {
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

  private func fields(_ variable: String, _ path: [String]) -> [Candidate] {
    var value = interpreter.global(variable) ?? interpreter.host.liveVariable(variable)
    for step in path {
      guard let next = member(of: value, step) else { return [] }
      value = next
    }
    return members(of: value)
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
