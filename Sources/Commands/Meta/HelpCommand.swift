import Language
import Session
import Teaching

/// `help`: all that the command table knows, for people.
enum HelpCommand {
  private static let word = ParameterType("topic", "a command or topic", completion: .command) {
    input in .text(input.word ?? input.value.asText)
  }

  static let help = Command(
    "help", "Explain the commands",
    details: """
      `help` lists all commands, `help COMMAND` explains one with examples, `help queue` lists the \
      verbs of a family, `help if` explains a word of the language, `help '|'` an operator, \
      `help $last` the variables that Brood keeps, `help errors` their kinds, `help settings` what \
      `config` knows, and `help zombie` explains an idea as `explain` does; of another word it lists the \
      commands that speak of it. `help language` is a page about all of it, and `help prompt` tells of keys \
      and files.
      """,
    parameters: [Parameter("topic", word, .rest, "a command, a family, or a word of the language")],
    flags: [Flag("examples-json", nil, "print the examples of all commands as JSON")],
    traits: .reports,
    examples: [Example("help pwd |> starts-with \"pwd\" |> print", "true")]
  ) { call in
    let table = call.interpreter.table
    let language = call.session.textLanguage(call.interpreter)
    HelpText.summaries = TextLibrary.summaries(language)
    if call.isSet("examples-json") { return try examples(table) }
    let topic = (0..<call.count).map { word($0, of: call) }.joined(separator: " ")
    if topic.isEmpty { return overview(table) }
    if topic == "language" { return report(languageHelp) }
    if topic == "settings" { return report(settings(call)) }
    if let command = table[topic] {
      // A word that is a command and has verbs too, as `fork` might.
      let verbs = table.verbs(of: topic) == nil ? "" : "\n" + verbList(table, topic)
      // One of the language too, as `continue`; not what is only a kind of errors.
      let word = HelpTopic.named(topic).flatMap { $0.listed.contains(topic) ? $0.page : nil }
      return report(
        HelpText.page(command) + verbs + (word.map { "\n" + $0 } ?? "") + idea(of: topic))
    }
    if let topic = HelpTopic.named(topic) { return report(topic.page) }
    if table.verbs(of: topic) != nil { return report(verbList(table, topic) + idea(of: topic)) }
    if let family = table.families.first(where: { $0.title.lowercased() == topic.lowercased() }) {
      return report(HelpText.list(family.commands))
    }
    if call.count == 1, let function = try? call.interpreter.function(named: topic),
      case .closure(let closure) = function
    {
      return report(described(closure, topic, call.interpreter))
    }
    if let name = TextLibrary.topicName(for: topic),
      let page = try TextLibrary.topic(name, language)
    {
      return ExplainCommand.page(page, language, call.interpreter)
    }
    let found = call.count == 1 ? HelpSearch.find(topic, in: table) : []
    if found.isEmpty { throw unknown(call, topic) }
    return report(
      "There is no help on '\(topic)' itself. These speak of it:\n\n" + HelpText.columns(found))
  }

  /// Where the idea behind a command is explained, if it is.
  private static func idea(of word: String) -> String {
    TextLibrary.topicName(for: word).map { "\nThe idea: explain \($0)\n" } ?? ""
  }

  /// What was asked for; a variable of Brood's by its name, whatever its value is.
  private static func word(_ index: Int, of call: borrowing Call) -> String {
    if call.spelling(index) == nil, let location = call.location(index) {
      let text = location.source.text(location.span)
      if text.hasPrefix("$"), HelpTopic.named(text) != nil { return text }
    }
    return call.spelled(index)
  }

  /// What `config` knows here.
  private static func settings(_ call: borrowing Call) -> String {
    HelpText.head(
      "settings: config KEY VALUE", "The settings and what they mean",
      "`config` lists them with their values, and `help config` says where lasting ones stand.")
      + "\n"
      + HelpText.columns(call.session.settings.list.map { ($0.key, $0.summary) })
      + HelpText.examples([Example("config reap", "manual")])
  }

  private static func report(_ text: String) -> Value {
    .report(ReportObject(.text(text), text: text))
  }

  private static func unknown(_ call: borrowing Call, _ topic: String) -> ErrorObject {
    let table = call.interpreter.table
    let names =
      table.words + table.all.map(\.name) + table.families.map { $0.title.lowercased() }
      + ["language", "settings"] + TextLibrary.topicWords + HelpTopic.all.flatMap(\.words)
    return call.error(
      .missing, "there is no help on '\(topic)'", at: 0,
      help: nearest(topic, among: names).map { "did you mean '\($0)'?" }
        ?? "help lists all commands")
  }

  private static func described(
    _ closure: Closure, _ name: String, _ interpreter: Interpreter
  ) -> String {
    let function = closure.function
    if !interpreter.globals.functionNames.contains(name) {
      return "\(name) is a program; see: man \(name)"
    }
    let at = function.source.position(function.span.start)
    return "\(function.signature)\n\nA function of yours, from \(function.source.name):\(at.line)."
  }

  /// The commands of each family, by their words.
  private static func overview(_ table: CommandTable) -> Value {
    let families = table.families.map { ($0.title, words($0)) }
    let width = families.reduce(0) { max($0, $1.0.count) } + 2
    var text = """
      help COMMAND explains a command, help FAMILY lists its commands in a line each, help language \
      is about the language.

      """
    text = HelpText.wrapped(text, indent: 0) + "\n"
    for (title, words) in families {
      let lines = HelpText.wrapped(words.joined(separator: " "), indent: width)
      text += title + String(repeating: " ", count: width - title.count)
      text += lines.drop { $0 == " " }
    }
    let topics = HelpTopic.all.flatMap(\.listed) + ["settings", "language"]
    let title = "Language"
    text += title + String(repeating: " ", count: width - title.count)
    text += HelpText.wrapped(topics.joined(separator: " "), indent: width).drop { $0 == " " }
    let records = table.families.flatMap { family in
      family.commands.map { command in
        Value.record([
          "name": .text(command.name), "summary": .text(HelpText.summary(of: command)),
          "family": .text(family.title),
        ])
      }
    }
    return .report(ReportObject(.items(records), text: text))
  }

  /// The first words of a family's commands, each once.
  private static func words(_ family: CommandFamily) -> [String] {
    var seen: Set<String> = []
    return family.commands.filter { !$0.traits.contains(.hidden) }
      .compactMap { $0.name.split(separator: " ").first.map(String.init) }
      .filter { seen.insert($0).inserted }
  }

  private static func verbList(_ table: CommandTable, _ word: String) -> String {
    HelpText.list(table.all.filter { $0.name.hasPrefix(word + " ") })
      + "\nhelp \(word) VERB explains one.\n"
  }

  /// All examples, for the tests that run them.
  private static func examples(_ table: CommandTable) throws -> Value {
    let all =
      table.all.map { ($0.name, $0.examples) } + HelpTopic.all.map { ($0.words[0], $0.examples) }
    let records = all.flatMap { name, examples in
      examples.map { example in
        Value.record([
          "command": .text(name), "code": .text(example.code), "output": .text(example.output),
        ])
      }
    }
    var writer = JSONWriter(pretty: true)
    try writer.write(.items(records))
    return report(String(decoding: writer.bytes, as: UTF8.self))
  }
}

/// `help language`: one screen.
let languageHelp = """
  let n = 5                  a constant          # a comment
  var total = 0              a variable          total += $n * 2
  print "n is $n, ${$n * 2}" text; 'raw' has no $; words need no quotes: print hello

  [1, 2, 3]  $xs[0]  $xs[-1]  $xs[1..3]          lists    xs += [4]   ...$xs spreads
  [a: 1, b: 2]  $m.a  $m.c ?? "none"             maps     m.key = 3   [:] is empty
  250ms  2s  64KiB  1..5  0x1f  true  null       durations, sizes, ranges

  fn greet(name, greeting = "hello", ...rest) { print $greeting $name }
  greet you                  a command: words, then --flags
  let q = (len $xs) + 1      ( … ) yields the value of a command or expression
  [3, 1] |> sort |> print    passes a value on as the first argument
  { |x| $x * 2 }             a block with a parameter; $greet is a function as a value

  if $n > 3 { … } else { … }       while $n < 9 { … }       for x in $xs { … }
  for i, x in $xs { … }            break   continue   return   and or not in ..
  try { … } catch e: timeout, closed { print $e.message } finally { … }
  throw "no luck"

  ls *.txt | sort > out.txt  programs, connected by pipes; < >> 2> 2>&1 &> redirect
  exec sort < $p.r           to the end of a raw pipe, or a connection, as well as to a file
  let text = (^date)         a program's output; ^ forces the program
  ok grep -q x file          true or false; status CMD gives the whole record
  sleep 10 &                 in the background; a && b, a || b
  env.NAME = "x"   $env.PATH   $args   $pid   $ppid   $last   $status

  let p = fork { 6 * 7 }     a real process with a copy of the variables
  print (wait $p).value      42
  """

/// Commands whose help has a word that is no topic itself, as `retry`.
enum HelpSearch {
  private static let shortest = 4

  /// The commands that speak of a word, each with what is said of it: a flag, or the summary.
  ///
  /// A word also stands for longer ones that begin as it does, but for its own ending: `retry` finds
  /// `--retries`.
  static func find(_ word: String, in table: CommandTable) -> [(String, String)] {
    let word = word.lowercased()
    let ending = ["ies", "ing", "es", "y", "s"].first { word.hasSuffix($0) }
    let stem = word.dropLast(ending.map { word.count - $0.count >= shortest ? $0.count : 0 } ?? 0)
    guard stem.count >= shortest else { return [] }
    func has(_ text: String) -> Bool {
      text.lowercased().split { !$0.isLetter && !$0.isNumber }.contains { $0.hasPrefix(stem) }
    }
    var found: [(String, String)] = []
    for command in table.all {
      if let flag = command.flags.first(where: { has($0.name) || has($0.summary) }) {
        found.append(("\(command.name) --\(flag.name)", flag.summary))
      } else if has(command.summary) || has(command.details) {
        found.append((command.name, command.summary))
      }
    }
    return found
  }
}
