import Language
import Posix
import Session
import ShellHost

/// What `pool run` runs for an input: a program with its arguments, or a line of a shell.
enum RunProgram {
  static let shell = Flag(
    "shell", .text, "run a line by a shell in place of a program; inputs are not parsed by it")

  static let details = """
    --shell runs a line by sh, or by bash where functions of bash are exported. An input is an \
    argument of the shell, and its place in the line a parameter with the quotes that it needs, so \
    that no character in it means anything to the shell.
    """

  /// Throws unless the words that `pool run` got are a program, or none where a shell's line is.
  static func check(_ words: [String], _ call: borrowing Call) throws {
    if let line = call.flag("shell")?.asText {
      guard words.isEmpty else {
        throw call.error(
          .arity, "with --shell the line is all that is run, but there is '\(words[0])', too",
          flag: "shell", help: "inputs stand behind ':::'")
      }
      if line.utf8.contains(0) {
        throw call.error(.type, "a shell's line cannot hold a null character", flag: "shell")
      }
      return
    }
    try refuseForeignPlaces(words)
    guard let program = words.first else {
      throw call.error(
        .arity, "'pool run' needs a program",
        help: "as: pool run -- gzip {} ::: a.txt b.txt; inputs that are commands are run by: "
          + "pool run -- sh -c")
    }
    guard words.count == 1, isShellLine(program, call) else { return }
    let equal = ProgramTemplate.words(shellLine: program).map { word in
      word.hasPrefix("{") ? word : ShellWord.quoted(Array(word.utf8))
    }
    throw call.error(
      .arity, "'\(program)' is a line for a shell, and no program has that name",
      help:
        "run it by a shell: --shell \(ShellWord.quoted(Array(program.utf8))), which is the same as: "
        + equal.joined(separator: " "))
  }

  /// Throws for `{= … =}` of GNU parallel, which would reach the program as it stands.
  private static func refuseForeignPlaces(_ words: [String]) throws {
    for word in words {
      guard let place = FromPlaces.foreign(in: word).first(where: { $0.hasPrefix("{=") }) else {
        continue
      }
      throw ErrorObject(
        .arity, "there is no place '\(place)'",
        help: "a shell computes from an input: --shell 'x={}; echo ${x%.*}'")
    }
  }

  /// The words as a template.
  ///
  /// - Parameters:
  ///   - columns: the names of an input's parts.
  ///   - isMany: a call may be for several inputs.
  ///   - takesInput: without any place for it the input comes last.
  static func template(
    _ words: [String], _ call: borrowing Call, columns: [String] = [], isMany: Bool = false,
    takesInput: Bool = true
  ) throws -> ProgramTemplate {
    guard let line = call.flag("shell")?.asText else {
      return ProgramTemplate(words, columns: columns, takesInput: takesInput)
    }
    let host = call.interpreter.host as? BroodHost
    let hasFunctions = host?.environmentEntries.contains { $0.hasPrefix("BASH_FUNC_") } ?? false
    let shell = hasFunctions && (try? host?.findProgram("bash")) != nil ? "bash" : "sh"
    guard
      let template = ProgramTemplate(
        shellLine: line, shell: shell, columns: columns, isMany: isMany, takesInput: takesInput)
    else {
      throw call.error(
        .arity, "where a call gets several inputs a line of --shell has one kind of place for them",
        flag: "shell", help: "use {} alone")
    }
    return template
  }

  /// Whether a word is meant for a shell: it has blanks or signs of a shell, and names no program.
  private static func isShellLine(_ word: String, _ call: borrowing Call) -> Bool {
    guard shellLineHint(word) != nil, let host = call.interpreter.host as? BroodHost,
      (try? host.findProgram(word)) == nil
    else { return false }
    let first = word.prefix { !" \t\n|&;<>()".contains($0) }
    // The name of a file that depends on the input may have blanks.
    return !first.contains("/") || (try? host.findProgram(String(first))) != nil
  }
}
