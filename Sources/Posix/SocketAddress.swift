import CPosix
import Glibc

/// Where a socket listens or leads to.
public enum SocketAddress: Hashable, Sendable {
  /// A file (unix(7)).
  case unix(String)
  /// A name in Linux's own name space, which goes with the last socket that has it.
  case abstract(String)
  case internet(InternetAddress)

  /// As the commands take it: `unix:/run/x`, `unix:@name`, `tcp:127.0.0.1:8000`.
  public var text: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .abstract(let name): "unix:@\(name)"
    case .internet(let address): "tcp:\(address.text)"
    }
  }

  public var port: UInt16? {
    if case .internet(let address) = self { return address.port }
    return nil
  }

  /// How many bytes the name of an abstract address, or the last name of a path, may have.
  public static var longestName: Int { Int(brood_unix_longest()) }

  var family: Int32 {
    guard case .internet(let address) = self else { return AF_UNIX }
    return address.isLong ? AF_INET6 : AF_INET
  }

  /// Lends the address as the kernel wants it; ENAMETOOLONG, and EINVAL for a path, which only
  /// the C functions can make one of.
  func withBytes<R>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) throws(SystemError) -> R {
    switch self {
    case .internet(let address): return address.withBytes(body)
    case .unix: throw SystemError(call: "socket", code: EINVAL)
    case .abstract(let name):
      let bytes = Array(name.utf8)
      if bytes.count > SocketAddress.longestName {
        throw SystemError(call: "socket", code: ENAMETOOLONG)
      }
      var raw = sockaddr_un()
      raw.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &raw.sun_path) { $0[1...].copyBytes(from: bytes) }
      // The length counts: all bytes up to it are the name.
      let size = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + 1 + bytes.count } ?? 0
      return lend(&raw) { address, _ in body(address, socklen_t(size)) }
    }
  }

  /// From what the kernel says; nil for a unix socket without a name.
  init?(_ storage: UnsafeRawBufferPointer) {
    if let address = InternetAddress(storage) {
      self = .internet(address)
      return
    }
    let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    guard storage.count > start,
      Int32(storage.loadUnaligned(as: sa_family_t.self)) == AF_UNIX
    else { return nil }
    let name = storage[start...]
    if name.first == 0 {
      self = .abstract(String(decoding: name.dropFirst(), as: UTF8.self))
    } else {
      self = .unix(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
    }
  }
}
