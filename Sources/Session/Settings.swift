import Channels
import Language
import Posix
import Processes

/// One key of `config`.
public struct Setting {
  public let key: String
  public let summary: String
  public let standard: Value
  /// The words that it can be, for completion; empty if it can be more.
  public let choices: [String]
  /// Converts what the user gave; throws an error that says what it must be.
  let convert: (Value) throws -> Value
  /// Puts a new value into effect.
  let apply: (Value) throws -> Void

  public init(
    _ key: String, _ summary: String, standard: Value, choices: [String] = [],
    convert: @escaping (Value) throws -> Value, apply: @escaping (Value) throws -> Void = { _ in }
  ) {
    self.key = key
    self.summary = summary
    self.standard = standard
    self.choices = choices
    self.convert = convert
    self.apply = apply
  }

  /// A key whose value is how much memory something may take.
  static func memory(
    _ key: String, _ thing: String, _ auto: String, such example: String
  ) -> Setting {
    Setting(
      key, "How much memory \(thing) may take: a size, or auto, \(auto)", standard: .text("auto"),
      choices: ["auto"],
      convert: { value in
        switch value {
        case .size(let bytes) where bytes > 0: return value
        case .int(let bytes) where bytes > 0: return .size(bytes)
        case .string(let word) where word.string == "auto": return value
        default:
          throw ErrorObject.badValue(key, must: "a size such as \(example), or auto", is: value)
        }
      })
  }

  /// A key whose value is one of some words.
  public static func choice(
    _ key: String, _ summary: String, _ words: [String],
    apply: @escaping (String) throws -> Void = { _ in }
  ) -> Setting {
    Setting(
      key, "\(summary): \(words.joined(separator: " or "))", standard: .text(words[0]),
      choices: words,
      convert: { value in
        guard case .string(let word) = value, words.contains(word.string) else {
          throw ErrorObject.badValue(
            "value of '\(key)'", must: words.joined(separator: " or "), is: value)
        }
        return value
      }, apply: { try apply($0.asText) })
  }

  /// A key whose value is a whole number within bounds.
  public static func number(
    _ key: String, _ summary: String, standard: Int, in range: ClosedRange<Int>,
    apply: @escaping (Int) throws -> Void = { _ in }
  ) -> Setting {
    Setting(
      key, summary, standard: .int(standard),
      convert: { value in
        guard case .int(let n) = value, range.contains(n) else {
          throw ErrorObject.badValue(
            key, must: "a whole number from \(range.lowerBound) to \(range.upperBound)", is: value)
        }
        return value
      },
      apply: { if case .int(let n) = $0 { try apply(n) } })
  }

  /// A key whose value is any text.
  public static func text(
    _ key: String, _ summary: String, standard: String,
    apply: @escaping (String) throws -> Void = { _ in }
  ) -> Setting {
    Setting(
      key, summary, standard: .text(standard),
      convert: { value in
        if case .string = value { return value }
        return .text(value.asText)
      }, apply: { try apply($0.asText) })
  }
}

/// The keys of `config`, with their values in this process.
public final class Settings {
  private var known: [Setting] = []
  private var values: [String: Value] = [:]

  /// Adds a key; the prompt and later layers bring their own.
  public func define(_ setting: Setting) {
    known.append(setting)
    values[setting.key] = setting.standard
  }

  /// All keys in the order of their names.
  public var list: [Setting] { known.sorted { $0.key < $1.key } }

  /// A key's value.
  ///
  /// - Throws: `missing` with the nearest key for an unknown one.
  public func get(_ key: String) throws -> Value { try values[find(key).key] ?? .null }

  /// Changes a key.
  public func set(_ key: String, _ value: Value) throws {
    let setting = try find(key)
    let converted = try setting.convert(value)
    try setting.apply(converted)
    values[setting.key] = converted
  }

  /// A key's value as a text, for Swift code that knows the key.
  public func text(_ key: String) -> String { values[key]?.asText ?? "" }

  public func int(_ key: String) -> Int {
    if case .int(let n)? = values[key] { return n }
    return 0
  }

  private func find(_ key: String) throws -> Setting {
    if let setting = known.first(where: { $0.key == key }) { return setting }
    throw ErrorObject(
      .missing, "there is no setting '\(key)'",
      help: "settings: " + list.map(\.key).joined(separator: ", "))
  }
}

extension Session {
  /// The keys that processes have.
  func makeSettings() -> Settings {
    let settings = Settings()
    settings.define(
      .choice("reap", "When ended children are reaped", ["manual", "auto"]) {
        [self] in setReaping(isAutomatic: $0 == "auto")
      })
    settings.define(
      .choice(
        "lang", "The language of explanations, lessons and summaries (auto: that of LANG)",
        ["auto", "en", "zh"]))
    settings.define(
      .choice("warnings", "Whether a script at a terminal, and the prompt, warn", ["on", "off"]))
    settings.define(
      .choice("changes", "Whether the prompt tells what each command has changed", ["off", "on"]))
    let mode = Session.standardStuckMode
    settings.define(
      Setting(
        "stuck", "What is done when processes can never go on: report, throw or off",
        standard: .text(mode.rawValue), choices: StuckMode.allCases.map(\.rawValue),
        convert: { value in
          guard case .string(let word) = value, StuckMode(rawValue: word.string) != nil else {
            throw ErrorObject.badValue(
              "value of 'stuck'", must: "report, throw or off", is: value)
          }
          return value
        },
        apply: { [self] in
          lookout.isSilenced = $0.asText == "off"
          LockOrder.turn(on: $0.asText != "off")
        }))
    settings.define(
      Setting(
        "chaos",
        "Whether processes go on one at a time, in an order drawn from a seed: off, a number, or on",
        standard: .text("off"), choices: ["off", "on"],
        convert: { value in
          switch value {
          case .int: return value
          case .string(let word) where word.string == "off": return value
          case .string(let word) where word.string == "on":
            let seed = Int.random(in: 1...99_999)
            Session.say("the same order again: config chaos \(seed)")
            return .int(seed)
          default:
            throw ErrorObject.badValue(
              "value of 'chaos'", must: "off, on or a whole number", is: value)
          }
        },
        apply: { [self] value in
          guard case .int(let seed) = value else { return endChaos() }
          try beginChaos(seed)
        }))
    settings.define(
      .choice("reaper", "Who adopts orphans", ["session", "init"]) {
        [self] in try setReaper(isSession: $0 == "session")
      })
    settings.define(
      .choice(
        "leftovers", "What is done, at the session's end, with what programs leave behind",
        ["end", "keep"]
      ) { [self] in supervisor.keepsLeftovers = $0 == "keep" })
    settings.define(
      .number(
        "limit.processes", "How many live processes a session may have", standard: 4096,
        in: 1...30_000
      ) { [self] in slots?.limit = $0 })
    settings.define(
      Setting(
        "random.seed",
        "What random numbers begin with: a whole number makes them repeat, auto does not",
        standard: .text("auto"), choices: ["auto"],
        convert: { value in
          switch value {
          case .int: return value
          case .string(let word) where word.string == "auto": return value
          default:
            throw ErrorObject.badValue(
              "value of 'random.seed'", must: "a whole number, or auto", is: value)
          }
        },
        apply: { [self] value in
          if case .int(let seed) = value { setSeed(seed) } else { setSeed(nil) }
        }))
    settings.define(
      .memory("limit.queue", "a queue", "half of what is available", such: "2GiB"))
    settings.define(
      .memory("limit.record", "a recording", "256MiB or 1/32 of the memory", such: "64MiB"))
    settings.define(
      .choice(
        "record.values", "Whether a recording has the beginnings of values and of printed lines",
        ["on", "off"]
      ) { Recorder.keepValues($0 == "on") })
    return settings
  }

  /// How much memory a recording that is begun now may take, in bytes.
  var recordLimit: Int {
    if case .size(let bytes)? = try? settings.get("limit.record") { return bytes }
    return min(256 << 20, max(1 << 20, SystemMemory.total / 32))
  }

  /// How much memory a queue that is made now may take, in bytes.
  public var queueMemory: Int {
    if case .size(let bytes)? = try? settings.get("limit.queue") { return bytes }
    return SystemMemory.available(reader) / 2
  }
}

extension Session {
  /// `config reaper session` or `init`.
  private func setReaper(isSession: Bool) throws {
    try mapErrors("cannot change the reaper") { try Process.adoptOrphans(isSession) }
    if !isSession { supervisor.losesOrphans = true }
  }
}
