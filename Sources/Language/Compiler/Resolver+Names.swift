/// What names mean where they are used.
extension Resolver {
  /// What a variable's name means in the current scope; nil for an unknown one.
  func lookUp(_ name: String) -> Binding? {
    var at: BlockScope? = scope
    while let here = at {
      if let variable = here.variables[name] ?? here.functions[name]?.variable {
        return bind(variable)
      }
      at = here.parent ?? here.function.definedIn
    }
    if let global = newGlobals[name] ?? globals.variables[name] { return .global(global) }
    if declared.contains(name) || globals.functions[name]?.closure != nil {
      return .globalFunction(globals.function(name))
    }
    if Globals.liveNames.contains(name) { return .live(name) }
    return nil
  }

  private func bind(_ variable: Variable) -> Binding {
    if variable.function === scope.function { return .local(variable) }
    return .captured(scope.function.capture(variable), isConstant: variable.isConstant)
  }

  func lookUpFunction(_ name: String) -> CommandTarget? {
    var at: BlockScope? = scope
    while let here = at {
      if let symbol = here.functions[name] { return .local(symbol, bind(symbol.variable)) }
      at = here.parent ?? here.function.definedIn
    }
    if declared.contains(name) || globals.functions[name]?.closure != nil {
      return .global(globals.function(name))
    }
    return nil
  }

  /// Every variable's name that could be meant here.
  func visibleNames() -> [String] {
    var names: [String] = []
    var at: BlockScope? = scope
    while let here = at {
      names += here.variables.keys
      at = here.parent ?? here.function.definedIn
    }
    names += newGlobals.keys
    names += globals.variables.keys
    return names.sorted() + Globals.liveNames
  }

  func use(_ use: VariableUse) {
    guard let binding = lookUp(use.name) else {
      if hasBrokenSource || skippedNames.contains(use.name) { return }
      let help: String
      if ["true", "false", "null"].contains(use.name) {
        help = "it is a value: write \(use.name) without '$', and ${(\(use.name))} in a text"
      } else if let near = nearest(use.name, among: visibleNames()) {
        help = "did you mean '$\(near)'?"
      } else if table[use.name] != nil {
        help = "'\(use.name)' is a command: write (\(use.name) …) for its value"
      } else if let value = VariableNames.help(use.name) {
        help = value
      } else {
        help = "declare it with 'let \(use.name) = …'; environment variables are $env.NAME"
      }
      fail("there is no variable '$\(use.name)'", use.span, help: help)
      return
    }
    use.binding = binding
    noteRead(use.name, use.span)
  }
}
