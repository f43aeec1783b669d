import Language
import Session
import ShellHost

/// Commands about Brood itself.
public enum MetaCommands {
  public static let family = CommandFamily(
    "Brood itself",
    [
      HelpCommand.help, ConfigCommand.config, HistoryCommand.history, SourceCommand.source,
      VersionCommand.version,
    ])
}

enum ConfigCommand {
  private static let key = ParameterType(
    "key", "the key of a setting", completion: .live("setting")
  ) { input in input.word.map { .text($0) } }

  static let config = Command(
    "config", "Show or change settings",
    details: """
      Without arguments all settings are listed, with a key its value is shown. A change lasts as \
      long as the session; lasting ones stand in the prompt's start-up file, \
      $XDG_CONFIG_HOME/brood/init.brood, usually ~/.config/brood/init.brood.

      `config warnings off` on the top level of a script counts before the script runs.

      The prompt's own `config prompt` takes a text, or a block that runs before each prompt and \
      yields it: `config prompt { (^hostname) + " $status> " }`. A block that takes longer than \
      200 ms is ended, and the last text stays.
      """,
    parameters: [
      Parameter("key", key, .optional, "which setting"),
      Parameter("value", .spelled, .optional, "its new value"),
    ],
    traits: .reports,
    examples: [
      Example("config reap", "manual"),
      Example("config reap auto\nconfig reap", "auto"),
    ]
  ) { call in
    let settings = call.session.settings
    guard call.has(0) else {
      return .items(
        try settings.list.map { setting in
          .record([
            "key": .text(setting.key), "value": try settings.get(setting.key),
            "meaning": .text(setting.summary),
          ])
        })
    }
    do {
      guard call.has(1) else { return try settings.get(call.text(0)) }
      try settings.set(call.text(0), try given(call))
    } catch let error as ErrorObject {
      if error.location == nil { error.location = call.location(error.kind == .missing ? 0 : 1) }
      throw error
    }
    return .null
  }

  /// The new value: as typed, unless it is a number or another value that was meant as one.
  private static func given(_ call: borrowing Call) throws -> Value {
    if let word = call.spelling(1)?.asText, case .value(let value) = literal(word) { return value }
    return call[1].plain
  }
}

enum HistoryCommand {
  static let history = Command(
    "history", "List what was typed at the prompt, the latest last",
    details: """
      The prompt reads the latest 2000 entries of earlier sessions; the file keeps all, and is named \
      in the list if it has more.
      """,
    parameters: [Parameter("count", .count, .optional, "how many entries")],
    traits: .reports,
    examples: [Example("print (len (history))", "0")]
  ) { call in
    let (entries, older) =
      (call.interpreter.host as? BroodHost)?.historyEntries?() ?? ([], nil)
    let count = call.has(0) ? call.int(0) : entries.count
    let shown = entries.suffix(count)
    let width = String(entries.count).count
    var lines = shown.indices.map { index in
      let number = String(index + 1)
      let indent = String(repeating: " ", count: width - number.count)
      let rest = String(repeating: " ", count: width + 2)
      let entry = shown[index].split(separator: "\n", omittingEmptySubsequences: false)
      return indent + number + "  " + entry.joined(separator: "\n" + rest)
    }
    if let older, !call.has(0) || count > entries.count {
      lines.insert("… older entries are in \(older)", at: 0)
    }
    return .report(
      ReportObject(.items(shown.map { .text($0) }), text: lines.joined(separator: "\n")))
  }
}

enum SourceCommand {
  static let source = Command(
    "source", "Run a file here, as if its text stood in this place",
    details: """
      Functions and variables that it declares are known afterwards. A path that is not absolute \
      is looked up in the working directory, then beside the file that has the `source`.
      """,
    parameters: [Parameter("file", .path, .required, "the file to run")],
    examples: [
      Example(
        "let file = (^mktemp)\nwrite $file 'print (6 * 7)'\nsource $file\n^rm $file", "42")
    ]
  ) { call in
    do {
      return try call.interpreter.runSource(call.text(0), from: call.site.source)
    } catch let error as ErrorObject where error.location == nil {
      error.location = call.location(0)
      throw error
    }
  }
}
