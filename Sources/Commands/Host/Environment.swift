import Language
import Posix

/// The variables that programs inherit, read from the process's own at first use.
final class Environment {
  private var names: [String] = []
  private var values: [String: String] = [:]
  private var isLoaded = false
  private var cachedEntries: [String]?
  private var cachedMap: MapObject?

  /// A variable's value.
  subscript(_ name: String) -> String? {
    load()
    return values[name]
  }

  /// Sets a variable; nil removes it.
  func set(_ name: String, _ value: String?) {
    load()
    cachedEntries = nil
    cachedMap = nil
    if values.updateValue(value ?? "", forKey: name) == nil { names.append(name) }
    guard value == nil else { return }
    values[name] = nil
    names.removeAll { $0 == name }
  }

  /// `NAME=VALUE` for each variable, as programs get them.
  var entries: [String] {
    if let cachedEntries { return cachedEntries }
    load()
    let made = names.map { "\($0)=\(values[$0] ?? "")" }
    cachedEntries = made
    return made
  }

  /// The variables as a map value, which nobody else can change since maps are values.
  var map: Value {
    if let cachedMap { return .map(cachedMap) }
    load()
    let made = MapObject()
    for name in names { made.set(name, .text(values[name] ?? "")) }
    cachedMap = made
    return .map(made)
  }

  private func load() {
    if isLoaded { return }
    isLoaded = true
    for (name, value) in Process.startEnvironment() {
      names.append(name)
      values[name] = value
    }
  }
}

extension Environment {
  /// Checks an assignment `env.NAME = VALUE` and yields the text; null removes the variable.
  static func text(_ name: String, _ value: Value) throws -> String? {
    if name.isEmpty || name.contains("=") || name.utf8.contains(0) {
      throw ErrorObject(
        .type, "'\(name)' cannot be a variable of the environment",
        help: "its name has no '=' and is not empty")
    }
    let text: String
    switch value.plain {
    case .null, .missing: return nil
    case .string, .int, .float, .bool, .duration, .size, .time: text = value.plain.asText
    default:
      let help: String? =
        if case .list = value.plain { "join the items: (join $list \":\")" } else { nil }
      throw ErrorObject(
        .type, "bad env.\(name): it must be a text or null, but is \(value.plain.described)",
        help: help)
    }
    if text.utf8.contains(0) {
      throw ErrorObject(.type, "a variable of the environment cannot hold a null character")
    }
    return text
  }
}
