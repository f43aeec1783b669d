import Language
import Session

/// How the inputs of `pool run` are cut out of text, and which of them are taken: what its flags say.
struct InputForm {
  /// How an input is cut into columns.
  enum Columns {
    case none
    /// At each such text.
    case text([UInt8])
    /// At blanks and tabs, however many; those around are dropped.
    case blanks
    /// As CSV.
    case csv(separator: UInt8)
  }

  /// What ends an input.
  var delimiter: [UInt8] = [0x0A]
  var columns = Columns.none
  /// The first input has the names of the columns.
  var hasHeader = false
  var skipped = 0
  var isShuffled = false
  var seed: Int?
  /// Sources are linked, one input of each.
  var isLinked = false
  /// What becomes of linked sources of unequal lengths; nil is an error.
  var unequal: Unequal?

  enum Unequal: String, CaseIterable {
    /// The inputs of a shorter one come again from its beginning, as with GNU parallel's --link.
    case `repeat`
    /// What the shortest one has no inputs for is left out.
    case shortest
  }

  static let flags: [Flag] = [
    Flag("inputs", .list, "the inputs"),
    Flag(
      "file", .path, "a file whose lines are the inputs; - is standard input",
      isRepeatable: true),
    Flag("null", nil, "inputs end with a null character instead of a line's end", letter: "0"),
    Flag(
      "delimiter", .text, "inputs end with this text instead of a line's end, as , or \\t",
      letter: "d"),
    Flag(
      "colsep", .text,
      "columns are separated by this text, as , or \\t, or by blanks (\\s+); no regular expression",
      letter: "C"),
    Flag("csv-in", nil, "inputs are rows of CSV, with quotes; --colsep ';' is another separator"),
    Flag(
      "header", .choice([":"]),
      "the first input has the names of the columns, for {NAME}; ':' may follow",
      hasOptionalValue: true),
    Flag(
      "link", .choice(Unequal.allCases.map(\.rawValue)),
      "take one input of each source, not every combination; of sources of unequal lengths repeat the "
        + "shorter ones, or stop with the shortest",
      hasOptionalValue: true),
    Flag("skip", .count, "leave out this many inputs at the beginning"),
    Flag(
      "shuf", .int, "take the inputs in a random order, when all are there: the same for a number",
      hasOptionalValue: true),
    Flag(
      "max-inputs", .int.within(1...1 << 30), "give each call of the program this many inputs",
      letter: "n"),
    Flag(
      "fill", nil, "give each call as many inputs as fit, the last ones shared evenly",
      letter: "X"),
    Flag(
      "max-chars", .int.atLeast(1),
      "likewise, at most this many bytes of words, an end of each counted",
      letter: "s"),
  ]

  static let rules: [FlagRule] = [
    .exclusive(["null", "delimiter", "csv-in"])
  ]

  /// For help.
  static let details = """
    Inputs stand behind ':::', or before '|>', or are the items of --inputs, or the lines of \
    --file, of the files behind '::::' or of standard input, of any bytes. Several ':::' and \
    '::::' make every combination of their inputs, ':::+' and '::::+' link each input with one of \
    the source before, --link all of them; they have equal lengths, unless --link=repeat takes the \
    inputs of a shorter one again from its beginning, or --link=shortest leaves out the rest; {1} {2} {1/} {2.} are the parts, as are those of an item \
    that is a list, {-1} is the last one. A literal {} is '{{}}'.

    --colsep and --csv-in make columns of each input: {1} {2} are these then. With --header the \
    first input of each source has their names, for {NAME} {NAME.} and so on; an item that is a map \
    has names of its own. A text that looks like a name in braces and is none is an error then, \
    '{{x}}' a literal {x}. In texts of --colsep and --delimiter \\t \\n \\0 \\r \\\\ and \\x1F stand for \
    those characters.

    --max-inputs gives each call several inputs, --fill as many as the system takes; those that \
    are left at the end are shared evenly among the calls that run at once. {} alone becomes a \
    word for each, a word with {} beside other text is repeated for each, {+} is all of them, {1} {2} \
    are the first and the second; a journal has a line for each.
    """

  /// Whether inputs have columns.
  var isTable: Bool {
    if case .none = columns { return false }
    return true
  }

  init(_ call: borrowing Call) throws {
    guard call.hasFlags else { return }
    if call.isSet("null") { delimiter = [0] }
    if let text = call.flag("delimiter")?.asText {
      delimiter = try InputForm.bytes(text, "delimiter", call)
    }
    if let text = call.flag("colsep")?.asText {
      columns =
        text == "\\s+" ? .blanks : .text(try InputForm.bytes(text, "colsep", call))
    }
    if call.isSet("csv-in") {
      switch columns {
      case .none: columns = .csv(separator: UInt8(ascii: ","))
      case .text(let text):
        if let separator = CSVText.separator(text) {
          columns = .csv(separator: separator)
          break
        }
        fallthrough
      case .blanks, .csv:
        throw call.error(
          .range, "the separator of CSV must be one ASCII character, no quote and no line end",
          flag: "colsep")
      }
    }
    hasHeader = call.isSet("header") || call.flag("header")?.asText == ":"
    unequal = call.flag("link").flatMap { Unequal(rawValue: $0.asText) }
    isLinked = call.isSet("link") || unequal != nil
    if case .int(let count)? = call.flag("skip") { skipped = count }
    switch call.flag("shuf") {
    case .int(let number)?: (isShuffled, seed) = (true, number)
    case .bool(true)?: isShuffled = true
    default: break
    }
  }

  /// A text in which a backslash and letters stand for other characters, as shells hand it over.
  static func bytes(
    _ text: String, _ flag: String, _ call: borrowing Call
  ) throws -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let letter = rest.popFirst() else {
        result.append(byte)
        continue
      }
      switch letter {
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "0"): result.append(0)
      case UInt8(ascii: "\\"): result.append(letter)
      case UInt8(ascii: "x"):
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.count == 2, let value = UInt8(digits, radix: 16) else { fallthrough }
        rest = rest.dropFirst(2)
        result.append(value)
      default:
        throw call.error(
          .range,
          "--\(flag) is a text, and '\\\(Character(Unicode.Scalar(letter)))' has no meaning in it",
          flag: flag,
          help: "it is no regular expression; \\t \\n \\r \\0 \\\\ and \\x1F are understood"
            + (flag == "colsep" ? ", and \\s+ alone for any blanks" : ""))
      }
    }
    guard !result.isEmpty else {
      throw call.error(
        .range, "the text of --\(flag) is empty", flag: flag,
        help: flag == "recend"
          ? "a stream without records is cut by: split -b 10M --filter 'PROGRAM > $FILE.out'" : nil)
    }
    return result
  }

  /// The columns of an input.
  ///
  /// - Throws: `syntax` for what is no CSV.
  func row(_ input: [UInt8]) throws -> [[UInt8]] {
    switch columns {
    case .none: return [input]
    case .text(let text): return InputForm.split(input, at: text)
    case .blanks:
      return input.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init)
    case .csv(let separator):
      var reader = CSVReader(separator: separator)
      do throws(CSVReader.Failure) {
        try reader.take(input)
        try reader.finish()
      } catch {
        let text = TerminalText.line(input)
        throw ErrorObject(
          .syntax,
          "the input '\(String(decoding: text, as: UTF8.self))' is no CSV: \(error.message)",
          help: error.help)
      }
      return reader.next()?.fields ?? [[]]
    }
  }

  private static func split(_ input: [UInt8], at separator: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var start = 0
    while let found = find(separator, in: input, from: start) {
      result.append(Array(input[start..<found]))
      start = found + separator.count
    }
    result.append(Array(input[start...]))
    return result
  }

  /// Where a text stands first at or behind a place.
  static func find(_ text: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = text.first else { return nil }
    var place = start
    while let found = bytes[place...].firstIndex(of: first) {
      if bytes[found...].starts(with: text) { return found }
      place = found + 1
    }
    return nil
  }
}
