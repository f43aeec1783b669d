import Language
import Posix
import Session
import ShellHost

/// How many inputs each call of a program gets, and whether its places fit them.
enum InputCalls {
  /// Throws where a place of the program has nothing to stand for.
  static func check(
    _ template: ProgramTemplate, _ inputs: RunInputs.Source, _ form: InputForm,
    _ call: borrowing Call
  ) throws {
    try checkNames(template, inputs.columns, call)
    let most = mostInputs(call)
    if haveMany(call), template.hasPart {
      if isFilled(call) || inputs.parts ?? (form.isTable ? 2 : 1) > 1 {
        throw call.error(
          .arity, "a call with several inputs has no places as {1} for parts of one",
          help: "{} is each input, {+} all of them; --max-inputs \(most ?? 2) without columns has "
            + "{1} {2} for its inputs")
      }
    }
    if let parts = inputs.parts {
      try template.check(parts: parts.multipliedReportingOverflow(by: most ?? 1).partialValue)
    }
  }

  /// Throws where a place names no column, or one of two.
  ///
  /// - Parameters:
  ///   - columns: the names of an input's parts.
  ///   - flag: whose value the template is.
  static func checkNames(
    _ template: ProgramTemplate, _ columns: [String], _ call: borrowing Call, flag: String? = nil
  ) throws {
    guard let (name, isTwice) = template.unknownName else { return }
    throw ErrorObject(
      .range, isTwice ? "two columns are called '\(name)'" : "there is no column '\(name)'",
      help: isTwice
        ? "name it by its number, as {1}"
        : nearest(name, among: columns).map { "did you mean {\($0)}?" }
          ?? "there are: \(columns.joined(separator: ", ")); a literal {\(name)} is '{{\(name)}}'",
      location: flag.flatMap { call.location(flag: $0) } ?? call.location,
      exitStatus: ErrorObject.inputStatus)
  }

  /// Whether a call may get several inputs.
  static func haveMany(_ call: borrowing Call) -> Bool {
    isFilled(call) || mostInputs(call) ?? 1 > 1
  }

  private static func isFilled(_ call: borrowing Call) -> Bool {
    call.isSet("fill") || call.flag("max-chars") != nil
  }

  /// How many inputs a call gets at most; nil if that is not said.
  private static func mostInputs(_ call: borrowing Call) -> Int? {
    if case .int(let most)? = call.flag("max-inputs") { return most }
    return nil
  }

  private static func mostChars(_ call: borrowing Call) -> Int {
    if case .int(let most)? = call.flag("max-chars") { return most }
    return .max
  }

  /// What puts several inputs together for a call; nil where each call gets one.
  static func groups(
    _ call: borrowing Call, _ host: BroodHost, _ template: ProgramTemplate,
    _ inputs: RunInputs.Source
  ) -> InputGroups? {
    let most = mostInputs(call)
    if most == nil, !isFilled(call) { return nil }
    return InputGroups(
      template, most: most, isFilled: isFilled(call),
      room: ArgumentSpace.bytes(environment: CStringBlock(host.environmentEntries)),
      mostChars: mostChars(call), jobs: JobsFlag.planned(call), stream: inputs.stream,
      next: inputs.next)
  }
}
