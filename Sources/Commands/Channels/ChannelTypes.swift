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
      if case .handle(let handle) = input.value, handle is H { return input.value }
      if case .string(let word)? = input.spelling ?? input.value.asString {
        return .handle(try input.interpreter.session.channel(word.string, type, family))
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
  /// A channel by its name.
  func channel<H: ChannelHandle>(
    _ name: String, _ type: H.Type, _ family: String
  ) throws -> H {
    if let handle = names[name] {
      if let handle = handle as? H { return handle }
      throw ErrorObject(
        .type, "'\(name)' is \(withArticle(handle.typeName)), not \(withArticle(family))")
    }
    let known = names.all(family).map(\.name)
    let near = nearest(name, among: known).map { "did you mean '\($0)'? " } ?? ""
    let list =
      known.isEmpty
      ? "there are none; make one with: \(family) new \(name)"
      : "there are: " + known.prefix(20).joined(separator: ", ")
    throw ErrorObject(.missing, "no \(family) is named '\(name)'", help: near + list)
  }
}
