import Language
import Posix
import Session

/// The flags of a journal.
enum JournalFlags {
  static let all = [
    Flag("journal", .path, "keep in this file what became of each task, for later runs"),
    Flag(
      "rerun", .choice(TaskJournal.Rerun.allCases.map(\.rawValue)),
      "of a journal with entries run what never ended (missing), and also what failed (failed), "
        + "what has changed (changed), or everything (all)"),
    Flag(
      "key-env", names, "environment variables whose values make it another task",
      isRepeatable: true),
    Flag("verbose", nil, "say of each task why the journal lets it run or not"),
  ]

  /// What they mean nothing without.
  static let rules: [FlagRule] = ["rerun", "key-env", "verbose"].map {
    .needs($0, anyOf: ["journal"])
  }

  /// What the details of a command say of them.
  static let details = """
    With --journal what became of each task is added to a file, a line of JSON each. A task is known \
    by its content: directory, words or block, input and the variables of --key-env; not by its \
    position, unless the command has {#} or {%}. Another run with the same file needs --rerun: `missing` runs tasks with no end on \
    record, new and interrupted ones; `failed` also those that failed last; `changed` also those \
    whose program or input file has another size or time than then; `all` runs everything. What is \
    left out counts with what is on record, so the status tells of failures that stand. After a \
    crash at most what had just ended runs again.
    """

  private static let names = ParameterType(
    "names", "names of variables, as [CC, CFLAGS] or CC,CFLAGS"
  ) { input in
    if case .list = input.value { return input.value }
    guard let word = input.word else { return nil }
    return .items(word.split(separator: ",").map { .text(String($0)) })
  }

  /// The journal that a call asks for; nil if it asks for none.
  static func open(_ call: borrowing Call, writing: Bool = true) throws -> TaskJournal? {
    guard call.hasFlags else { return nil }
    let rerun = call.flag("rerun").flatMap { TaskJournal.Rerun(rawValue: $0.asText) }
    guard let path = call.flag("journal")?.asText else {
      return nil
    }
    // To look only, there is nothing in one that is not there.
    if !writing, try !mapErrors(nil, { try FileStatus.exists(path) }) { return nil }
    return try call.at(flag: "journal") {
      try TaskJournal(
        path, rerun, isVerbose: call.isSet("verbose"), call.session, writing: writing)
    }
  }

  /// The variables of `--key-env` with their values.
  static func environment(_ call: borrowing Call) -> Value {
    guard case .list(let lists)? = call.flag("key-env"),
      case .map(let all) = call.interpreter.host.liveVariable("env")
    else { return .null }
    let chosen = MapObject()
    let names = Set(
      lists.items.flatMap { value -> [String] in
        if case .list(let list) = value { return list.items.map(\.asText) }
        return [value.asText]
      })
    for name in names.sorted() { chosen.set(name, all.get(name) ?? .null) }
    return .map(chosen)
  }

  /// Runs a body; its errors about what was asked for are those of a wrong command line.
  ///
  /// - Parameter hasInputs: the inputs stand on the command line, too.
  static func markingUsage<Result>(
    hasInputs: Bool = false, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as ErrorObject {
      let isOpen = error.exitStatus.map { hasInputs && $0 == ErrorObject.inputStatus } ?? true
      if [.arity, .range, .type].contains(error.kind), isOpen {
        throw error.amended { $0.exitStatus = ErrorObject.usageStatus }
      }
      throw error
    }
  }
}
