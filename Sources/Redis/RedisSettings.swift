/// What of a server's settings decides how safe its data is.
public struct RedisSettings: Equatable, Sendable {
  /// Whether it keeps an append-only file; nil where it does not tell.
  public var keepsFile: Bool?
  /// When it writes that to disk: always, everysec, no.
  public var fsync: String?
  /// Whether it stops to do so while it rewrites the file.
  public var pausesFsync: Bool?
  /// What it throws away when its memory is full.
  public var eviction: String?

  public init() {}

  /// From the replies to `questions`.
  public init(_ replies: [RedisReply]) {
    for reply in replies {
      for (name, value) in reply.pairs { take(name, value.text ?? "") }
    }
  }

  static let questions = [
    "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy",
  ]

  private mutating func take(_ name: String, _ value: String) {
    switch name {
    case "appendonly": keepsFile = value == "yes"
    case "appendfsync": fsync = value
    case "no-appendfsync-on-rewrite": pausesFsync = value == "yes"
    case "maxmemory-policy": eviction = value
    default: break
    }
  }

  /// From the text of INFO, where CONFIG is not allowed; the rest stays unknown.
  public mutating func take(info: String) {
    for line in info.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "aof_enabled": keepsFile = parts[1] == "1"
      case "maxmemory_policy": eviction = String(parts[1])
      default: break
      }
    }
  }

  /// What is asked of a server.
  public struct Demands: Equatable, Sendable {
    /// It may lose everything.
    public var allowsLoss = false
    /// It may lose nothing that it has acknowledged.
    public var wantsAll = false

    public init(allowsLoss: Bool = false, wantsAll: Bool = false) {
      (self.allowsLoss, self.wantsAll) = (allowsLoss, wantsAll)
    }
  }

  /// Throws `unfit` for what does not fulfil the demands.
  public func check(_ demands: Demands) throws(RedisTrouble) {
    if let eviction, eviction != "noeviction" {
      throw .unfit(
        "it throws data away when its memory is full (maxmemory-policy is \(eviction))",
        help: "set there: maxmemory-policy noeviction")
    }
    if keepsFile == false, !demands.allowsLoss {
      throw .unfit(
        "it keeps no append-only file, so that all is lost when it ends",
        help: "set there: appendonly yes; or allow it with --volatile")
    }
    guard demands.wantsAll else { return }
    if keepsFile == nil || fsync == nil || pausesFsync == nil {
      throw .unfit(
        "it does not tell how durable it is",
        help: "let this user ask: ACL SETUSER NAME +config|get; or leave out --durable")
    }
    if fsync != "always" {
      throw .unfit(
        "it writes to disk later than it answers (appendfsync is \(fsync ?? "unknown"))",
        help: "set there: appendfsync always; or leave out --durable")
    }
    if pausesFsync == true {
      throw .unfit(
        "it does not write to disk while it rewrites its file",
        help: "set there: no-appendfsync-on-rewrite no; or leave out --durable")
    }
  }

  /// What becomes of data when the server is killed, in words.
  public var durability: String {
    switch (keepsFile, fsync) {
    case (false, _): "none: what is there goes with the server"
    case (true, "always"?):
      pausesFsync == true
        ? "all that was acknowledged, but while it rewrites its file" : "all that was acknowledged"
    case (true, "everysec"?): "all but the last 2 s, which may be missing or come again"
    case (true, "no"?): "all but what the kernel had not written yet"
    default: "unknown: the server does not tell"
    }
  }
}
