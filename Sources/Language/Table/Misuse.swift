/// What is wrong with the flags or arguments of a call or a command line, in the one wording that
/// it has everywhere.
struct Misuse {
  let message: String
  let help: String?

  init(_ message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }

  func error(at location: Location? = nil) -> ErrorObject {
    ErrorObject(.arity, message, help: help, location: location)
  }

  /// - Parameters:
  ///   - owner: what was called, as `'print'`.
  ///   - flag: as it was written, as `--laud`.
  ///   - known: the long flags that there are, with their dashes.
  ///   - otherwise: what to say if none of these is near.
  static func unknownFlag(
    _ owner: String, _ flag: String, known: [String], otherwise: String? = nil
  ) -> Misuse {
    let names = known.map { $0.drop { $0 == "-" } }
    let near = nearest(String(flag.drop { $0 == "-" }), among: names.map(String.init))
    return Misuse(
      "\(owner) has no flag '\(flag)'",
      help: near.map { "did you mean '--\($0)'?" } ?? otherwise
        ?? (known.isEmpty
          ? "it takes no flags; put '--' before a text that begins with dashes"
          : "it takes " + known.joined(separator: " ")))
  }

  static func needsValue(_ flag: String) -> Misuse {
    Misuse(
      "the flag '\(flag)' needs a value",
      help: flag.hasPrefix("--") ? "write \(flag) VALUE or \(flag)=VALUE" : "write \(flag) VALUE")
  }

  static func givenTwice(_ flag: String) -> Misuse {
    Misuse("the flag '\(flag)' is given twice", help: "leave one of them out")
  }

  /// A value behind the `=` of a switch.
  static func noValue(_ flag: String) -> Misuse {
    Misuse("the flag '\(flag)' takes no value", help: "it is a switch: write \(flag) alone")
  }
}
