import Language
import Posix
import Session

/// An address as it was typed: a host may still be a name.
struct SocketEndpoint {
  enum Place {
    /// An absolute path.
    case path(String)
    case abstract(String)
    case host(String, port: UInt16)
  }

  /// For messages.
  let text: String
  let place: Place

  static let forms = "unix:PATH, unix:@NAME or tcp:HOST:PORT"

  /// Reads an argument of a call.
  init(_ call: borrowing Call, at index: Int) throws {
    text = call.text(index)
    if text.utf8.contains(0) {
      throw call.bad("address", must: "without a null character", at: index)
    }
    if text.hasPrefix("unix:") {
      place = try SocketEndpoint.unix(String(text.dropFirst(5)), call, index)
    } else if text.hasPrefix("tcp:") {
      place = try SocketEndpoint.tcp(String(text.dropFirst(4)), call, index)
    } else {
      throw call.bad("address", must: SocketEndpoint.forms, at: index)
    }
  }

  private static func unix(
    _ name: String, _ call: borrowing Call, _ index: Int
  ) throws -> Place {
    if name.hasPrefix("@") {
      let name = String(name.dropFirst())
      if name.isEmpty { throw call.bad("address", must: "unix:@NAME", at: index) }
      return .abstract(name)
    }
    if name.isEmpty || name.hasSuffix("/") {
      throw call.bad("address", must: "unix:PATH with the name of a file", at: index)
    }
    if name.hasPrefix("/") { return .path(name) }
    if name.hasPrefix("~/") { return .path(try call.home(at: index) + name.dropFirst()) }
    let relative = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
    let directory = try mapErrors { try Directory.current() }
    return .path(directory == "/" ? "/\(relative)" : "\(directory)/\(relative)")
  }

  private static func tcp(
    _ rest: String, _ call: borrowing Call, _ index: Int
  ) throws -> Place {
    guard let colon = rest.lastIndex(of: ":") else {
      throw call.bad("address", must: "tcp:HOST:PORT", at: index)
    }
    var host = String(rest[..<colon])
    guard let port = UInt16(rest[rest.index(after: colon)...]) else {
      throw call.bad("address", must: "tcp:HOST:PORT with a port from 0 to 65535", at: index)
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard InternetAddress(numeric: host, port: port)?.isLong == true else {
        throw call.bad("address", must: "tcp:[IPV6]:PORT, such as tcp:[::1]:80", at: index)
      }
    } else if host.contains(":") {
      throw call.bad(
        "address", must: "tcp:HOST:PORT", at: index,
        help: "an IPv6 address stands in brackets: tcp:[\(host)]:\(port)")
    } else if host.isEmpty || host == "*" {
      throw call.bad(
        "address", must: "tcp:HOST:PORT", at: index,
        help: "all addresses of this machine are tcp:0.0.0.0:\(port), or tcp:[::]:\(port)")
    }
    return .host(host, port: port)
  }
}
