import Glibc
import Language
import Posix
import Session

/// Where the inputs of `pool run` come from.
enum RunInputs {
  typealias Next = () throws -> TaskInput?

  /// Inputs, and how many there are where that is known.
  struct Source {
    var count: Int?
    /// How many parts each has at least, where that is known.
    var parts: Int?
    /// Where one may have to wait for them.
    var stream: InputStream?
    let next: Next
  }

  // MARK: Behind ':::' and '::::'

  /// The words of the program, and the inputs behind ':::' and ':::+', or in the files behind '::::'
  /// and '::::+'; nil if there are none.
  static func split(
    _ words: [[UInt8]], _ call: borrowing Call
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
      return (program, try lines(of: [try path(words[first + 1], call)], call))
    }
    // Each group is a list of tuples of parts.
    var groups: [[[[UInt8]]]] = []
    var place = first
    while place < words.count {
      let sign = words[place]
      let end = words[(place + 1)...].firstIndex(where: isSign) ?? words.count
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
      let sources = isOfFiles ? try items.map { try all($0, call) } : [Array(items)]
      for source in sources {
        if sign.last != plus {
          groups.append(source.map { [$0] })
          continue
        }
        guard let last = groups.popLast() else {
          throw call.error(
            .arity, "'\(name)' links its inputs with those of a ':::' or '::::' before it",
            help: "as: pool run -- cp {1} {2} ::: a b :::+ x y")
        }
        guard last.count == source.count else {
          throw call.error(
            .arity, "'\(name)' links \(source.count) with \(last.count) inputs",
            help: "linked sources have the same number of inputs")
        }
        groups.append(zip(last, source).map { $0 + [$1] })
      }
    }
    return (program, product(groups))
  }

  private static let threeColons = Array(":::".utf8)
  private static let fourColons = Array("::::".utf8)
  private static let plus = UInt8(ascii: "+")

  private static func isSign(_ word: [UInt8]) -> Bool {
    let sign = word.last == plus ? word.dropLast() : word[...]
    return sign.elementsEqual(threeColons) || sign.elementsEqual(fourColons)
  }

  private static func path(_ word: [UInt8], _ call: borrowing Call) throws -> String {
    if let path = String(validating: word, as: UTF8.self) { return path }
    throw call.error(
      .type, "the name of a file is not UTF-8: \(String(decoding: word, as: UTF8.self))")
  }

  /// All lines of a file.
  private static func all(_ word: [UInt8], _ call: borrowing Call) throws -> [[UInt8]] {
    let source = try lines(of: [try path(word, call)], call)
    var result: [[UInt8]] = []
    while let input = try source.next() { result += input.parts }
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
    let parts = groups.reduce(0) { $0 + ($1.first?.count ?? 0) }
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

  // MARK: Values

  /// The items of a value: each is an input, or a list of its parts.
  static func items(_ value: Value, _ call: borrowing Call) throws -> Source {
    let interpreter = call.interpreter
    switch value.plain {
    case .stream(let stream):
      return Source { try stream.next().map(input) }
    case .list, .range, .map:
      let items = try interpreter.collect(value.plain)
      var place = 0
      return Source(count: items.count, parts: items.map(parts).min()) {
        guard place < items.count else { return nil }
        place += 1
        return try input(items[place - 1])
      }
    default:
      throw call.error(
        .type, "the inputs must be a list, range, map or stream, but are \(value.described)",
        help: "a text's lines are a list: lines TEXT |> pool run …")
    }
  }

  private static func parts(_ value: Value) -> Int {
    if case .list(let list) = value.plain, !list.items.isEmpty { return list.items.count }
    return 1
  }

  private static func input(_ value: Value) throws -> TaskInput {
    if case .list(let list) = value.plain {
      guard !list.items.isEmpty else {
        throw ErrorObject(.type, "an input must not be an empty list")
      }
      return TaskInput(try list.items.map(bytes))
    }
    return TaskInput([try bytes(value)])
  }

  private static func bytes(_ value: Value) throws -> [UInt8] {
    switch value.plain {
    case .bytes(let object): return object.bytes
    case .string(let text): return text.withBytes { Array($0) }
    case .list, .map, .closure, .null, .missing, .stream:
      throw ErrorObject(.type, "an input must be text, but is \(value.described)")
    default: return Array(value.plain.asText.utf8)
    }
  }

  // MARK: Lines

  /// The lines of standard input or of the files of --file, one file after the other, whatever
  /// bytes they are, read as they are needed.
  static func lines(_ call: borrowing Call) throws -> Source {
    guard case .list(let paths)? = call.flag("file") else { return try lines(of: ["-"], call) }
    let names = paths.items.map(\.asText)
    return try call.at(flag: "file") { try lines(of: names, call) }
  }

  /// - Parameter paths: of files, of which `-` is standard input; all are opened first, so that one
  ///   that is missing is told of before anything runs.
  private static func lines(of paths: [String], _ call: borrowing Call) throws -> Source {
    let interpreter = call.interpreter
    let end: UInt8 = call.isSet("null") ? 0 : 0x0A
    let files = try paths.map { path in
      let fd = path == "-" ? 0 : try open(path) { try interpreter.session.attend(interpreter) }
      return InputLines(fd, end: end, interpreter)
    }
    guard files.count != 1 else {
      return Source(
        parts: 1, stream: InputStream(descriptor: files[0].fd, isReady: files[0].isReady),
        next: files[0].next)
    }
    var place = 0
    return Source(parts: 1) {
      while place < files.count {
        if let input = try files[place].next() { return input }
        place += 1
      }
      return nil
    }
  }

  private static func open(_ path: String, onAttention: OnAttention?) throws -> Int32 {
    do {
      return try asking("cannot read the inputs from '\(path)'") {
        if try FileStatus(path).kind == .directory {
          throw SystemError(call: "open", code: EISDIR, detail: path)
        }
        return try Descriptors.makePrivate(
          try Transfer.openForReading(path, onAttention: onAttention))
      }
    } catch let error as ErrorObject where error.control == nil && error.kind != .interrupted {
      error.exitStatus = ErrorObject.usageStatus
      throw error
    }
  }
}

/// Lines as they come through a descriptor.
private final class InputLines {
  let fd: Int32
  private let end: UInt8
  private let interpreter: Interpreter
  private var buffer: [UInt8] = []
  private var place = 0
  /// Where the search for an end goes on.
  private var seen = 0
  private var hasEnded = false

  init(_ fd: Int32, end: UInt8, _ interpreter: Interpreter) {
    self.fd = fd
    self.end = end
    self.interpreter = interpreter
  }

  private var stop: Int? {
    if let found = buffer[seen...].firstIndex(of: end) { return found }
    seen = buffer.count
    return nil
  }

  /// Whether `next` would not wait.
  func isReady() throws -> Bool {
    while !hasEnded, stop == nil {
      guard try read(waits: false) else { return false }
    }
    return true
  }

  func next() throws -> TaskInput? {
    while true {
      if let stop {
        defer { (place, seen) = (stop + 1, stop + 1) }
        return TaskInput([Array(buffer[place..<stop])])
      }
      if hasEnded {
        defer { (place, seen) = (buffer.count, buffer.count) }
        return place < buffer.count ? TaskInput([Array(buffer[place...])]) : nil
      }
      _ = try read(waits: true)
    }
  }

  /// False if nothing is there yet.
  private func read(waits: Bool) throws -> Bool {
    buffer.removeFirst(place)
    seen -= place
    place = 0
    return try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
      var count = try asking("cannot read the inputs") { try Transfer.readNow(fd, into: chunk) }
      if count == nil, waits {
        count = try Transfer.read(fd, into: chunk) {
          try self.interpreter.session.attend(self.interpreter)
        }
      }
      guard let count else { return false }
      buffer.append(contentsOf: chunk[..<count])
      hasEnded = count == 0
      if hasEnded, fd > 2 { Descriptors.close(fd) }
      return true
    }
  }
}
