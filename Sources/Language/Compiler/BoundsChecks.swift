/// Numbers that a call has written out, held against the bounds of what they are for.
extension Resolver {
  /// Warns of the first that can only be an error when it runs.
  func warnOfBounds(_ node: CommandNode, _ command: Command, _ inputs: Int) {
    var place = inputs
    var flag: Flag?
    for argument in node.arguments.dropFirst(node.verbCount) {
      switch argument.role {
      case .spread, .endOfFlags: return
      case .flag(let name):
        guard let index = command.flagIndex(name) else { return }
        flag = command.flags[index]
        if argument.value == nil { continue }
      case .positional: break
      }
      if let named = flag {
        flag = nil
        guard let type = named.type else { continue }
        if warn(argument, type, "value of '--\(named.name)'") { return }
        continue
      }
      if command.traits.contains(.passesWords) || command.parameters.isEmpty { return }
      let parameter = command.parameters[min(place, command.parameters.count - 1)]
      if warn(argument, parameter.type, "argument '\(parameter.name)'") { return }
      place += 1
    }
  }

  private func warn(_ argument: ArgumentNode, _ type: ParameterType, _ what: String) -> Bool {
    guard let bounds = type.bounds, case .constant(let value)? = argument.value?.kind,
      !bounds.contain(value)
    else { return false }
    // A plain number for a duration or size is seconds or bytes, and no less wrong.
    warn(ErrorObject.badValue(what, must: type.phrase, is: value).message, argument.span, .script)
    return true
  }
}
