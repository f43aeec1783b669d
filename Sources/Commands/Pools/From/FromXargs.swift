import Language

/// A line of GNU or BSD xargs for `brood run`.
struct FromXargs {
  private var line = FromLine()
  private var places = FromPlaces()
  /// Each line is an input of its own, as with -I and -L.
  private var hasLines = false
  /// Inputs end with a character that is named, so that nothing else is looked at.
  private var hasDelimiter = false
  private var perCall: String?
  private var hasJobs = false

  static let options = FromOptions(
    program: "xargs",
    all: [
      FromOption("0 null"), FromOption("a arg-file", .required, .flag("--file")),
      FromOption("d delimiter", .required),
      FromOption("E", .required, .missing("sed '/^END$/,$d' | in front ends the inputs there")),
      FromOption("e eof", .optional, .missing("sed '/^END$/,$d' | in front ends the inputs there")),
      FromOption("I", .required), FromOption("i replace", .optional), FromOption("J", .required),
      FromOption("L", .required), FromOption("l max-lines", .optional),
      FromOption("n max-args", .required), FromOption("P max-procs", .required),
      FromOption(
        "p interactive", .none,
        .missing("--dry-run shows what would be run, and sh runs those lines that are kept of it")),
      FromOption("o open-tty", .none, .flag("--tty")),
      FromOption("process-slot-var", .required),
      FromOption("r no-run-if-empty", .none, .needless("without inputs nothing is run")),
      FromOption("R S", .required, .missing("{} is replaced as often as it stands in the words")),
      FromOption("s max-chars", .required, .flag("--max-chars")),
      FromOption(
        "show-limits", .none, .missing("-X gives a call as many inputs as the system takes")),
      FromOption(
        "t verbose", .none,
        .missing("--dry-run shows the lines; --joblog FILE has them, with what became of each")),
      FromOption(
        "x exit", .none, .needless("what does not fit into a call is told as a failure anyway")),
    ])

  /// - Parameter words: what stands behind `xargs`.
  /// - Throws: `arity` for an option that is not known.
  static func line(_ words: some Collection<String>) throws -> FromLine {
    let (given, command) = try options.read(words)
    var reader = FromXargs()
    reader.places.knowsBraces = false
    for option in given { try reader.take(option) }
    return reader.finish(command)
  }

  private mutating func take(_ given: FromGiven) throws {
    switch given.option.meaning {
    case .special: special(given)
    default: try line.take(given)
    }
  }

  private mutating func special(_ given: FromGiven) {
    switch given.name {
    case "0":
      line.add("-0")
      hasDelimiter = true
    case "d":
      hasDelimiter = true
      line.addDelimiter(given)
    case "I": replace(given.text, given)
    case "J": places.add(given.text, for: "{}")
    case "i": replace(given.value ?? "{}", given)
    case "L", "l":
      hasLines = true
      perCall = given.value ?? "1"
    case "n": perCall = given.text
    case "P":
      hasJobs = true
      line.add("-j", given.text)
    case "process-slot-var": line.addSlot(given)
    default: break
    }
  }

  private mutating func replace(_ text: String, _ given: FromGiven) {
    hasLines = true
    perCall = "1"
    places.add(text, for: "{}")
    if text != "{}" { line.remark("\(given.written): {} is the place for an input") }
  }

  private func finish(_ command: [String]) -> FromLine {
    var line = line
    if !hasJobs { line.add("-j", "1") }
    switch perCall {
    case "1"?: break
    case let count?: line.add("-n", count)
    case nil: line.add("-X")
    }
    let program = command.isEmpty ? ["echo"] : command
    line.work = .words(program.map(places.translated))
    if perCall != nil, hasLines, !hasDelimiter, !line.has("-0") {
      line.remark(
        "a line is an input as it stands; xargs drops blanks in front, and reads quotes and "
          + "backslashes")
    } else if !hasDelimiter {
      line.remark(
        "a line is an input as it stands; xargs splits lines at blanks, and reads quotes and "
          + "backslashes: tr -s ' \\t' '\\n' | in front does the splitting")
    }
    line.addTraits()
    return line
  }
}
