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
  }

  nonisolated(unsafe) private static var all: [String: Tunnel] = [:]

  /// The socket that leads to a server, once ssh listens there.
  ///
  /// - Parameter deadline: monotonic ns.
  static func socket(
    to address: RedisAddress, through host: String, _ hosts: HostNames, until deadline: Int64
  ) throws -> SocketAddress {
    let name = "\(host) \(address.server)"
    if let known = all[name] {
      if isLiving(known.pid) { return .unix(known.file.path) }
      end(known)
      all[name] = nil
    }
    let tunnel = try start(address, host, hosts)
    // ssh tells nobody when it listens.
    while (try? FileStatus(tunnel.file.path)) == nil {
      guard isLiving(tunnel.pid) else {
        let reason = said(tunnel)
        end(tunnel)
        throw RedisTrouble.lost("ssh \(host): \(reason.isEmpty ? "it has ended" : reason)")
      }
      if deadline != .max, Clock.monotonic >= deadline {
        let reason = said(tunnel)
        try? Process.send(.kill, to: tunnel.pid)
        end(tunnel)
        throw RedisTrouble.unanswered("ssh \(host): \(reason.isEmpty ? "it takes long" : reason)")
      }
      let moment = Clock.deadline(after: 20_000_000)
      _ = try hosts.session.waitLimit().sleepOnce([], until: min(moment, deadline))
    }
    tunnel.file.confirm()
    all[name] = tunnel
    return .unix(tunnel.file.path)
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
