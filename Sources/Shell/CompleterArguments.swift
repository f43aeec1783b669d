import Commands
import Language
import Posix
import Session

/// The arguments of commands, from their declarations.
extension Completer {
  enum Answer {
    case candidates([Candidate])
    case files(FileCompletion.Kind)
  }

  /// What could be the next argument of a command.
  func argument(_ typed: TypedCommand, _ place: CursorPlace) -> Answer {
    guard let name = typed.name else { return .files(.any) }
    if typed.isArm {
      let arm = arms.first { $0.name == name }
      guard let arm, typed.arguments.isEmpty else { return .candidates([]) }
      return candidates(for: arm.parameter.type, typed: place.text)
    }
    let functionNames = interpreter.globals.functionNames
    if !typed.isForced, functionNames.contains(name) { return functionArgument(name, place) }
    guard !typed.isForced, let (command, used) = builtin(name, typed.arguments) else {
      return verbs(of: name, typed, isForced: typed.isForced) ?? .files(.any)
    }
    if typed.arguments.isEmpty, let verbs = verbs(of: name, typed, isForced: false) {
      // A word that is a command of its own and has verbs too.
      guard case .candidates(let words) = verbs,
        case .candidates(let own) = builtinArgument(command, [], typed, place)
      else { return verbs }
      return .candidates(words + own)
    }
    return builtinArgument(command, Array(typed.arguments.dropFirst(used)), typed, place)
  }

  /// What could be the value behind the `=` of a flag.
  func value(of flag: String, _ typed: TypedCommand, _ text: String) -> Answer {
    guard !typed.isForced, let name = typed.name,
      let (command, used) = builtin(name, typed.arguments)
    else { return .files(.any) }
    let words = Array(typed.arguments.dropFirst(used))
    if GivenWords(command, words, hasInput: typed.hasInput).isProgram { return .files(.any) }
    guard let type = command.flags.first(where: { $0.name == flag })?.type else {
      return .candidates([])
    }
    return candidates(for: type, typed: text)
  }

  /// The kinds of arms that `select` has.
  var arms: [SelectArm] { interpreter.table["select"]?.choice?.arms ?? [] }

  /// The declaration that the words mean, and how many arguments belong to its name.
  private func builtin(_ name: String, _ arguments: [String?]) -> (Command, Int)? {
    if let verb = arguments.first ?? nil, let command = interpreter.table["\(name) \(verb)"] {
      return (command, 1)
    }
    return interpreter.table[name].map { ($0, 0) }
  }

  private func verbs(of name: String, _ typed: TypedCommand, isForced: Bool) -> Answer? {
    guard !isForced, typed.arguments.isEmpty, let verbs = interpreter.table.verbs(of: name) else {
      return nil
    }
    return .candidates(
      verbs.map { Candidate($0, interpreter.table["\(name) \($0)"]?.summary ?? "") })
  }

  private func builtinArgument(
    _ command: Command, _ words: [String?], _ typed: TypedCommand, _ place: CursorPlace
  ) -> Answer {
    let given = GivenWords(command, words, hasInput: typed.hasInput)
    if let type = given.pending?.type { return candidates(for: type, typed: place.text) }
    if given.isProgram { return .files(.any) }
    if !given.flagsEnded, place.text.hasPrefix("-") {
      return dashed(command, place.text, except: given.flags)
    }
    let (parameters, positional) = (command.parameters, given.positional)
    guard let parameter = positional < parameters.count ? parameters[positional] : parameters.last,
      positional < parameters.count || parameter.arity == .rest
    else {
      return .candidates(flags(command, except: given.flags))
    }
    if command.name == "help", let word = words.last ?? nil,
      let verbs = verbs(of: word, TypedCommand(), isForced: false)
    {
      return verbs
    }
    if command.name == "help", positional == 0 { return .candidates(topics()) }
    if command.name == "kill" {
      return .candidates(
        live("process", place.text) + (positional > 0 ? signals(as: place.text) : []))
    }
    if command.name == "config", positional == 1, let key = words.first ?? nil {
      return .candidates(choices(of: key))
    }
    let answer = candidates(for: parameter.type, typed: place.text)
    // Where the argument could be anything, the flags are worth a reminder.
    if case .candidates(let found) = answer, found.isEmpty, place.text.isEmpty {
      return .candidates(flags(command, except: given.flags))
    }
    return answer
  }

  /// What `help` explains.
  private func topics() -> [Candidate] {
    let commands = functions() + builtins()
    let known = Set(commands.map(\.name))
    let words = HelpTopic.all.flatMap { topic in topic.words.map { Candidate($0, topic.summary) } }
    let more = [Candidate("language", "a page about the language")]
    return (commands + (words + more).filter { !known.contains($0.name) })
      .sorted { $0.name < $1.name }
  }

  /// The values that a setting can have.
  private func choices(of key: String) -> [Candidate] {
    guard let setting = session.settings.list.first(where: { $0.key == key }) else { return [] }
    let now = (try? session.settings.get(key))?.asText ?? ""
    return setting.choices.map { Candidate($0, $0 == now ? "as it is now" : "instead of \(now)") }
  }

  private func dashed(_ command: Command, _ text: String, except seen: Set<String>) -> Answer {
    var result = flags(command, except: seen)
    let takesSignal = command.parameters.contains {
      if case .signal = $0.type.completion { true } else { false }
    }
    if takesSignal || command.name == "kill" {
      result += signals(as: String(text.dropFirst())).map { Candidate("-" + $0.name, $0.note) }
    }
    return .candidates(result)
  }

  private func flags(_ command: Command, except seen: Set<String>) -> [Candidate] {
    command.flags.filter { !seen.contains($0.name) }.map { flag in
      let value = flag.type.map { "\($0.name.uppercased()): " } ?? ""
      return Candidate("--" + flag.name, value + flag.summary)
    }
  }

  /// A function's flags, as its header has them, or files.
  private func functionArgument(_ name: String, _ place: CursorPlace) -> Answer {
    guard place.text.hasPrefix("-") else { return .files(.any) }
    let words = (header(of: name) ?? "").split { " (),:=".contains($0) }
    return .candidates(
      words.filter { $0.hasPrefix("--") }.map { Candidate(String($0), "flag of \(name)") })
  }

  /// What fits a declared type.
  func candidates(for type: ParameterType, typed: String) -> Answer {
    switch type.completion {
    case .nothing: .candidates([])
    case .file: .files(.any)
    case .directory: .files(.directory)
    case .program:
      typed.contains("/") || typed.hasPrefix("~")
        ? .files(.program) : .candidates(typed.isEmpty ? [] : programs(typed))
    case .command: .candidates((functions() + builtins()).sorted { $0.name < $1.name })
    case .signal: .candidates(signals(as: typed))
    case .variable:
      .candidates(interpreter.globals.variableNames.map { Candidate($0, "variable") })
    case .choices(let words): .candidates(words.map { Candidate($0, type.phrase) })
    case .live("setting"), .live("config"): .candidates(settings())
    case .live("topic"): .candidates(TextCompletion.topics.map { Candidate($0.word, $0.note) })
    case .live("lesson"):
      typed.contains("/") || typed.hasPrefix(".")
        ? .files(.any) : .candidates(TextCompletion.lessons.map { Candidate($0.word, $0.note) })
    case .live(let kind): .candidates(live(kind, typed))
    }
  }

  /// The signals, spelled with SIG in front where that was begun.
  private func signals(as typed: String = "") -> [Candidate] {
    let plain = Signal.all.map { Candidate($0.name, "\($0.number), \($0.word)") }
    guard typed.uppercased().hasPrefix("SIG") else { return plain }
    return plain.map { Candidate("SIG" + $0.name, $0.note) }
  }

  private func settings() -> [Candidate] {
    session.settings.list.map { setting in
      let value = (try? session.settings.get(setting.key))?.asLiteral ?? ""
      return Candidate(setting.key, "\(value): \(setting.summary)")
    }
  }

  /// Live things with their state; processes by their pid too, once a digit was typed.
  private func live(_ kind: String, _ typed: String) -> [Candidate] {
    let named = session.names.all(kind).map { Candidate($0.name, state($0.handle)) }
    guard kind == "process", typed.first?.isNumber ?? false else { return named }
    return session.processes.all.map { Candidate(String($0.pid), "\($0.name) \($0.word)") } + named
  }

  private func state(_ handle: Handle) -> String {
    guard let process = handle as? ProcessHandle else { return handle.text }
    return "\(process.pid) \(process.word)  \(process.command)"
  }
}

/// What the complete words of a call give a command.
private struct GivenWords {
  /// How many arguments.
  var positional: Int
  /// The flag whose value comes next.
  var pending: Flag?
  /// Names of flags.
  var flags: Set<String> = []
  var flagsEnded = false
  /// A program's words have begun, which are all its own.
  private(set) var isProgram = false

  init(_ command: Command, _ words: [String?], hasInput: Bool) {
    positional = hasInput ? 1 : 0
    let passesWords = command.traits.contains(.passesWords)
    var sorter = ArgumentSorter(endsAtArgument: passesWords, takesAnyValue: passesWords)
    for (place, word) in words.enumerated() {
      let role = word.map { SiteArgument.Role(typed: $0) } ?? .positional
      let meaning = sorter.take(role, at: place) { name in
        flags.insert(name)
        return command.flags.firstIndex { $0.name == name }
          .map { ($0, command.flags[$0].takes(words.dropFirst(place + 1).first ?? nil)) }
      }
      guard meaning == .argument || meaning == .spread else { continue }
      positional += 1
      isProgram = passesWords
    }
    pending = sorter.open.map { command.flags[$0.flag] }
    flagsEnded = sorter.flagsEnded
  }
}
