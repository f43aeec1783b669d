import Language
import Posix
import Session

/// The variables that programs inherit, read from the process's own at first use.
final class Environment {
  private var names: [String] = []
  /// By bytes, since the system tells names apart that Swift's strings do not.
  private var values: [StringObject: String] = [:]
  private var isLoaded = false
  private var cachedEntries: [String]?
  private var cachedMap: MapObject?

  /// A variable's value.
  subscript(_ name: String) -> String? {
    load()
    return values[.make(name)]
  }

  /// Sets a variable; nil removes it.
  func set(_ name: String, _ value: String?) {
    // No program gets it.
    if name == ServerPassword.variable {
      return ServerPassword.given = value.map { Array($0.utf8) }
    }
    load()
    cachedEntries = nil
    cachedMap = nil
    let key = StringObject.make(name)
    if values.updateValue(value ?? "", forKey: key) == nil { names.append(name) }
    guard value == nil else { return }
    values[key] = nil
    names.removeAll { $0.utf8.elementsEqual(name.utf8) }
  }

  /// `NAME=VALUE` for each variable, as programs get them.
  var entries: [String] {
    if let cachedEntries { return cachedEntries }
    load()
    let made = names.map { "\($0)=\(values[.make($0)] ?? "")" }
    cachedEntries = made
    return made
  }

  /// The variables as a map value, which no other holder can change since maps are values.
  var map: Value {
    if let cachedMap { return .map(cachedMap) }
    load()
    let made = MapObject()
    for name in names { made.set(name, .text(values[.make(name)] ?? "")) }
    cachedMap = made
    return .map(made)
  }

  private func load() {
    if isLoaded { return }
    isLoaded = true
    for (name, value) in Process.startEnvironment() where name != ServerPassword.variable {
      names.append(name)
      values[.make(name)] = value
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
