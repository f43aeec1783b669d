import Language

/// An option of xargs or GNU parallel, and what becomes of it.
struct FromOption: Sendable {
  enum Argument: Sendable {
    case none
    case required
    /// Only where it follows directly: `-iX`, `--replace=X`.
    case optional
  }

  enum Meaning: Sendable, Equatable {
    /// A flag here, with the same value if it has one.
    case flag(String)
    /// Likewise; the value is a time in seconds or with a unit.
    case duration(String)
    /// Likewise; the value is a size whose units are K, M and G.
    case size(String)
    /// What it asks for is done anyway.
    case needless(String)
    /// There is nothing of the kind; how else it is done.
    case missing(String)
    /// The reader of the line knows it by its first name.
    case special
  }

  /// Those of one letter are written with a single dash, the others with two.
  let names: [String]
  let argument: Argument
  let meaning: Meaning

  init(_ names: String, _ argument: Argument = .none, _ meaning: Meaning = .special) {
    self.names = names.split(separator: " ").map(String.init)
    self.argument = argument
    self.meaning = meaning
  }

  /// By which the reader knows it.
  var name: String { names.first ?? "" }
}

/// An option as it stood in a line.
struct FromGiven {
  let option: FromOption
  /// As it was written, with its value.
  let written: String
  let value: String?

  var name: String { option.name }
  /// The value of an option that needs one.
  var text: String { value ?? "" }
}

/// Reads the options of another program's line, as getopt and Getopt::Long do: letters stand
/// together (`-0n1`), values follow or stand apart, long names may be shortened, the first other
/// word ends them.
struct FromOptions {
  let program: String
  let all: [FromOption]

  /// - Returns: the options, and the words of the command.
  /// - Throws: `arity` for one that is not known, or lacks its value.
  func read(_ words: some Collection<String>) throws -> (given: [FromGiven], rest: [String]) {
    var given: [FromGiven] = []
    var rest = Array(words)[...]
    while let word = rest.first, word.hasPrefix("-"), word != "-" {
      rest.removeFirst()
      if word == "--" { break }
      if word.hasPrefix("--") {
        given.append(try long(word, &rest))
      } else {
        given += try letters(word, &rest)
      }
    }
    return (given, Array(rest))
  }

  private func long(_ word: String, _ rest: inout ArraySlice<String>) throws -> FromGiven {
    let parts = word.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let option = try find(String(parts[0]), word)
    if parts.count > 1 {
      if option.argument == .none {
        throw wrong("\(program)'s option '--\(parts[0])' has no value")
      }
      return FromGiven(option: option, written: word, value: String(parts[1]))
    }
    guard option.argument == .required else {
      return FromGiven(option: option, written: word, value: nil)
    }
    return try withNext(option, word, &rest)
  }

  private func letters(_ word: String, _ rest: inout ArraySlice<String>) throws -> [FromGiven] {
    var given: [FromGiven] = []
    var text = word.dropFirst()
    while let letter = text.popFirst() {
      guard let option = all.first(where: { $0.names.contains(String(letter)) }) else {
        throw unknown("-\(letter)", in: word)
      }
      let written = "-\(letter)"
      switch option.argument {
      case .none:
        given.append(FromGiven(option: option, written: written, value: nil))
        continue
      case .required where text.isEmpty: given.append(try withNext(option, written, &rest))
      case .required, .optional:
        let value = text.isEmpty ? nil : String(text)
        given.append(FromGiven(option: option, written: written + text, value: value))
      }
      break
    }
    return given
  }

  private func withNext(
    _ option: FromOption, _ written: String, _ rest: inout ArraySlice<String>
  ) throws -> FromGiven {
    guard let value = rest.popFirst() else {
      throw wrong("\(program)'s option '\(written)' needs a value")
    }
    return FromGiven(option: option, written: "\(written) \(value)", value: value)
  }

  private func find(_ name: String, _ word: String) throws -> FromOption {
    let isLong = { (other: String) in other.count > 1 }
    if name.count > 1, let option = all.first(where: { $0.names.contains(name) }) { return option }
    let near = all.filter { option in
      option.names.contains { isLong($0) && $0.hasPrefix(name) }
    }
    if near.count == 1, let option = near.first { return option }
    if near.count > 1 {
      let names = near.compactMap { option in option.names.first { $0.hasPrefix(name) } }
      throw wrong(
        "'--\(name)' may be any of \(names.map { "--\($0)" }.joined(separator: ", "))",
        "write its whole name")
    }
    throw unknown("--\(name)", in: word)
  }

  private func unknown(_ name: String, in word: String) -> ErrorObject {
    let names = all.flatMap(\.names).filter { $0.count > 1 }
    let near = name.hasPrefix("--") ? nearest(String(name.dropFirst(2)), among: names) : nil
    let place = word == name || word.hasPrefix("--") ? "" : " in '\(word)'"
    return wrong(
      "no option '\(name)'\(place) of \(program) is known",
      near.map { "did you mean '--\($0)'?" }
        ?? "leave it out; options of the command itself stand behind the command's name")
  }

  private func wrong(_ message: String, _ help: String? = nil) -> ErrorObject {
    ErrorObject(.arity, message, help: help)
  }
}
