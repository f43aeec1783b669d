/// Where a queue or value lies: a server, a database of it, and a key.
public struct RedisAddress: Hashable, Sendable {
  public enum Place: Hashable, Sendable {
    case host(String, port: UInt16)
    /// A unix socket.
    case path(String)
  }

  public var place: Place
  public var user: String?
  public var database = 0
  /// nil: the name of the thing itself.
  public var key: String?

  /// Why a text is no address, and what to write instead.
  public struct Problem: Error, Equatable {
    public let reason: String
    public let help: String
  }

  public static let usage = "redis://[USER@]HOST[:PORT]/DB[/KEY] or redis+unix:PATH[#DB[/KEY]]"

  /// Reads an address.
  public init(_ text: String) throws(Problem) {
    if text.hasPrefix("rediss://") {
      throw Problem(
        reason: "Brood has no TLS of its own",
        help: "reach the server through ssh: --on redis://HOST/DB --via ssh:HOST")
    }
    if text.hasPrefix("redis+unix:") {
      let rest = text.dropFirst("redis+unix:".count)
      let parts = rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      var path = parts.first.map(String.init) ?? ""
      if path.hasPrefix("//") { path = String(path.dropFirst(2)) }
      guard !path.isEmpty else { throw RedisAddress.malformed(text) }
      place = .path(path)
      if parts.count > 1 { try take(tail: parts[1], of: text) }
      return
    }
    guard text.hasPrefix("redis://") else { throw RedisAddress.malformed(text) }
    var rest = text.dropFirst("redis://".count)
    var tail: Substring?
    if let slash = rest.firstIndex(of: "/") {
      tail = rest[rest.index(after: slash)...]
      rest = rest[..<slash]
    }
    if let at = rest.lastIndex(of: "@") {
      let given = rest[..<at]
      guard !given.contains(":") else {
        throw Problem(
          reason: "a password stands in the address, where ps and the history would show it",
          help: "leave it out, and give it by BROOD_REDIS_PASSWORD or --password-file FILE")
      }
      user = given.isEmpty ? nil : String(given)
      rest = rest[rest.index(after: at)...]
    }
    var host = rest
    var port: UInt16 = 6379
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      host = rest[rest.index(after: rest.startIndex)..<end]
      let behind = rest[rest.index(after: end)...]
      if !behind.isEmpty {
        guard behind.hasPrefix(":"), let number = UInt16(behind.dropFirst()), number > 0 else {
          throw RedisAddress.malformed(text)
        }
        port = number
      }
    } else if let colon = rest.lastIndex(of: ":") {
      guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else {
        throw RedisAddress.malformed(text)
      }
      port = number
      host = rest[..<colon]
    }
    guard !host.isEmpty, !host.hasPrefix("-") else { throw RedisAddress.malformed(text) }
    place = .host(String(host), port: port)
    if let tail { try take(tail: tail, of: text) }
  }

  /// The number of a database, and a key behind it.
  private mutating func take(tail: Substring, of text: String) throws(Problem) {
    if tail.isEmpty { return }
    let parts = tail.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = parts.first.flatMap({ Int($0) }), number >= 0, number <= 1 << 20 else {
      throw Problem(
        reason: "'\(text)' needs the number of a database before the key",
        help: "write it as: \(RedisAddress.usage)")
    }
    database = number
    if parts.count > 1, !parts[1].isEmpty {
      guard !parts[1].contains("{"), !parts[1].contains("}") else {
        throw Problem(reason: "a key has no braces", help: "choose another key than '\(parts[1])'")
      }
      key = String(parts[1])
    }
  }

  private static func malformed(_ text: String) -> Problem {
    Problem(reason: "'\(text)' is no address of a Redis server", help: "write it as: \(usage)")
  }

  /// The server as messages name it.
  public var server: String {
    switch place {
    case .host(let host, let port): "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .path(let path): "redis+unix:\(path)"
    }
  }

  /// The whole, as it is read.
  public var text: String {
    let name = user.map { "\($0)@" } ?? ""
    let tail = "\(database)" + (key.map { "/\($0)" } ?? "")
    switch place {
    case .host(let host, let port):
      return "redis://\(name)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(tail)"
    case .path(let path): return "redis+unix:\(path)#\(tail)"
    }
  }
}
