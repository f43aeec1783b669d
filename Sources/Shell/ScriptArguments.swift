import Commands
import Language

/// The words after a script's name, as arguments of its `main`.
struct ScriptArguments {
  let parameters: ScriptParameters
  private let function: Function

  /// Arguments that fit, in the order of the parameters.
  struct Call {
    var positional: [Value] = []
    var flags: [(name: String, value: Value)] = []
  }

  init(_ main: Function) {
    function = main
    parameters = ScriptParameters(function)
  }

  // MARK: Reading

  /// Tells flags and arguments apart and makes values of them.
  ///
  /// - Throws: `arity` and `type` for what does not fit.
  func parse(_ words: [String]) throws(ErrorObject) -> Call {
    var call = Call()
    var rest = words[...]
    var flagsEnded = false
    while let word = rest.popFirst() {
      if word == "--", !flagsEnded {
        flagsEnded = true
      } else if word.hasPrefix("--"), !flagsEnded {
        let parts = word.dropFirst(2).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let flag = try self.flag(String(parts[0]))
        if call.flags.contains(where: { $0.name == flag.name }) {
          throw ErrorObject(
            .arity, "the flag '--\(flag.name)' is given twice", help: "leave one of them out")
        }
        if flag.isSwitch, parts.count == 1 {
          call.flags.append((flag.name, .bool(true)))
        } else if let text = parts.count == 2 ? String(parts[1]) : rest.popFirst() {
          call.flags.append((flag.name, try value(text, for: flag)))
        } else {
          throw ErrorObject(.arity, "the flag '--\(flag.name)' needs a value")
        }
      } else {
        let place = call.positional.count
        let wanted = parameters.positional
        if place < wanted.count {
          call.positional.append(try value(word, for: wanted[place]))
        } else if let rest = parameters.rest {
          call.positional.append(try value(word, for: rest))
        } else {
          throw ErrorObject(.arity, "there is no use for the argument '\(word)'")
        }
      }
    }
    let missing = parameters.positional.dropFirst(call.positional.count).filter {
      $0.standard == nil
    }
    if let first = missing.first {
      throw ErrorObject(.arity, "the argument \(first.label) is missing")
    }
    return call
  }

  private func flag(_ name: String) throws(ErrorObject) -> ScriptParameters.Item {
    if let flag = parameters.flags.first(where: { $0.name == name }) { return flag }
    let names = parameters.flags.map(\.name) + ["help"]
    throw ErrorObject(
      .arity, "there is no flag '--\(name)'",
      help: nearest(name, among: names).map { "did you mean '--\($0)'?" })
  }

  /// A word as a value of the parameter's type; text without one.
  private func value(
    _ word: String, for item: ScriptParameters.Item
  ) throws(ErrorObject) -> Value {
    let found: Value? = if case .value(let value) = literal(word) { value } else { nil }
    func mistake(_ must: String) -> ErrorObject {
      let name = item.role == .flag ? "--\(item.name)" : item.name
      return ErrorObject(.type, "bad \(name): it must be \(must), but is '\(word)'")
    }
    switch (item.typeName, found) {
    case ("int", .int?), ("bool", .bool?), ("duration", .duration?), ("size", .size?): break
    case ("float", .int?), ("float", .float?), ("number", .int?), ("number", .float?): break
    case ("duration", .int?), ("duration", .float?), ("size", .int?): break
    case ("any", _): return found ?? .text(word)
    case ("int", _): throw mistake("a whole number")
    case ("bool", _): throw mistake("true or false")
    case ("duration", _): throw mistake("a duration such as 250ms or 2s")
    case ("size", _): throw mistake("a size such as 64KiB")
    case ("float", _), ("number", _): throw mistake("a number")
    default: return .text(word)
    }
    return found ?? .text(word)
  }

  // MARK: Calling

  /// Calls `main`, which the script's text has defined by now.
  func invoke(_ call: Call, _ interpreter: Interpreter) throws -> Value {
    guard let main = interpreter.mainFunction else {
      throw ErrorObject(.missing, "there is no function 'main'")
    }
    return try interpreter.invoke(main, call.positional, flags: call.flags, wantsValue: false)
  }

  // MARK: Help

  func usage(_ script: String) -> String {
    let flags = parameters.flags.map { "[\($0.label)]" }
    let others = parameters.items.filter { $0.role != .flag }.map(\.label)
    return "usage: " + ([script] + flags + others).joined(separator: " ")
  }

  /// The usage, what the comment above `main` says, and a line for each parameter.
  func help(_ script: String) -> String {
    var text = usage(script) + "\n"
    let comment = self.comment
    if !comment.isEmpty { text += "\n" + comment.joined(separator: "\n") + "\n" }
    let flags = parameters.flags.map { ($0.label, $0.meaning) } + [("--help", "show this")]
    let others = parameters.items.filter { $0.role != .flag }.map { ($0.label, $0.meaning) }
    let width = (flags + others).reduce(0) { max($0, $1.0.count) } + 2
    for (title, rows) in [("Arguments", others), ("Flags", flags)] where !rows.isEmpty {
      text += "\n\(title)\n"
      for (label, meaning) in rows {
        let space = meaning.isEmpty ? "" : String(repeating: " ", count: width - label.count)
        text += "  \(label)\(space)\(meaning)\n"
      }
    }
    return text
  }

  /// The comment lines directly above `fn main`.
  private var comment: [String] {
    var lines: [String] = []
    var number = function.source.position(function.span.start).line - 1
    while number > 0 {
      let line = function.source.line(number)
      guard line.hasPrefix("#"), !line.hasPrefix("#!") else { break }
      lines.insert(String(line.dropFirst(line.hasPrefix("# ") ? 2 : 1)), at: 0)
      number -= 1
    }
    return lines
  }
}
