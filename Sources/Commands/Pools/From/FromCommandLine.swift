import Language
import Posix

/// What a line of xargs or GNU parallel is here: `brood run --from-xargs`, `--from-parallel`.
///
/// Nothing is run.
enum FromCommandLine {
  /// The flags, which stand before all others, and what they do.
  static let flags = [
    Flag("from-parallel", nil, "only print what a line of GNU parallel is here"),
    Flag("from-xargs", nil, "only print what a line of xargs is here"),
  ]

  /// The line for a command line of `brood run`; nil if it asks for none.
  ///
  /// - Throws: `arity` for an option that is not known, and for one of these flags elsewhere.
  static func text(_ line: [String], environment: [String]) throws -> String? {
    guard let flag = line.first, flags.contains(where: { "--\($0.name)" == flag }) else {
      return nil
    }
    let words = line.dropFirst()
    guard !words.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else {
      throw ErrorObject(
        .type, "a word of the line is not UTF-8", help: "name files in a file, as: :::: FILE")
    }
    if flag == "--from-xargs" {
      let isNamed = words.first == "xargs"
      return try FromXargs.line(isNamed ? words.dropFirst() : words).text
    }
    let names = ["parallel", "env_parallel", "sem"]
    let name = words.first.flatMap { names.contains($0) ? $0 : nil }
    var result = try FromParallel.line(
      name == nil ? words : words.dropFirst(), functions: functions(environment),
      isSemaphore: name == "sem")
    if name == "env_parallel" {
      result.remark("what is not exported is not passed on: export NAME, export -f FUNCTION")
    }
    return result.text
  }

  /// The exported functions of bash.
  private static func functions(_ environment: [String]) -> Set<String> {
    Set(
      environment.compactMap { entry in
        guard entry.hasPrefix("BASH_FUNC_"), let end = entry.firstRange(of: "%%=") else {
          return nil
        }
        return String(entry[..<end.lowerBound].dropFirst("BASH_FUNC_".count))
      })
  }
}
