import CPosix
import Glibc

/// A socket, as the kernel tells of all of this network namespace (sock_diag(7)).
public struct SocketFacts: Sendable, Equatable {
  /// The families that are known here.
  public enum Family: Sendable, Equatable { case unix, tcp }

  /// The inode, by which descriptors name it.
  public let inode: UInt64
  /// Its family.
  public let family: Family
  /// The socket at its other end; nil if there is none here.
  public var peer: UInt64?
  /// Whether it takes connections.
  public let isListening: Bool
  /// Whether messages can come from sockets that are not connected to it.
  public let isDatagram: Bool
  /// A path, `@NAME`, or `ADDRESS:PORT`; empty if it has none.
  public let name: String
  /// Of a connection of TCP: where the other end is.
  public let remote: String
  /// The local port of TCP; 0 for others.
  public let port: UInt16
  /// Bytes that wait to be read, or connections that wait to be accepted.
  public let waiting: Int
}

extension ProcFiles {
  /// The Unix sockets by inode.
  public func unixSockets() -> Reading<[UInt64: SocketFacts]> {
    sockets(brood_unix_sockets).map { entries in
      var result: [UInt64: SocketFacts] = [:]
      result.reserveCapacity(entries.count)
      for entry in entries { result[UInt64(entry.inode)] = SocketFacts(unix: entry) }
      return result
    }
  }

  /// The sockets of TCP by inode; both ends of a connection within this machine are each other's
  /// peers.
  public func tcpSockets() -> Reading<[UInt64: SocketFacts]> {
    sockets(brood_tcp_sockets).map { entries in
      var result: [UInt64: SocketFacts] = [:]
      var byEnds: [String: UInt64] = [:]
      // Without an inode it belongs to no descriptor: it waits for accept(2), or is at its end.
      for entry in entries where entry.inode != 0 {
        let facts = SocketFacts(tcp: entry)
        result[facts.inode] = facts
        byEnds["\(facts.name) \(facts.remote)"] = facts.inode
      }
      for (inode, facts) in result where !facts.isListening {
        result[inode]?.peer = byEnds["\(facts.remote) \(facts.name)"]
      }
      return result
    }
  }

  private func sockets(
    _ list: (UnsafeMutablePointer<brood_socket_entry>?, Int32) -> Int32
  ) -> Reading<[brood_socket_entry]> {
    var capacity: Int32 = 512
    while true {
      var found: Int32 = 0
      let entries = [brood_socket_entry](
        unsafeUninitializedCapacity: Int(capacity)
      ) { room, count in
        found = list(room.baseAddress, capacity)
        count = Int(min(capacity, max(0, found)))
      }
      if found < 0 { return .hidden(errno: -found) }
      if found <= capacity { return .known(entries) }
      capacity = found + 256
    }
  }
}

extension SocketFacts {
  init(unix entry: brood_socket_entry) {
    inode = UInt64(entry.inode)
    family = .unix
    peer = entry.peer == 0 ? nil : UInt64(entry.peer)
    isListening = entry.state == 10  // TCP_LISTEN, also of Unix sockets
    isDatagram = Int32(entry.type) == Int32(SOCK_DGRAM.rawValue)
    name = withUnsafeBytes(of: entry.name) { bytes in
      let bytes = bytes.prefix(Int(entry.name_length))
      guard let first = bytes.first else { return "" }
      if first == 0 { return "@" + String(decoding: bytes.dropFirst(), as: UTF8.self) }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    remote = ""
    port = 0
    waiting = Int(entry.waiting)
  }

  init(tcp entry: brood_socket_entry) {
    inode = UInt64(entry.inode)
    family = .tcp
    peer = nil
    isListening = entry.state == 10
    isDatagram = false
    name = SocketFacts.address(entry.local_address, entry.family, entry.local_port)
    remote = SocketFacts.address(entry.remote_address, entry.family, entry.remote_port)
    port = entry.local_port
    waiting = Int(entry.waiting)
  }

  private static func address<Bytes>(_ bytes: Bytes, _ family: UInt8, _ port: UInt16) -> String {
    withUnsafeBytes(of: bytes) { bytes in
      var bytes = bytes.prefix(16)
      var isIPv6 = Int32(family) == AF_INET6
      // An address of IPv4 in one of IPv6 is the same one.
      if isIPv6, bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 255, bytes[11] == 255 {
        bytes = bytes.dropFirst(12)
        isIPv6 = false
      }
      var text = [CChar](repeating: 0, count: 64)
      let base = UnsafeRawBufferPointer(rebasing: bytes).baseAddress
      inet_ntop(isIPv6 ? AF_INET6 : AF_INET, base, &text, 64)
      let shown = String(decoding: text.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
      return isIPv6 ? "[\(shown)]:\(port)" : "\(shown):\(port)"
    }
  }
}
