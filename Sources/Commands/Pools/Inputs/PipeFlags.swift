import Glibc
import Language
import Posix
import Session

/// The flags of `pool run` that give programs standard input in blocks.
enum PipeFlags {
  static let flags: [Flag] = [
    Flag("pipe", nil, "cut standard input into blocks at ends of lines, each for a program's own"),
    Flag("pipepart", .path, "likewise a file, which is not read here but where blocks end"),
    Flag("block", .size.atLeast(1), "how large a block is at least; 10MiB by default"),
    Flag("lines", .int.atLeast(1), "how many lines or records a block has, whatever their size"),
    Flag("recend", .text, "what ends a record instead of a line's end, as '\\n\\n' or '\\0'"),
    Flag("recstart", .text, "what begins a record, as '\\n>'; it goes with --recend or without"),
    Flag("round-robin", nil, "give each program many blocks, whenever it has taken one"),
  ]

  private static let both = ["pipe", "pipepart"]

  static let rules: [FlagRule] =
    [
      .exclusive(both), .exclusive(["block", "lines"]), .exclusive(["round-robin", "retries"]),
      .excludes(
        both,
        [
          "inputs", "file", "null", "delimiter", "colsep", "csv-in", "header", "link", "skip",
          "shuf",
          "max-inputs", "fill", "max-chars", "journal", "tty", "detach",
        ]),
    ]
    + ["block", "lines", "recend", "recstart", "round-robin"].map { .needs($0, anyOf: both) }

  /// For help.
  static let details = """
    --pipe gives each program a block of standard input as its own instead of an input in its words. \
    A block ends at the first end of a line, or of a record of --recend and --recstart, at or behind \
    its size, so no record is torn; a longer one goes to one program. Blocks are handed over as they \
    come, what programs have not taken yet waits in memory, or in $env.TMPDIR where that is much or \
    --retries is given. A program need not read all of its block. Of a regular file only what stands \
    where blocks end is read here, and the kernel hands over the rest, as with --pipepart FILE. \
    {#} is the number of the block. With --round-robin each of the programs gets one block after the \
    other, in no order. --dry-run shows the first command.
    """

  /// Whether a call asks for blocks.
  static func areGiven(_ call: borrowing Call) -> Bool {
    call.isSet("pipe") || call.flag("pipepart") != nil
  }

  /// What a call asks for.
  static func input(_ call: borrowing Call) throws -> PipeInput {
    var options = PipeInput.Options()
    if let text = call.flag("recend")?.asText {
      options.end = try InputForm.bytes(text, "recend", call)
    } else if call.flag("recstart") != nil {
      options.end = []
    }
    if let text = call.flag("recstart")?.asText {
      options.start = try InputForm.bytes(text, "recstart", call)
    }
    guard options.end.count + options.start.count <= PipeInput.longestMark else {
      throw call.error(.range, "the texts of --recend and --recstart are longer than 64KiB")
    }
    if case .size(let size)? = call.flag("block") { options.block = size }
    if case .int(let count)? = call.flag("lines") { options.records = count }
    options.isRoundRobin = call.isSet("round-robin")
    options.jobs = JobsFlag.planned(call)
    if case .int(let retries)? = call.flag("retries") { options.isRepeatable = retries > 0 }
    if let path = call.flag("pipepart")?.asText {
      let interpreter = call.interpreter
      let file = try call.at(flag: "pipepart") {
        try RunInputs.open(path) { try interpreter.session.attend(interpreter) }
      }
      guard (try? FileStatus(descriptor: file))?.kind == .regular else {
        Descriptors.close(file)
        throw call.error(
          .type, "'\(path)' is no regular file, of which parts could be read", flag: "pipepart",
          help: "--pipe reads what comes as a stream: --pipe < \(path)")
      }
      options.file = (file, path)
    }
    return PipeInput(call.session, call.interpreter, options)
  }

  /// The words of a program that gets blocks.
  ///
  /// - Throws: `arity` where inputs are given, too, or places for them.
  static func template(
    _ program: [String], hasInputs: Bool, _ call: borrowing Call
  ) throws -> ProgramTemplate {
    let name = call.isSet("pipe") ? "--pipe" : "--pipepart"
    let template = try RunProgram.template(program, call, takesInput: false)
    if hasInputs {
      throw call.error(
        .arity, "with \(name) a program's input is a block, and there are no others",
        help: "leave out \(name), or the inputs")
    }
    if template.hasInputPlace {
      throw call.error(
        .arity, "with \(name) a block stands in no word: only {#} and {%} have a meaning",
        help: "a literal {} is '{{}}'")
    }
    return template
  }
}
