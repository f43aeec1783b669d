import Language
import Session

/// The flags of `pool run` that say how output and progress look.
enum ShownFlags {
  static let tagFormat = Flag(
    "tag-format", .text, "put this in front of each line, with places as in the program's words")
  static let color = Flag(
    "color", nil, "give each program's lines, or their tags, a colour of their own")
  static let onFull = Flag(
    "on-full", .choice(["wait", "fail"]),
    "when a disk is full, wait for room as by default, or end the run")
  static let eta = Flag(
    "eta", nil, "read all inputs first, and show progress with the time that is left")

  /// What is written by the programs themselves, or as records, has no lines of its own.
  static let rules: [FlagRule] = [
    .excludes(["tag-format", "color"], ["ungrouped", "tty", "json", "csv"])
  ]

  static let details = """
    --tag puts the input and a tab in front of each line, --tag-format other things: --tag-format \
    '{#} {/}:\\t' its number and the last part of its path. The last line of a program that does not end it is shown \
    so by --line, unless another one follows. --joblog FILE is written anew, a line as each program ends: with \
    the columns that GNU parallel has, between tabs, of the last attempt.
    """

  /// - Parameter columns: the names of an input's parts.
  static func apply(
    _ call: borrowing Call, to options: inout ProgramRun.Options, columns: [String]
  ) throws {
    options.isColored = call.isSet("color")
    options.failsWhenFull = call.flag("on-full")?.asText == "fail"
    guard let format = call.flag("tag-format")?.asText else { return }
    let template = ProgramTemplate([format.replacing("\\t", with: "\t")], columns: columns)
    try InputCalls.checkNames(template, columns, call, flag: "tag-format")
    // Without a place the input would be a second word.
    options.tag = { input, index, slot in
      (try? template.words(for: input, index: index, slot: slot))?.first ?? Array(format.utf8)
    }
  }

  /// With --eta all inputs, so that their number is known.
  static func whole(
    _ inputs: RunInputs.Source, _ call: borrowing Call
  ) throws -> RunInputs.Source {
    guard call.isSet("eta"), inputs.count == nil, !PipeFlags.areGiven(call) else { return inputs }
    return try inputs.whole(call.session, call.interpreter)
  }
}

extension RunInputs.Source {
  /// The same inputs, all read.
  func whole(_ session: Session, _ interpreter: Interpreter) throws -> RunInputs.Source {
    var all: [TaskInput] = []
    while let input = try next() {
      all.append(input)
      // Many must not keep Ctrl-C waiting.
      if all.count % 256 == 0 { try session.attend(interpreter) }
    }
    var place = 0
    let taken = all
    var source = RunInputs.Source(count: taken.count) {
      guard place < taken.count else { return nil }
      place += 1
      return taken[place - 1]
    }
    source.parts = parts
    source.columns = columns
    return source
  }
}
