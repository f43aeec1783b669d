import Language

/// `brood run FILE.tasks`: the command `pool tasks`, called from another shell.
enum TasksLine {
  static let only = Flag(
    "only", TasksCommand.names, "of a file of tasks, run these and what they need",
    isRepeatable: true)

  private static let line = CommandLine(
    "brood run", TasksCommand.command.summary, operands: "[FLAGS] FILE.tasks [--only NAME…]",
    flags: TasksCommand.command.flags,
    parameters: [Parameter("file", .any, .required), Parameter("name", .any, .rest)],
    rules: TasksCommand.command.rules, advice: advice)

  private static func advice(_ word: String) -> CommandLine.Advice? {
    let name = word.dropFirst(2).prefix { $0 != "=" }
    guard RunLine.line.flags.contains(where: { $0.name == name }) else { return nil }
    return CommandLine.Advice(
      "see: brood run --help", message: "the flag '--\(name)' means nothing for a file of tasks")
  }

  /// Whether a line of `brood run` is about a file of tasks: its first word that is no flag ends in
  /// `.tasks`, and no `--` stands before it.
  static func isMeant(_ words: [String]) -> Bool {
    guard let reading = try? RunLine.line.read(words), !reading.wantsHelp,
      let file = reading.words.first, file.hasSuffix(".tasks")
    else { return false }
    let place = words.count - reading.words.count
    return place == 0 || words[place - 1] != "--"
  }

  /// Runs it: flags may stand before and behind the file, and further words are names for `--only`.
  static func run(_ words: [String], _ interpreter: Interpreter) throws {
    if let sign = words.first(where: { $0.hasPrefix(":::") }) {
      throw line.misuse("tasks have no inputs, so '\(sign)' means nothing here")
    }
    let reading = try line.read(words)
    if reading.wantsHelp { return try interpreter.write(HelpText.page(RunLine.line)) }
    guard let file = reading.words.first(where: { $0.hasSuffix(".tasks") }) else {
      throw line.misuse("a file of tasks is missing")
    }
    var flags = reading.flags.map { (name: $0.flag.name, word: $0.word) }
    for name in reading.words where name != file {
      guard reading.has("only") else {
        throw ErrorObject(
          .arity, "'\(name)' stands beside the file of tasks",
          help: "some of them are run by: --only \(name)")
      }
      flags.append((name: "only", word: name))
    }
    _ = try interpreter.invoke(TasksCommand.command, flags: flags, words: [.text(file)])
  }
}
