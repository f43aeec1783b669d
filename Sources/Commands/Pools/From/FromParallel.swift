import Language

/// A line of GNU parallel, or of its `sem`, for `brood run`.
struct FromParallel {
  private var line = FromLine()
  private var places = FromPlaces()
  private var files: [String] = []
  private var sources: [String] = []
  private var perCall: (count: String, given: FromGiven)?
  private var isQuoted = false
  private var isPart = false
  private var isSemaphore = false
  private var joblog: String?
  private var results: String?
  private var rerun: String?
  /// Variables that programs on other machines get.
  private var variables: [String] = []
  /// Names of exported functions of bash.
  private let functions: Set<String>

  private init(functions: Set<String>) { self.functions = functions }

  /// - Parameters:
  ///   - words: what stands behind `parallel`.
  ///   - functions: those of bash that are exported.
  ///   - isSemaphore: it is `sem` that was called.
  /// - Throws: `arity` for an option that is not known.
  static func line(
    _ words: some Collection<String>, functions: Set<String> = [], isSemaphore: Bool = false
  ) throws -> FromLine {
    var reader = FromParallel(functions: functions)
    reader.isSemaphore = isSemaphore
    let words = Array(words)
    let separators = separators(words)
    let first = words.indices.first { separators[words[$0]] != nil && !isNamed(at: $0, words) }
    let end = first ?? words.count
    reader.sources = words[end...].map { separators[$0] ?? $0 }
    let (given, command) = try options.read(words[..<end])
    for option in given { try reader.take(option) }
    return reader.finish(command)
  }

  /// What stands between inputs, by --arg-sep and --arg-file-sep, and what it is here.
  private static func separators(_ words: [String]) -> [String: String] {
    var signs = [":::": ":::", ":::+": ":::+", "::::": "::::", "::::+": "::::+"]
    for (index, word) in words.enumerated() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard let sign = separatorFlags[parts.first ?? ""] else { continue }
      guard let own = parts.count > 1 ? parts[1] : words.dropFirst(index + 1).first else { break }
      signs[own] = sign
      signs[own + "+"] = sign + "+"
    }
    return signs
  }

  private static let separatorFlags = [
    "--arg-sep": ":::", "--argsep": ":::", "--arg-file-sep": "::::", "--argfilesep": "::::",
  ]

  /// Whether a word is the value of one of these flags.
  private static func isNamed(at index: Int, _ words: [String]) -> Bool {
    index > 0 && separatorFlags[words[index - 1]] != nil
  }

  // MARK: Options

  private mutating func take(_ given: FromGiven) throws {
    switch given.option.meaning {
    case .special: try special(given)
    default: try line.take(given)
    }
  }

  private mutating func special(_ given: FromGiven) throws {
    let text = given.text
    switch given.name {
    case "j": line.add("-j", text)
    case "delay":
      if text.hasSuffix("auto") { line.remark("\(given.written): the delay stays as it is") }
      let time = text.hasSuffix("auto") ? String(text.dropLast(4)) : text
      guard let time = FromValues.duration(time) else { throw FromLine.wrong(given, "a time") }
      line.add("--delay", time)
    case "timeout":
      if text.hasSuffix("%") { return line.add("--timeout", text) }
      guard let time = FromValues.duration(text) else { throw FromLine.wrong(given, "a time") }
      line.add("--timeout", time)
    case "halt": if let halt = try FromValues.halt(text) { line.add("--halt", halt) }
    case "retries":
      guard let tries = Int(text), tries >= 0 else { throw FromLine.wrong(given, "a number") }
      if tries > 1 {
        line.add("--retries", String(tries - 1))
        line.remark("\(given.written): the first attempt counts there, and not here")
      }
    case "workdir":
      if text == "..." {
        line.remark("\(given.written): has no equal; --shell 'cd \"$(mktemp -d)\" && …' is one")
      } else if text != "." {
        line.directory = text
      }
    case "env": variables.append(text)
    case "S": addMachines(given)
    case "trc":
      line.add("--send", "{}")
      line.add("--fetch", places.translated(text))
    case "transfer": line.add("--send", "{}")
    case "tmpdir": line.environment.append("TMPDIR=\(text)")
    case "process-slot-var": line.addSlot(given)
    case "q": isQuoted = true
    case "semaphore": isSemaphore = true
    case "id": line.add("--name", text)
    case "fg": line.add("--fg")
    case "bg":
      line.remark("\(given.written): not needed, without --fg it goes on in the background")
    case "wait": line.add("--wait")
    case "st":
      guard let time = FromValues.duration(text.hasPrefix("-") ? String(text.dropFirst()) : text)
      else { throw FromLine.wrong(given, "a time") }
      line.add("--timeout", time)
    default: try ofInputs(given)
    }
  }

  /// The machines of `4/alice@node1,node2,:`.
  private mutating func addMachines(_ given: FromGiven) {
    let all = given.text.split(separator: ",").map(String.init)
    let hosts = all.filter { !$0.hasSuffix(":") && !$0.contains(" ") && !$0.hasPrefix("@") }
    if all.contains(where: { $0.hasSuffix(":") }) {
      line.remark(
        "\(given.written): with --via no program runs on this machine; ssh:localhost is one")
    }
    if let other = all.first(where: { $0.contains(" ") || $0.hasPrefix("@") }) {
      line.remark("'\(other)': --via 'ssh -p 2222 HOST' is any way to a machine")
    }
    if !hosts.isEmpty { line.add("--via", "ssh:" + hosts.joined(separator: ",")) }
  }

  private mutating func ofInputs(_ given: FromGiven) throws {
    let text = given.text
    switch given.name {
    case "a": files.append(text)
    case "d": line.addDelimiter(given)
    case "C":
      line.add("--colsep", text)
      if !["\\t", "\\s+"].contains(text), text.contains(where: { "\\.*+?[]()|^$".contains($0) }) {
        line.remark("\(given.written): --colsep is taken as it stands, and is no pattern")
      }
    case "header":
      if text == ":" {
        line.add("--header")
      } else {
        line.remark(
          "\(given.written): has no equal; --header takes one line, --skip N leaves lines out")
      }
    case "skip-first-line": line.add("--skip", "1")
    case "n", "N", "L", "l": perCall = (given.value ?? "1", given)
    case "X":
      line.add("-X")
    case "I", "U", "i": places.add(given.value ?? "{}", for: "{}")
    case "er": places.add(text, for: "{.}")
    case "bnr": places.add(text, for: "{/}")
    case "dnr": places.add(text, for: "{//}")
    case "bner": places.add(text, for: "{/.}")
    case "seqreplace": places.add(text, for: "{#}")
    case "slotreplace": places.add(text, for: "{%}")
    default: try ofOutput(given)
    }
  }

  private mutating func ofOutput(_ given: FromGiven) throws {
    let text = given.text
    switch given.name {
    case "ctag":
      line.add("--tag")
      line.add("--color")
    case "tagstring": line.add("--tag-format", places.translated(text) + "\\t")
    case "ctagstring":
      line.add("--tag-format", places.translated(text) + "\\t")
      line.add("--color")
    case "joblog":
      joblog = text
      line.add("--joblog", text)
    case "results":
      results = text
      line.add("--results", places.translated(text))
      if text.hasSuffix(".tsv") {
        line.remark("\(given.written): FILE.csv and FILE.json are written")
      }
    case "resume": rerun = rerun ?? "missing"
    case "resume-failed", "retry-failed": rerun = "failed"
    case "pipepart": isPart = true
    case "block":
      guard let size = FromValues.size(text) else {
        return line.remark("\(given.written): has no equal; --block is a size, as 10MB")
      }
      line.add("--block", size)
    default: break
    }
  }

  // MARK: The whole

  private func finish(_ command: [String]) -> FromLine {
    var line = line
    if isSemaphore { line.verb = "sem" }
    setMachines(&line)
    setJournal(&line)
    setInputs(&line)
    let hasNone = setCounts(&line)
    line.work = work(command, hasNone: hasNone, &line)
    line.addTraits()
    return line
  }

  private func setMachines(_ line: inout FromLine) {
    guard line.has("--via") else {
      if let first = variables.first {
        line.remark("--env \(first): not needed, programs have the environment of this shell")
      }
      return
    }
    for name in variables { line.add("--env", name) }
    if let directory = line.directory {
      line.add("--cwd", directory)
      line.directory = nil
    }
  }

  private func setJournal(_ line: inout FromLine) {
    guard let rerun else { return }
    let journal = (joblog ?? results ?? "tasks") + ".journal"
    line.add("--journal", journal)
    line.add("--rerun", rerun)
    line.remark(
      "\(journal) has what is done, by what the tasks are and not by their numbers; all runs must "
        + "have --journal, and a joblog is not read")
  }

  private func setInputs(_ line: inout FromLine) {
    if isPart, let file = files.first {
      line.add("--pipepart", file)
    } else if files.count == 1, sources.isEmpty {
      line.add("--file", files[0])
    } else {
      line.inputs = files.isEmpty ? [] : ["::::"] + files
    }
    if isPart, files.isEmpty { line.remark("--pipepart: -a FILE names the file") }
    line.inputs += sources
  }

  /// Says how many inputs go to a call; true if none does.
  private func setCounts(_ line: inout FromLine) -> Bool {
    guard let (count, given) = perCall else { return false }
    if line.has("--pipe") || isPart {
      line.add("--lines", count)
      return false
    }
    if count == "0" { return true }
    if count != "1" || line.has("-X") { line.add("-n", count) }
    if given.name == "L" || given.name == "l" {
      line.remark("\(given.written): each line is an input, whatever blanks are in it")
    }
    return false
  }

  private func work(_ command: [String], hasNone: Bool, _ line: inout FromLine) -> FromLine.Work {
    if command.isEmpty {
      if isSemaphore, line.has("--wait") { return .words([]) }
      if line.has("--pipe") || isPart { return .words(["cat"]) }
      if !isSemaphore { line.remark("each input is a line of sh") }
      return .words(["sh", "-c"])
    }
    let text = command.joined(separator: " ")
    for place in FromPlaces.foreign(in: text) {
      line.remark("\(place): has no equal; --shell computes from an input, as x={}; echo ${x%.*}")
    }
    if !hasPlace(command), text.contains("{#}") || text.contains("{%}") {
      line.remark(
        "the input is added at the end, where only {#} or {%} stand; in parallel it is not")
    }
    if isQuoted { return .words(command.map(places.translated)) }
    let words = FromShellText.words(text)
    if hasNone {
      // The input becomes an argument that nothing asks for.
      return .words(["sh", "-c", places.translated(text), "sh"])
    }
    if let words, !functions.contains(words[0]) {
      return .words(words.map { joined(places.translated($0), line) })
    }
    if isSemaphore { return .words(["sh", "-c", text]) }
    if let sign = FromShellText.bashSign(in: text) {
      line.remark(
        "'\(sign)' is of bash, and --shell is run by sh: bash -c 'TEXT with \"$1\"' bash {}")
    }
    let isAppended = !hasPlace(command) && !line.has("--pipe") && !isPart
    return .shell(places.translated(text) + (isAppended ? " {}" : ""))
  }

  /// A word in which {} stands beside other text: without -X all inputs of a call stand there.
  private func joined(_ word: String, _ line: FromLine) -> String {
    guard line.has("-n"), !line.has("-X"), word != "{}", !word.contains("{{}}") else { return word }
    return word.replacing("{}", with: "{+}")
  }

  /// Whether an input stands somewhere in the words.
  private func hasPlace(_ command: [String]) -> Bool {
    command.contains { word in
      places.has(in: word.replacing("{#}", with: "").replacing("{%}", with: ""))
    }
  }
}
