import Language
import Posix
import Session
import ShellHost

/// What the flags of `pool run` say about how programs are run and shown.
enum RunSettings {
  static let flags: [Flag] = [
    Flag("unordered", nil, "show outputs in the order in which the programs end"),
    Flag("line", nil, "show each line as it comes, whole"),
    Flag("ungrouped", nil, "let the programs write at once themselves"),
    Flag("tag", nil, "put the input in front of each line of output"),
    ShownFlags.tagFormat, ShownFlags.color, ShownFlags.onFull,
    Flag("json", nil, "print a record for each program, a line of JSON, instead of its output"),
    Flag("csv", nil, "print a table of the records as CSV instead of output"),
    Flag(
      "results", .path,
      "a new directory that gets a directory for each program, NUMBER-INPUT-KEY or as places say; or "
        + "a file for all: .csv, .json or .jsonl"),
    Flag("memory", .size.atLeast(1 << 20), "how much memory each program may have of its own"),
    RunOutcome.status, StartFlags.nice,
    Flag("tty", nil, "let the programs have the terminal, one at a time"),
    Flag("keep-background", nil, "let what programs leave behind go on; it is ended otherwise"),
    Flag("detach", nil, "go on in a process of its own that outlives the shell"),
  ]

  /// Which of them go together.
  static let rules: [FlagRule] = ShownFlags.rules + formRules

  private static let formRules: [FlagRule] = [
    .exclusive(["line", "ungrouped", "tty", "json", "csv"]), .exclusive(["tty", "detach"]),
    // Whole outputs are kept.
    .excludes(["results"], ["line", "ungrouped", "tty"]),
  ]

  /// - Parameter columns: the names of an input's parts.
  static func options(
    _ call: borrowing Call, _ host: BroodHost, columns: [String] = []
  ) throws -> ProgramRun.Options {
    var options = ProgramRun.Options()
    try JobsFlag.apply(call, host, to: &options)
    try StartFlags.apply(call, to: &options)
    options.placement = try FarFlags.placement(call, workers: nil)
    try FarFlags.addFiles(call, columns: columns, to: &options)
    options.isOrdered = !call.isSet("unordered")
    options.memoryLimit = PoolFlags.memory(call)
    options.isDetached = call.isSet("detach")
    // No text called it: it is `brood run`.
    options.takesSignals = call.location == nil
    options.wantsRecords = call.site.wantsValue && !options.isDetached
    if let directory = host.environmentVariable("TMPDIR"), !directory.isEmpty {
      options.directory = directory
    }
    try ShownFlags.apply(call, to: &options, columns: columns)
    options.keepsBackground = call.isSet("keep-background")
    let forms = ["line", "ungrouped", "tty", "json", "csv"].filter { call.isSet($0) }
    switch forms.first {
    case "line": options.form = .lines
    case "ungrouped", "tty": options.form = .direct
    case "json":
      options.form = .none
      options.text = RecordText.json
    case "csv":
      options.form = .none
      options.text = RecordText.csv
      options.head = RecordText.csvHead
    default:
      // Of what is detached no person sees anything.
      if options.wantsRecords || options.isDetached { options.form = .none }
    }
    if call.isSet("tty") {
      if call.flag("jobs") == nil { options.jobs = 1 }
      guard options.jobs == 1 else {
        throw call.error(
          .arity, "--tty lets one program at a time have the terminal, not \(options.jobs)",
          flag: "jobs", help: "leave --jobs out")
      }
    }
    options.getsTerminal = options.form == .direct && options.jobs == 1
    if let path = call.flag("results")?.asText {
      options.results = try ResultsFlag.files(path, call, columns: columns)
    }
    return options
  }
}
