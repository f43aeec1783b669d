import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// Where things on a server are, and what is asked of it: what `--on` and its companions say.
struct RedisPlace {
  var address: RedisAddress
  var demands = RedisSettings.Demands()
  /// The host to go through, as `ssh:HOST`.
  var via: String?
  var password: [UInt8]?

  /// What a call says; nil for something local.
  init?(_ call: borrowing Call) throws {
    guard let given = call.flag("on") else { return nil }
    do throws(RedisAddress.Problem) {
      address = try RedisAddress(given.asText)
    } catch {
      throw call.error(.type, "bad --on: \(error.reason)", help: error.help)
    }
    if case .path(let path) = address.place, !path.hasPrefix("/") {
      let directory = try mapErrors { try Directory.current() }
      address.place = .path(directory == "/" ? "/\(path)" : "\(directory)/\(path)")
    }
    demands = .init(allowsLoss: call.isSet("volatile"), wantsAll: call.isSet("durable"))
    if let via = call.flag("via")?.asText {
      guard via.hasPrefix("ssh:"), via.count > 4, !via.dropFirst(4).hasPrefix("-") else {
        throw call.error(
          .type, "bad --via: '\(via)' is no host to go through", help: "write: --via ssh:HOST")
      }
      self.via = String(via.dropFirst(4))
    }
    password =
      try call.flag("password-file").map { try ServerPassword.read($0.asText) }
      ?? ServerPassword.given
  }

  init(_ address: RedisAddress) {
    self.address = address
    password = ServerPassword.given
  }

  /// A client of the thing with this key.
  func client(_ key: String, _ hosts: HostNames) -> RedisClient {
    let (address, via) = (address, via)
    return RedisClient(address, key: key, password: password, demands: demands) { deadline in
      if let via {
        return [try RedisTunnels.socket(to: address, through: via, hosts, until: deadline)]
      }
      switch address.place {
      case .path(let path): return [.unix(path)]
      case .host(let host, let port):
        return try hosts.addresses(of: host, port: port, until: deadline).map { .internet($0) }
      }
    }
  }

  /// The flags that say where.
  static let flags = [
    Flag("on", .text.named("address", RedisAddress.usage), "on a Redis server, for all hosts"),
    Flag("durable", nil, "only on a server that loses nothing that it has acknowledged"),
    Flag("volatile", nil, "also on a server that keeps nothing on disk"),
    Flag("via", .text.named("host", "ssh:HOST"), "reach the server through this host"),
    Flag("password-file", .path, "a file of mode 0600 with the server's password"),
  ]

  /// How they go together with each other, with others that are for a server only, and with some
  /// that are not for one.
  static func rules(needing others: [String] = [], without local: [String] = []) -> [FlagRule] {
    let needing = ["durable", "volatile", "via", "password-file"] + others
    return [.exclusive(["durable", "volatile"])] + needing.map { .needs($0, anyOf: ["on"]) }
      + (local.isEmpty ? [] : [.excludes(["on"], local)])
  }
}

extension ServerPassword {
  /// From a file that only its owner may read.
  static func read(_ path: String) throws -> [UInt8] {
    let status = try mapErrors("cannot read the password") { try FileStatus(path) }
    guard status.permissions & 0o077 == 0 else {
      throw ErrorObject(
        .failed, "others may read the password in \(path)",
        help: "keep it to yourself: chmod 600 \(path)")
    }
    let bytes = try mapErrors("cannot read the password") { try Transfer.readFile(path) }
    return Array(bytes.prefix { $0 != 10 && $0 != 13 })
  }
}
