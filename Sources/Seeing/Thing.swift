/// What `who` can be asked about, beyond names of a session.
public enum Thing: Sendable, Equatable {
  case process(Int32)
  case descriptor(Int32, Int32)
  /// A file, a named pipe, a device, or a Unix socket.
  case path(String)
  case tcp(UInt16)
  /// A path, or `@NAME` of an abstract socket.
  case unix(String)
  case pipe(UInt64)

  /// Reads `pid:N`, a bare number, `PID:FD`, a path with `/`, `tcp:PORT`, `unix:PATH`,
  /// `pipe:INODE` or `pipe:[INODE]`; nil for another word, as a name.
  public init?(_ word: String) {
    if word.contains("/"), !word.hasPrefix("unix:") {
      self = .path(word)
      return
    }
    if let pid = Int32(word), pid > 0 {
      self = .process(pid)
      return
    }
    guard let colon = word.firstIndex(of: ":") else { return nil }
    let kind = word[..<colon]
    let rest = word[word.index(after: colon)...]
    switch kind {
    case "pid":
      guard let pid = Int32(rest), pid > 0 else { return nil }
      self = .process(pid)
    case "tcp":
      guard let port = UInt16(rest.drop { $0 == "*" || $0 == ":" }) else { return nil }
      self = .tcp(port)
    case "unix":
      if rest.isEmpty { return nil }
      self = .unix(String(rest))
    case "pipe":
      guard let inode = UInt64(rest.trimmingBrackets) else { return nil }
      self = .pipe(inode)
    default:
      guard let pid = Int32(kind), pid > 0, let descriptor = Int32(rest), descriptor >= 0 else {
        return nil
      }
      self = .descriptor(pid, descriptor)
    }
  }
}

extension Substring {
  /// Without one pair of brackets round it.
  fileprivate var trimmingBrackets: Substring {
    hasPrefix("[") && hasSuffix("]") ? dropFirst().dropLast() : self
  }
}
