import Glibc
import Language
import Posix
import Session

/// Where the inputs of `pool run` come from.
enum RunInputs {
  /// Inputs, and how many there are where that is known.
  struct Source {
    var count: Int?
    /// How many parts each has at least, where that is known.
    var parts: Int?
    /// The names of the parts, if they have some.
    var columns: [String] = []
    /// Where one may have to wait for them.
    var stream: InputStream?
    var next: () throws -> TaskInput?
  }

  // MARK: Behind ':::' and '::::'

  /// The words of the program, and the inputs behind ':::' and ':::+', or in the files behind '::::'
  /// and '::::+'; nil if there are none.
  static func split(
    _ words: [[UInt8]], _ form: InputForm, _ call: borrowing Call
  ) throws -> (program: [String], inputs: Source?) {
    let first = words.firstIndex(where: isSign) ?? words.count
    let program = try words[..<first].map { word in
      guard let text = String(validating: word, as: UTF8.self) else {
        throw call.error(
          .type, "a word of the program is not UTF-8: \(String(decoding: word, as: UTF8.self))",
          help: "inputs may be of any bytes: give it as one, and {} in its place")
      }
      return text
    }
    if first == words.count { return (program, nil) }
    if words[first] == fourColons, words.count == first + 2 {
      // Of a single file the inputs are read as they are needed.
      return (program, try lines(of: [try path(words[first + 1], call)], form, call))
    }
    return (program, try combined(words[first...], form, call))
  }

  /// The inputs of several sources.
  private static func combined(
    _ words: ArraySlice<[UInt8]>, _ form: InputForm, _ call: borrowing Call
  ) throws -> Source {
    // Each group is a list of linked sources, each a list of tuples of parts.
    var groups: [[[[[UInt8]]]]] = []
    var columns: [String] = []
    var place = words.startIndex
    while place < words.endIndex {
      let sign = words[place]
      let end = words[(place + 1)...].firstIndex(where: isSign) ?? words.endIndex
      let items = words[(place + 1)..<end]
      place = end
      let name = String(decoding: sign, as: UTF8.self)
      let isOfFiles = sign.starts(with: fourColons)
      if isOfFiles, items.isEmpty {
        throw call.error(
          .arity, "'\(name)' needs the name of a file with the inputs",
          help: "inputs themselves stand behind ':::'; '-' is standard input")
      }
      // Each file is a source of its own.
      let sources =
        isOfFiles ? try items.map { try all($0, form, call) } : [try items.map(form.row)]
      for var source in sources {
        if form.hasHeader, !source.isEmpty { columns += names(source.removeFirst()) }
        guard sign.last == plus || form.isLinked && !groups.isEmpty else {
          groups.append([source])
          continue
        }
        let link = sign.last == plus ? "'\(name)'" : "--link"
        guard let first = groups.last?.first else {
          throw call.error(
            .arity, "\(link) links its inputs with those of a ':::' or '::::' before it",
            help: "as: pool run -- cp {1} {2} ::: a b :::+ x y")
        }
        guard first.count == source.count || form.unequal != nil else {
          throw call.error(
            .arity, "\(link) links \(source.count) with \(first.count) inputs",
            help: "linked sources have the same number of inputs; --link=repeat takes those of the "
              + "shorter one again, --link=shortest leaves out the rest")
        }
        groups[groups.count - 1].append(source)
      }
    }
    var result = product(try groups.map { try linked($0, form, call) })
    result.columns = columns
    return result
  }

  /// One input of each source, the parts behind one another.
  private static func linked(
    _ sources: [[[[UInt8]]]], _ form: InputForm, _ call: borrowing Call
  ) throws -> [[[UInt8]]] {
    let counts = sources.map(\.count)
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    if form.unequal == .repeat, least == 0, most > 0 {
      throw call.error(
        .arity, "--link=repeat has nothing to repeat: a source has no inputs", flag: "link")
    }
    return (0..<(form.unequal == .repeat ? most : least)).map { row in
      sources.flatMap { $0[row % $0.count] }
    }
  }

  private static let threeColons = Array(":::".utf8)
  private static let fourColons = Array("::::".utf8)
  private static let plus = UInt8(ascii: "+")

  static func isSign(_ word: [UInt8]) -> Bool {
    let sign = word.last == plus ? word.dropLast() : word[...]
    return sign.elementsEqual(threeColons) || sign.elementsEqual(fourColons)
  }

  private static func path(_ word: [UInt8], _ call: borrowing Call) throws -> String {
    if let path = String(validating: word, as: UTF8.self) { return path }
    throw call.error(
      .type, "the name of a file is not UTF-8: \(String(decoding: word, as: UTF8.self))")
  }

  static func names(_ row: [[UInt8]]) -> [String] {
    row.map { String(decoding: $0, as: UTF8.self) }
  }

  /// All rows of a file, its header included.
  private static func all(
    _ word: [UInt8], _ form: InputForm, _ call: borrowing Call
  ) throws -> [[[UInt8]]] {
    let records = try open([try path(word, call)], form, call)[0]
    var result: [[[UInt8]]] = []
    while let row = try records.next() { result.append(row) }
    return result
  }

  /// Every combination, the last source running fastest.
  private static func product(_ groups: [[[[UInt8]]]]) -> Source {
    var counters = Array(repeating: 0, count: groups.count)
    var hasEnded = groups.contains(where: \.isEmpty)
    var count: Int? = 1
    for group in groups {
      let (product, overflow) = (count ?? 0).multipliedReportingOverflow(by: group.count)
      count = overflow || count == nil ? nil : product
    }
    let parts = groups.reduce(0) { $0 + ($1.lazy.map(\.count).min() ?? 0) }
    return Source(count: count, parts: hasEnded ? nil : parts) {
      if hasEnded { return nil }
      let parts = zip(groups, counters).flatMap { $0[$1] }
      hasEnded = true
      for i in groups.indices.reversed() {
        counters[i] += 1
        if counters[i] < groups[i].count {
          hasEnded = false
          break
        }
        counters[i] = 0
      }
      return TaskInput(parts)
    }
  }

  // MARK: Lines

  /// The lines of standard input or of the files of --file, one file after the other, whatever
  /// bytes they are, read as they are needed.
  static func lines(_ form: InputForm, _ call: borrowing Call) throws -> Source {
    guard case .list(let paths)? = call.flag("file") else {
      return try lines(of: ["-"], form, call)
    }
    let names = paths.items.map(\.asText)
    return try call.at(flag: "file") { try lines(of: names, form, call) }
  }

  private static func lines(
    of paths: [String], _ form: InputForm, _ call: borrowing Call
  ) throws -> Source {
    let files = try open(paths, form, call)
    var columns: [String]?
    if form.hasHeader { columns = try files[0].next().map(names) ?? [] }
    var place = 0
    var source = Source(columns: columns ?? []) {
      while place < files.count {
        if let row = try files[place].next() { return TaskInput(row) }
        place += 1
        guard place < files.count, let columns else { continue }
        if let own = try files[place].next().map(names), own != columns {
          throw ErrorObject(
            .syntax, "the header of '\(paths[place])' differs from that of '\(paths[0])'",
            help: "files behind one another have the same columns; :::: makes combinations")
        }
      }
      return nil
    }
    if !form.isTable { source.parts = 1 }
    if files.count == 1 {
      source.stream = InputStream(descriptor: files[0].fd, isReady: files[0].isReady)
    }
    return source
  }

  /// - Parameter paths: of files, of which `-` is standard input; all are opened first, so that one
  ///   that is missing is told of before anything runs.
  private static func open(
    _ paths: [String], _ form: InputForm, _ call: borrowing Call
  ) throws -> [InputRecords] {
    let interpreter = call.interpreter
    if paths.contains("-"), Terminal.isTerminal(0), Terminal.isTerminal(2) {
      Session.say("brood: reading inputs from the terminal, one a line; Ctrl-D ends them")
    }
    return try paths.map { path in
      let fd = path == "-" ? 0 : try open(path) { try interpreter.session.attend(interpreter) }
      return InputRecords(
        fd, form, name: path == "-" ? "standard input" : "'\(path)'", interpreter)
    }
  }

  static func open(_ path: String, onAttention: OnAttention?) throws -> Int32 {
    do {
      return try mapErrors("cannot read the inputs from '\(path)'") {
        if try FileStatus(path).kind == .directory {
          throw SystemError(call: "open", code: EISDIR, detail: path)
        }
        return try Descriptors.makePrivate(
          try Transfer.openForReading(path, onAttention: onAttention))
      }
    } catch let error as ErrorObject where error.kind != .interrupted {
      throw error.amended { $0.exitStatus = ErrorObject.usageStatus }
    }
  }
}
