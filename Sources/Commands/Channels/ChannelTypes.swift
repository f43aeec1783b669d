import Channels
import Language
import Posix
import Session

extension ParameterType {
  /// A channel of one family, by name or handle: becomes its handle.
  static func channel<H: ChannelHandle>(_ type: H.Type, _ family: String) -> ParameterType {
    ParameterType(
      family, "a \(family): its name or handle", completion: .live(family)
    ) { input in
      if case .handle(let handle) = input.value, handle is H { return input.value }
      if case .string(let word)? = input.spelling ?? input.value.asString {
        return .handle(try input.interpreter.session.channel(word, type, family))
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

/// Words of the source that were looked up last, since a loop asks for the same ones again.
private struct NameCache {
  private typealias Entry = (word: StringObject, version: Int, handle: ChannelHandle)
  private var entries = [Entry?](repeating: nil, count: 64)

  @inline(__always)
  private func place(_ word: StringObject) -> Int {
    Int(bitPattern: Unmanaged.passUnretained(word).toOpaque()) >> 5 & 63
  }

  @inline(__always)
  func find(_ word: StringObject, _ version: Int) -> ChannelHandle? {
    guard let entry = entries[place(word)], entry.word === word, entry.version == version else {
      return nil
    }
    return entry.handle
  }

  mutating func keep(_ word: StringObject, _ version: Int, _ handle: ChannelHandle) {
    entries[place(word)] = (word, version, handle)
  }
}

nonisolated(unsafe) private var nameCache = NameCache()

extension Session {
  /// A channel by its name.
  func channel<H: ChannelHandle>(
    _ word: StringObject, _ type: H.Type, _ family: String
  ) throws -> H {
    if let handle = nameCache.find(word, names.version) as? H { return handle }
    let handle = try findChannel(word.string, type, family)
    nameCache.keep(word, names.version, handle)
    return handle
  }

  private func findChannel<H: ChannelHandle>(
    _ name: String, _ type: H.Type, _ family: String
  ) throws -> H {
    if let handle = names[name] {
      if let handle = handle as? H { return handle }
      throw ErrorObject(.type, "'\(name)' is a \(handle.typeName), not a \(family)")
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
