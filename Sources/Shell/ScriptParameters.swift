import Language

/// The parameters of a script's `main`, as usage lines and help show them.
struct ScriptParameters {
  struct Item: Equatable {
    enum Role { case positional, rest, flag }

    let name: String
    let role: Role
    let typeName: String?
    /// The text of its default.
    let standard: String?

    /// A flag without type and default is given or not.
    var isSwitch: Bool { role == .flag && (typeName ?? "bool") == "bool" && standard == nil }

    /// As usage lines show it.
    var label: String {
      switch role {
      case .flag: isSwitch ? "--\(name)" : "--\(name) \((typeName ?? "value").uppercased())"
      case .rest: "[\(name.uppercased())…]"
      case .positional: standard == nil ? name.uppercased() : "[\(name.uppercased())]"
      }
    }

    /// What must be given, for messages and help.
    var meaning: String {
      var parts = isSwitch ? [] : [typeName ?? "text"]
      if let standard { parts.append("default: \(standard)") }
      return parts.joined(separator: ", ")
    }
  }

  let items: [Item]

  var positional: [Item] { items.filter { $0.role == .positional } }
  var flags: [Item] { items.filter { $0.role == .flag } }
  var rest: Item? { items.first { $0.role == .rest } }

  init(_ function: Function) {
    items = function.declaredParameters.map { parameter in
      let role: Item.Role =
        switch parameter.role {
        case .positional: .positional
        case .rest: .rest
        case .flag: .flag
        }
      return Item(
        name: parameter.name, role: role, typeName: parameter.typeName,
        standard: parameter.standard)
    }
  }
}
