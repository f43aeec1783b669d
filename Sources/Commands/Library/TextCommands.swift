import Language

/// Cutting, joining and searching texts.
enum TextCommands {
  static let family = CommandFamily(
    "Text",
    [split, join, lines, words, replace, contains, startsWith, endsWith, indexOf])

  private static let text = Parameter("text", .text)

  private static let split = Command(
    "split", "Split a text at a separator, or at blanks, and list the parts",
    details: "Between separators that touch there is an empty part; blanks count together.",
    parameters: [text, Parameter("separator", .text, .optional, "blanks by default")],
    flags: [Flag("max", .count, "cut at most this many times")], traits: .pure,
    examples: [
      Example("print (split \"a,b,,c\" \",\")", "[\"a\", \"b\", \"\", \"c\"]"),
      Example(
        "print (split \" to  be \") (split a=b=c \"=\" --max 1)",
        "[\"to\", \"be\"] [\"a\", \"b=c\"]"),
    ]
  ) { call in
    var most = Int.max
    if case .int(let given)? = call.flag("max") { most = given }
    let interpreter = call.interpreter
    guard call.has(1) else { return try words(of: call.string(0), most: most, interpreter) }
    let separator = call.string(1)
    if separator.byteCount == 0 {
      throw call.bad(
        "separator", must: "a text that is not empty", at: 1,
        help: "collect TEXT lists the characters")
    }
    return try call.string(0).withBytes { bytes in
      try separator.withBytes { needle in
        var parts: [Value] = []
        var start = 0
        while parts.count < most, let hit = bytes.find(needle, from: start) {
          try interpreter.checkAttention()
          try parts.add(.string(bytes.text(start, hit)))
          start = hit + needle.count
        }
        parts.append(.string(bytes.text(start, bytes.count)))
        return .items(parts)
      }
    }
  }

  private static let joinable = ParameterType("list", "a list") { input in
    if case .handle(let handle) = input.value, handle.typeName == "process" {
      throw ErrorObject(
        .type, "'join' makes one text of a list, and a process is none",
        help: "'wait PROCESS' waits for a process, as join() does elsewhere")
    }
    return try ParameterType.list.converted(input)
  }

  private static let join = Command(
    "join", "Join the items of a list into one text",
    parameters: [
      Parameter("list", joinable),
      Parameter("separator", .text, .optional, "put between them; nothing by default"),
    ], traits: .pure,
    examples: [Example("print (join [a, 1, true] \", \") (join [a, b])", "a, 1, true ab")]
  ) { call in
    var pieces = call.list(0)
    for index in pieces.indices {
      if case .string = pieces[index] { continue }
      try call.interpreter.checkAttention()
      pieces[index] = .string(pieces[index].plain.textObject)
    }
    let separator = call.string(1, default: "")
    try pieces.requireJoined(separator)
    guard let text = StringObject.joined(pieces, by: separator, limit: mostBytes) else {
      throw call.tooLong()
    }
    return .string(text)
  }

  private static let lines = Command(
    "lines", "List the lines of a text, without their ends",
    details: "Lines end with a newline or with carriage return and newline.", parameters: [text],
    traits: .pure, examples: [Example("print (lines \"one\\ntwo\\n\")", "[\"one\", \"two\"]")]
  ) { call in
    let interpreter = call.interpreter
    return try call.string(0).withBytes { bytes in
      var lines: [Value] = []
      var start = 0
      while start < bytes.count {
        try interpreter.checkAttention()
        let newline = bytes.find(0x0A, from: start) ?? bytes.count
        let isCRLF = newline < bytes.count && newline > start && bytes[newline - 1] == 0x0D
        try lines.add(.string(bytes.text(start, isCRLF ? newline - 1 : newline)))
        start = newline + 1
      }
      return .items(lines)
    }
  }

  private static let words = Command(
    "words", "List the words of a text, which blanks separate", parameters: [text], traits: .pure,
    examples: [Example("print (words \" to  be or\\nnot \")", "[\"to\", \"be\", \"or\", \"not\"]")]
  ) { call in
    try words(of: call.string(0), most: Int.max, call.interpreter)
  }

  private static func words(
    of text: StringObject, most: Int, _ interpreter: Interpreter
  ) throws -> Value {
    try text.withBytes { bytes in
      var words: [Value] = []
      try bytes.forEachWord(most: most) { start, end in
        try interpreter.checkAttention()
        try words.add(.string(bytes.text(start, end)))
      }
      return .items(words)
    }
  }

  private static let replace = Command(
    "replace", "Replace each occurrence of a text by another",
    parameters: [text, Parameter("old", .text), Parameter("new", .text)],
    flags: [Flag("count", .count, "replace only this many, from the left")],
    traits: [.pure, .copies],
    examples: [
      Example("print (replace \"a-b-c\" - +) (replace \"a-b-c\" - \"\" --count 1)", "a+b+c ab-c")
    ]
  ) { call in
    let text = call.string(0)
    let old = call.string(1)
    let new = call.string(2)
    if old.byteCount == 0 { throw call.bad("old text", must: "a text that is not empty", at: 1) }
    var most = Int.max
    if case .int(let given)? = call.flag("count") { most = given }
    let interpreter = call.interpreter
    let hits = try text.withBytes { bytes in
      try old.withBytes { needle in
        var hits: [Int] = []
        var start = 0
        while hits.count < most, let hit = bytes.find(needle, from: start) {
          try interpreter.checkAttention()
          try hits.add(hit)
          start = hit + needle.count
        }
        return hits
      }
    }
    if hits.isEmpty { return .string(text) }
    let (growth, isOver) = hits.count.multipliedReportingOverflow(by: new.byteCount)
    if isOver || growth > mostBytes { throw call.tooLong() }
    let total = text.byteCount - hits.count * old.byteCount + growth
    try LargeMemory.require(total)
    return text.withBytes { bytes in
      .string(
        StringObject.make(count: total) { target in
          var place = target
          var start = 0
          for hit in hits {
            place = place.adding(Bytes(rebasing: bytes[start..<hit])).adding(new)
            start = hit + old.byteCount
          }
          _ = place.adding(Bytes(rebasing: bytes[start...]))
        })
    }
  }

  private static let contains = Command(
    "contains", "Whether a text, list, map or range holds something",
    details: "A text holds a text, a map a key, a list or stream an item, a range a number.",
    parameters: [Parameter("value", .any), Parameter("wanted", .any)], traits: .pure,
    examples: [
      Example(
        "print (contains \"queue\" eu) (contains [1, 2] 3) (contains [a: 1] a)", "true false true")
    ]
  ) { call in
    let wanted = call.value(1)
    switch call.value(0) {
    case .string(let string):
      let wanted = call.spelling(1)?.textObject ?? wanted.textObject
      if wanted.byteCount == 0 { return .bool(true) }
      return string.withBytes { bytes in
        wanted.withBytes { .bool(bytes.find($0, from: 0) != nil) }
      }
    case .list(let list): return .bool(list.items.contains { $0.equals(wanted) })
    case .map(let map): return .bool(map.get(wanted) != nil)
    case .range(let range): return .bool(range.contains(wanted))
    case .bytes(let bytes):
      guard case .bytes(let wanted) = wanted else {
        throw call.bad("value", must: "bytes", at: 1)
      }
      if wanted.bytes.isEmpty { return .bool(true) }
      return bytes.bytes.withUnsafeBufferPointer { bytes in
        wanted.bytes.withUnsafeBufferPointer { .bool(bytes.find($0, from: 0) != nil) }
      }
    case .stream:
      var isFound = false
      try call.interpreter.iterate(call.value(0)) { item, _ in
        isFound = item.equals(wanted)
        return !isFound
      }
      return .bool(isFound)
    default: throw call.bad("value", must: "a text, list, map or range", at: 0)
    }
  }

  private static let startsWith = Command(
    "starts-with", "Whether a text begins with another",
    parameters: [text, Parameter("prefix", .text)], traits: .pure,
    examples: [Example("print (starts-with \"brood\" bro)", "true")]
  ) { call in
    call.string(0).withBytes { bytes in
      call.string(1).withBytes { .bool(bytes.starts(with: $0)) }
    }
  }

  private static let endsWith = Command(
    "ends-with", "Whether a text ends with another",
    parameters: [text, Parameter("suffix", .text)], traits: .pure,
    examples: [Example("print (map [a.txt, b.png] { |f| ends-with $f .txt })", "[true, false]")]
  ) { call in
    call.string(0).withBytes { bytes in
      call.string(1).withBytes { suffix in
        .bool(bytes.count >= suffix.count && bytes.suffix(suffix.count).elementsEqual(suffix))
      }
    }
  }

  private static let indexOf = Command(
    "index-of", "Yield where a text, list or range holds something first, null if nowhere",
    parameters: [Parameter("value", .any), Parameter("wanted", .any)], traits: .pure,
    examples: [
      Example("print (index-of \"queue\" eu) (index-of [5, 6] 6) (index-of [5, 6] 7)", "2 1 null")
    ]
  ) { call in
    switch call.value(0) {
    case .string(let string):
      let wanted = call.spelling(1)?.textObject ?? call.value(1).textObject
      if wanted.byteCount == 0 { return .int(0) }
      return string.withBytes { bytes in
        guard let hit = wanted.withBytes({ bytes.find($0, from: 0) }) else { return .null }
        return .int(bytes[..<hit].count { $0 & 0xC0 != 0x80 })
      }
    case .list(let list):
      let wanted = call.value(1)
      return list.items.firstIndex { $0.equals(wanted) }.map { .int($0) } ?? .null
    case .range(let range): return range.place(of: call.value(1)).map { .int($0) } ?? .null
    default: throw call.bad("value", must: "a text, list or range", at: 0)
    }
  }
}

extension [Value] {
  /// Throws `limit` unless there is memory for one text of these strings.
  func requireJoined(_ separator: StringObject) throws {
    var total = count &* separator.byteCount
    for case .string(let string) in self { total &+= string.byteCount }
    try LargeMemory.require(total)
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Copies bytes here and yields the place behind them.
  func adding(_ bytes: Bytes) -> UnsafeMutablePointer<UInt8> {
    if let base = bytes.baseAddress { update(from: base, count: bytes.count) }
    return self + bytes.count
  }

  /// Copies a string here and yields the place behind it.
  func adding(_ string: StringObject) -> UnsafeMutablePointer<UInt8> {
    string.withBytes { adding($0) }
  }
}
