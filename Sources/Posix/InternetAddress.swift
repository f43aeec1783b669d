import Glibc

/// An IPv4 or IPv6 address with a port (ip(7), ipv6(7)).
public struct InternetAddress: Hashable, Sendable {
  /// 4 or 16 bytes, the most significant first.
  public let bytes: [UInt8]
  public var port: UInt16
  /// The interface of a link-local IPv6 address; 0 is none.
  public let scope: UInt32

  public init(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
    self.bytes = bytes
    self.port = port
    self.scope = scope
  }

  /// Whether it is an IPv6 address.
  public var isLong: Bool { bytes.count == 16 }

  /// From its usual spelling, such as `127.0.0.1`, `::1` or `fe80::1%eth0`; nil for a name.
  public init?(numeric text: String, port: UInt16) {
    var host = text
    var scope: UInt32 = 0
    if let percent = text.firstIndex(of: "%") {
      let interface = String(text[text.index(after: percent)...])
      scope = UInt32(interface) ?? if_nametoindex(interface)
      if scope == 0 { return nil }
      host = String(text[..<percent])
    }
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, host, &bytes) == 1 {
        self.init(bytes: bytes, port: port, scope: scope)
        return
      }
    }
    return nil
  }

  /// The address without its port.
  public var host: String {
    let family = isLong ? AF_INET6 : AF_INET
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      inet_ntop(family, bytes, buffer.baseAddress, 64).map { String(cString: $0) } ?? "?"
    }
    return scope == 0 ? text : "\(text)%\(scope)"
  }

  /// As `127.0.0.1:8000` or `[::1]:8000`.
  public var text: String { isLong ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Lends the address as the kernel wants it.
  func withBytes<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    if isLong {
      var raw = sockaddr_in6()
      raw.sin6_family = sa_family_t(AF_INET6)
      raw.sin6_port = port.bigEndian
      raw.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &raw.sin6_addr) { $0.copyBytes(from: bytes) }
      return lend(&raw, body)
    }
    var raw = sockaddr_in()
    raw.sin_family = sa_family_t(AF_INET)
    raw.sin_port = port.bigEndian
    withUnsafeMutableBytes(of: &raw.sin_addr) { $0.copyBytes(from: bytes) }
    return lend(&raw, body)
  }

  /// From what the kernel says; nil for another family.
  init?(_ storage: UnsafeRawBufferPointer) {
    guard storage.count >= 2 else { return nil }
    switch Int32(storage.loadUnaligned(as: sa_family_t.self)) {
    case AF_INET where storage.count >= MemoryLayout<sockaddr_in>.size:
      let raw = storage.loadUnaligned(as: sockaddr_in.self)
      self.init(
        bytes: withUnsafeBytes(of: raw.sin_addr) { Array($0) },
        port: UInt16(bigEndian: raw.sin_port))
    case AF_INET6 where storage.count >= MemoryLayout<sockaddr_in6>.size:
      let raw = storage.loadUnaligned(as: sockaddr_in6.self)
      self.init(
        bytes: withUnsafeBytes(of: raw.sin6_addr) { Array($0) },
        port: UInt16(bigEndian: raw.sin6_port), scope: raw.sin6_scope_id)
    default: return nil
    }
  }
}

/// Lends a structure as a socket address.
func lend<T, R>(_ raw: inout T, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
  withUnsafePointer(to: &raw) {
    body(
      UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
      socklen_t(MemoryLayout<T>.size))
  }
}
