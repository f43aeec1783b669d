import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// How the handle of something on a server travels: by where that is.
extension RedisHandle {
  /// The kind of its handles on the wire.
  static let kind: UInt8 = 4

  /// Family, name, address, key, host to go through, demands, and of values type and count.
  var travelBytes: [UInt8] {
    let demands = (place.demands.allowsLoss ? "v" : "") + (place.demands.wantsAll ? "d" : "")
    let shared = self as? RedisSharedHandle
    let parts = [
      family, name, place.address.text, client.key, place.via ?? "", demands,
      shared?.type.name ?? "", shared?.count.map { "\($0)" } ?? "",
    ]
    return Array(parts.joined(separator: "\u{0}").utf8)
  }
}

/// Workers on other machines reach the server themselves, with the password that they have there.
extension RedisHandle: FarReachable {
  func farBytes() throws -> (kind: UInt8, bytes: [UInt8]) {
    let isHere =
      switch place.address.place {
      case .path: true
      case .host(let host, _):
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
      }
    if isHere, place.via == nil {
      throw ErrorObject(
        .type, "\(shown) is at \(place.address.server), which is another server there",
        help: "name the server's host as other machines do: --on redis://HOST/0")
    }
    return (RedisHandle.kind, travelBytes)
  }
}

extension Session {
  /// Takes over a handle of something on a server; one that this process has stays the same.
  func adoptFar(_ bytes: UnsafeRawBufferPointer) throws -> Handle {
    let unknown = ErrorObject(.type, "a handle of an unknown kind arrived")
    let parts = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\u{0}", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 8, let interpreter, let address = try? RedisAddress(parts[2]) else {
      throw unknown
    }
    var place = RedisPlace(address)
    place.via = parts[4].isEmpty ? nil : parts[4]
    place.demands = .init(allowsLoss: parts[5].contains("v"), wantsAll: parts[5].contains("d"))
    let (family, name) = (parts[0], parts[1])
    let isFree = names[name] == nil && (try? names.check(name)) != nil
    let chosen = isFree ? name : names.fresh("\(name)_")
    let client = place.client(parts[3], HostNames(self, interpreter))
    let handle: RedisHandle
    switch family {
    case "queue": handle = RedisQueueHandle(chosen, place, client)
    case "lock", "sem", "event":
      handle = RedisHolderHandle(
        chosen, family, place, RedisHolders(client, kind: family, []))
    case "shm":
      guard let type = ElementType(parts[6]) else { throw unknown }
      let holders = RedisHolders(client, kind: family, [])
      handle = RedisSharedHandle(chosen, place, holders, type, Int(parts[7]))
    default: throw unknown
    }
    for known in far(family) where known.isSame(handle) { return known }
    try names.claim(chosen, for: handle)
    return handle
  }
}
