import Channels
import Language
import Posix
import Session

extension ParameterType {
  /// A channel of one family, by name or handle: becomes its handle.
  static func channel<H: ChannelHandle>(_ type: H.Type, _ family: String) -> ParameterType {
    ParameterType(
      family, "a \(family): its name or handle", completion: .live(family), version: Names.version
    ) { input in
      if case .handle(let handle) = input.value, let channel = handle as? H {
        try channel.requireKept()
        return input.value
      }
      if case .handle(let handle as RedisHandle) = input.value, handle.family == family {
        try handle.requireKept()
        return input.value
      }
      if case .string(let word)? = input.spelling ?? input.value.asString {
        return .handle(
          try input.interpreter.session.channel(word.string, type, family, for: input.command))
      }
      if case .handle(let handle as ChannelHandle) = input.value {
        throw wrongFamily(handle, handle.name, family, input.command, input.interpreter)
      }
      return nil
    }
  }

  /// The name of a channel to be made.
  static let channelName = text.named("name", "a name")
}

extension Value {
  var asString: Value? {
    if case .string = self { return self }
    return nil
  }
}

extension Session {
  /// A channel by its name, or its counterpart on a server.
  ///
  /// - Parameter command: the built-in that wants it.
  func channel<H: ChannelHandle>(
    _ name: String, _ type: H.Type, _ family: String, for command: Command?
  ) throws -> Handle {
    if let handle = names[name] {
      if let handle = handle as? H { return handle }
      if let handle = handle as? RedisHandle, handle.family == family { return handle }
      throw wrongFamily(handle, name, family, command, interpreter)
    }
    if isPoolWorker {
      throw ErrorObject(
        .missing, "no \(family) is named '\(name)'",
        help: "a pool's worker knows the names of channels made before its pool; of others it "
          + "needs the handle: let c = \(family) new \(name) …, and $c in the block")
    }
    let known = names.all(family).map(\.name)
    let near = nearest(name, among: known).map { "did you mean '\($0)'? " } ?? ""
    let list =
      known.isEmpty
      ? "there are none; make one with: \(family) new \(name)"
      : "there are: " + namesText(known)
    throw ErrorObject(.missing, "no \(family) is named '\(name)'", help: near + list)
  }
}

/// What a verb is called in other families.
private let counterparts = [
  "put": ["send"], "send": ["put"], "get": ["recv"], "recv": ["get"], "items": ["recv"],
  "write": ["send", "put"], "read": ["recv", "get"], "value": ["get", "is-set"],
  "size": ["value", "info"],
]

/// The error for a thing of another family, with the verb that was meant.
func wrongFamily(
  _ handle: Handle, _ name: String, _ family: String, _ command: Command?,
  _ interpreter: Interpreter?
) -> ErrorObject {
  let other = handle.typeName
  var help: String?
  if let words = command?.name.split(separator: " ").map(String.init), words.count == 2,
    let verbs = interpreter?.table.verbs(of: other)
  {
    if let verb = ([words[1]] + (counterparts[words[1]] ?? [])).first(where: verbs.contains) {
      help = "use '\(other) \(verb) \(name)'"
    } else if handle is ChannelHandle {
      help = "the verbs of \(withArticle(other)) are: " + verbs.joined(separator: " ")
    }
  }
  return ErrorObject(
    .type, "'\(name)' is \(withArticle(other)), not \(withArticle(family))", help: help)
}
