import Channels
import Language
import Posix

/// A channel as the language sees it.
open class ChannelHandle: Handle {
  public let name: String
  public let channel: Channel
  /// Whether this process, or one it was forked from, has let go of it.
  public fileprivate(set) var isDropped = false

  public init(_ name: String, _ channel: Channel) {
    self.name = name
    self.channel = channel
  }

  /// Throws `closed` once it was dropped.
  public func requireKept() throws {
    guard isDropped else { return }
    throw ErrorObject(
      .closed, "the \(typeName) '\(name)' was dropped by this process",
      help: "drop it when nothing here needs it any more, or make another: \(typeName) new \(name)")
  }

  /// As `queue 'jobs'`.
  public var shown: String { "\(typeName) '\(name)'" }

  open override var text: String { "\(typeName) \(name)" }

  open override var fieldNames: [String] { ["name"] }

  open override func field(_ name: String) throws -> Value? {
    name == "name" ? .text(self.name) : nil
  }

  public override func isSame(_ other: Handle) -> Bool {
    guard let other = other as? ChannelHandle else { return false }
    return self === other || channel.id == other.channel.id
  }
}

extension Session {
  /// Makes a channel and gives it its name; `make` is run once the name is known to be free.
  ///
  /// - Parameter name: nil for one made of `prefix`.
  public func addChannel<H: ChannelHandle>(
    _ name: String?, prefix: String, make: (String) throws -> H
  ) throws -> H {
    if let name { try names.check(name) }
    let chosen = name ?? names.fresh(prefix)
    let handle = try Channel.naming(chosen) { try make(chosen) }
    try names.claim(chosen, for: handle)
    channels.add(handle)
    return handle
  }

  /// Takes over a channel that came from another process, by its name there if that is free here.
  public func adoptChannel<H: ChannelHandle>(
    _ name: String, make: (String) throws -> H
  ) throws -> H {
    let isFree = names[name] == nil && (try? names.check(name)) != nil
    let chosen = isFree ? name : names.fresh("\(name)_")
    let handle = try Channel.naming(name) { try make(chosen) }
    names.take(handle.name, for: handle)
    channels.add(handle)
    return handle
  }

  /// Forgets a channel: its name is free, and its memory goes when the last process has let go.
  public func dropChannel(_ handle: ChannelHandle) {
    names.release(handle.name, of: handle)
    handle.isDropped = true
    handle.channel.leave()
    channels.remove(handle)
  }
}
