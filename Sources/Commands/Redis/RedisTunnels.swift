import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// Ways to servers through other hosts: ssh(1) forwards a unix socket that only this user can open.
///
/// Children use that of the process that made it; where it has gone, each makes one of its own.
enum RedisTunnels {
  private struct Tunnel {
    let file: SocketFile
    let pid: Int32
    /// What ssh has to say.
    let messages: Int32
    let depth: UInt32
    let began = Clock.monotonic
    /// ssh listens.
    var isOpen = false
    /// What it waits for was told.
    var hasTold = false
  }

  nonisolated(unsafe) private static var all: [String: Tunnel] = [:]
  /// Those that were open once, so that a login that fails is worth another one.
  nonisolated(unsafe) private static var known: Set<String> = []

  /// How long ssh may take to log in, as the start of any host may (ns).
  static let timeToLogIn: Int64 = 30_000_000_000
  /// After so long what is waited for is told (ns).
  private static let timeToTell: Int64 = 1_000_000_000

  /// The socket that leads to a server, once ssh listens there.
  ///
  /// A login that takes longer than the caller waits goes on meanwhile, and serves the next one.
  ///
  /// - Parameter deadline: monotonic ns.
  static func socket(
    to address: RedisAddress, through host: String, _ hosts: HostNames, until deadline: Int64
  ) throws -> SocketAddress {
    let name = "\(host) \(address.server)"
    if let found = all[name], !isLiving(found.pid) {
      end(found)
      all[name] = nil
    }
    if all[name] == nil { all[name] = try start(address, host, hosts) }
    do {
      return try opened(name, host, address, hosts, until: deadline)
    } catch {
      if case RedisTrouble.unanswered = error { throw error }
      if let tunnel = all.removeValue(forKey: name) {
        try? Process.send(.kill, to: tunnel.pid)
        end(tunnel)
      }
      throw error
    }
  }

  private static func opened(
    _ name: String, _ host: String, _ address: RedisAddress, _ hosts: HostNames,
    until deadline: Int64
  ) throws -> SocketAddress {
    // ssh tells nobody when it listens.
    while let tunnel = all[name] {
      if tunnel.isOpen { return .unix(tunnel.file.path) }
      if (try? FileStatus(tunnel.file.path)) != nil {
        tunnel.file.confirm()
        all[name]?.isOpen = true
        known.insert(name)
        continue
      }
      let now = Clock.monotonic
      guard isLiving(tunnel.pid), now < tunnel.began + timeToLogIn else {
        let said = said(tunnel)
        let silent = isLiving(tunnel.pid) ? "it has not logged in within 30s" : "it has ended"
        let reason = "ssh \(host): \(said.isEmpty ? silent : said)"
        if known.contains(name) { throw RedisTrouble.lost(reason) }
        let words = destination(host).filter { $0 != "--" }
        throw RedisTrouble.noWay(reason, login: "ssh \(words.joined(separator: " "))")
      }
      if now >= deadline { throw RedisTrouble.unanswered("ssh \(host) logs in still") }
      if now >= tunnel.began + timeToTell, !tunnel.hasTold {
        all[name]?.hasTold = true
        Session.say("brood: ssh logs in to \(host), the way to \(address.server); at most 30s")
      }
      let moment = Clock.deadline(after: 20_000_000)
      _ = try hosts.session.waitLimit().sleepOnce([], until: min(moment, deadline))
    }
    throw RedisTrouble.lost("ssh \(host): it has ended")
  }

  private static func isLiving(_ pid: Int32) -> Bool {
    Session.current.reader.stat(pid).map { !$0.hasEnded } ?? false
  }

  private static func end(_ tunnel: Tunnel) {
    tunnel.file.remove()
    if tunnel.depth == Posix.Process.forkDepth { Descriptors.close(tunnel.messages) }
  }

  /// The last line that ssh wrote.
  private static func said(_ tunnel: Tunnel) -> String {
    guard tunnel.depth == Posix.Process.forkDepth else { return "" }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try? bytes.withUnsafeMutableBytes {
      try Transfer.readNow(tunnel.messages, into: $0)
    }
    bytes.removeLast(bytes.count - (count.flatMap { $0 } ?? 0))
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.last.map(String.init) ?? ""
  }

  private static func start(
    _ address: RedisAddress, _ host: String, _ hosts: HostNames
  ) throws -> Tunnel {
    let session = hosts.session
    guard
      let program = try? Executable.find("ssh", path: hosts.environment["PATH"] ?? "/usr/bin:/bin")
    else {
      throw ErrorObject(
        .missing, "there is no program 'ssh', which --via needs", help: "install OpenSSH's client")
    }
    let directory = hosts.environment["XDG_RUNTIME_DIR"] ?? "/tmp"
    let number = String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    let words = arguments(host, address, socket: "\(directory)/brood-\(number).sock")
    let ticket = try session.prepareSpawn(
      name: nil, prefix: "tunnel", command: words.joined(separator: " "))
    do throws(SystemError) {
      let file = try SocketFile(expecting: "\(directory)/brood-\(number).sock")
      let null = try Descriptors.open("/dev/null", 2)
      defer { Descriptors.close(null) }
      let ends = try Descriptors.pipe()
      defer { Descriptors.close(ends.write) }
      let messages = try Descriptors.makePrivate(ends.read)
      var request = SpawnRequest(
        path: program, arguments: words,
        environment: hosts.environment.map { "\($0.key)=\($0.value)" })
      request.descriptors = [(null, 0), (null, 1), (ends.write, 2)]
      request.group = .new
      let (pid, pidfd) = try spawn(request)
      _ = session.register(
        ticket, pid: pid, pidfd: pidfd, command: words.joined(separator: " "), kind: .helper,
        group: pid)
      return Tunnel(file: file, pid: pid, messages: messages, depth: Posix.Process.forkDepth)
    } catch {
      session.abandon(ticket)
      throw error.asError("cannot start ssh")
    }
  }

  /// The command line of a tunnel.
  ///
  /// - Parameter host: `[USER@]HOST[:PORT]`, an IPv6 address in brackets.
  static func arguments(_ host: String, _ address: RedisAddress, socket: String) -> [String] {
    var words = ["ssh", "-N", "-T", "-a", "-x"]
    let options = [
      "BatchMode=yes", "ConnectTimeout=15", "ControlMaster=no", "ControlPath=none",
      "RemoteCommand=none", "PermitLocalCommand=no", "ServerAliveInterval=5",
      "ServerAliveCountMax=3", "ExitOnForwardFailure=yes", "StreamLocalBindMask=0177",
    ]
    for option in options { words += ["-o", option] }
    switch address.place {
    case .path(let path): words += ["-L", "\(socket):\(path)"]
    case .host(let name, let port):
      words += ["-L", "\(socket):\(name.contains(":") ? "[\(name)]" : name):\(port)"]
    }
    return words + destination(host)
  }

  /// How ssh is told where to log in.
  private static func destination(_ host: String) -> [String] {
    var words: [String] = []
    var rest = Substring(host)
    if let at = rest.lastIndex(of: "@") {
      words += ["-l", String(rest[..<at])]
      rest = rest[rest.index(after: at)...]
    }
    if let colon = rest.lastIndex(of: ":"), UInt16(rest[rest.index(after: colon)...]) != nil,
      rest.hasPrefix("[") || rest.firstIndex(of: ":") == colon
    {
      words += ["-p", String(rest[rest.index(after: colon)...])]
      rest = rest[..<colon]
    }
    if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
    return words + ["--", String(rest)]
  }
}
