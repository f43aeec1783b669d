import Commands
import Language

/// The words after a script's name, as arguments of its `main`.
struct ScriptArguments {
  /// What may stand behind the script's name.
  let line: CommandLine

  /// Arguments that fit, in the order of the parameters.
  struct Call {
    var positional: [Value] = []
    var flags: [(name: String, value: Value)] = []
  }

  /// - Parameter script: the script's name.
  init(_ main: Function, of script: String) {
    var flags: [Flag] = []
    var parameters: [Parameter] = []
    for parameter in main.declaredParameters {
      let type = parameter.typeName.flatMap { ParameterType.named($0) } ?? .text
      let standard = parameter.standard.map { "default: \($0)" }
      let meaning = ([parameter.typeName ?? "text", standard].compactMap { $0 })
        .joined(separator: ", ")
      let isSwitch = (parameter.typeName ?? "bool") == "bool" && standard == nil
      switch parameter.role {
      case .flag where isSwitch: flags.append(Flag(parameter.name, nil, ""))
      case .flag:
        flags.append(
          Flag(parameter.name, type.named(parameter.typeName ?? "value"), meaning))
      case .positional:
        parameters.append(
          Parameter(parameter.name, type, standard == nil ? .required : .optional, meaning))
      case .rest: parameters.append(Parameter(parameter.name, type, .rest, meaning))
      }
    }
    let comment = ScriptArguments.comment(main)
    line = CommandLine(
      script, "", details: comment.isEmpty ? "" : comment.joined(separator: "\n") + "\n",
      flags: flags, parameters: parameters, hasLetters: false)
  }

  // MARK: Reading

  /// Tells flags and arguments apart and makes values of them; nil if help is wanted.
  ///
  /// - Throws: `arity` and `type` for what does not fit.
  func parse(_ words: [String], _ interpreter: Interpreter) throws -> Call? {
    let reading = try line.read(words)
    if reading.wantsHelp { return nil }
    var call = Call()
    for (flag, word) in reading.flags {
      let value =
        try flag.type.map {
          try self.value(word ?? "", $0, "value of '\(flag.spelling)'", interpreter)
        } ?? .bool(word != "false")
      call.flags.append((flag.name, value))
    }
    for (place, word) in reading.words.enumerated() {
      let parameter = line.parameters[min(place, line.parameters.count - 1)]
      call.positional.append(
        try value(word, parameter.type, "argument '\(parameter.name)'", interpreter))
    }
    return call
  }

  /// A word as a value of the parameter's type, as it would be converted where it stands in a text.
  private func value(
    _ word: String, _ type: ParameterType, _ what: String, _ interpreter: Interpreter
  ) throws -> Value {
    // The script's functions are not known yet.
    if case .command = type.completion { return .text(word) }
    var value = Value.text(word)
    if case .value(let found) = literal(word) { value = found }
    let input = ParameterType.Input(
      value: value, spelling: .text(word), interpreter: interpreter)
    guard let result = try type.converted(input) else {
      throw ErrorObject.badValue(what, must: type.phrase, is: .text(word))
    }
    return result
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

  /// The comment lines directly above `fn main`.
  private static func comment(_ function: Function) -> [String] {
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
