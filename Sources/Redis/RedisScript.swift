/// A script that a server runs as one step: either all of its changes are made, or none.
public struct RedisScript: Sendable {
  /// What messages and tests call it.
  public let name: String
  /// In Lua.
  public let text: String
  /// By which a server knows it.
  public let hash: [UInt8]
  let body: [UInt8]

  init(_ name: String, _ text: String) {
    self.name = name
    self.text = text
    body = Array(text.utf8)
    hash = Array(SHA1.hex(body).utf8)
  }
}
