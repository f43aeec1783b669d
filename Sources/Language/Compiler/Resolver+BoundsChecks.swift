/// Numbers that a call has written out, held against the bounds of what they are for.
extension Resolver {
  /// Warns of the first that can only be an error when it runs.
  func warnOfBounds(_ node: CommandNode, _ command: Command, _ inputs: Int) {
    let passesWords = command.traits.contains(.passesWords)
    var place = inputs
    var sorter = ArgumentSorter(endsAtArgument: passesWords, takesAnyValue: passesWords)
    for (at, argument) in node.arguments.enumerated().dropFirst(node.verbCount) {
      var isUnknown = false
      let meaning = sorter.take(argument.siteRole, at: at) { name in
        let index = command.flagIndex(name)
        isUnknown = index == nil
        return index.map { ($0, command.flags[$0].type != nil) }
      }
      switch meaning {
      case .flag(let index), .value(let index):
        let flag = command.flags[index]
        guard let type = flag.type else { continue }
        if warn(argument, type, "value of '\(flag.spelling)'") { return }
      case .argument:
        if passesWords || command.parameters.isEmpty { return }
        let parameter = command.parameters[min(place, command.parameters.count - 1)]
        if warn(argument, parameter.type, "argument '\(parameter.name)'") { return }
        place += 1
      case .opens: break
      case .nothing: if isUnknown { return }
      case .spread, .unfilled: return
      }
    }
  }

  private func warn(_ argument: ArgumentNode, _ type: ParameterType, _ what: String) -> Bool {
    guard let bounds = type.bounds, case .constant(let value)? = argument.value?.kind,
      !bounds.contain(value)
    else { return false }
    // A plain number for a duration or size is seconds or bytes, and no less wrong.
    let problem = ErrorObject.badValue(what, must: type.phrase, is: value)
    warn(problem.message, argument.span, help: type.boundsHelp, .script)
    return true
  }
}
