import Language
import Posix
import Processes
import Session
import ShellHost

/// Addresses of hosts.
///
/// Numbers, `localhost` and /etc/hosts are read here. Other names are asked of getent(1), which
/// knows DNS and all else that the machine is set up for: the C library's own look-up cannot be
/// interrupted, and needs modules that a static program does not have.
struct HostNames {
  let session: Session
  let interpreter: Interpreter
  let environment: [String: String]

  init(_ call: borrowing Call) { self.init(call.session, call.interpreter) }

  init(_ session: Session, _ interpreter: Interpreter) {
    (self.session, self.interpreter) = (session, interpreter)
    var variables: [String: String] = [:]
    if case .map(let map) = interpreter.host.liveVariable("env") {
      for (name, value) in map.pairs { variables[name.asText] = value.asText }
    }
    environment = variables
  }

  /// The addresses of a host, the preferred one first; throws `missing` if there are none.
  ///
  /// - Parameter deadline: monotonic ns.
  func addresses(
    of host: String, port: UInt16, until deadline: Int64
  ) throws -> [InternetAddress] {
    if let address = InternetAddress(numeric: host, port: port) { return [address] }
    var found = HostNames.listed(host)
    if found.isEmpty, host.lowercased() == "localhost" { found = ["127.0.0.1", "::1"] }
    if found.isEmpty { found = try asked(host, until: deadline) }
    let addresses = found.compactMap { InternetAddress(numeric: $0, port: port) }
    // Nearly every server of this machine listens at its IPv4 address.
    let isLocal = addresses.contains { $0.bytes == [127, 0, 0, 1] }
    let ordered =
      isLocal ? addresses.filter { !$0.isLong } + addresses.filter(\.isLong) : addresses
    if ordered.isEmpty {
      throw ErrorObject(
        .missing, "the host '\(host)' is not known", help: "see: getent ahosts HOST")
    }
    return ordered
  }

  /// What /etc/hosts says.
  private static func listed(_ host: String) -> [String] {
    guard let bytes = try? Transfer.readFile("/etc/hosts") else { return [] }
    var found: [String] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let address = words.first, !found.contains(String(address)),
        words.dropFirst().contains(where: { $0.lowercased() == host.lowercased() })
      else { continue }
      found.append(String(address))
    }
    return found
  }

  /// What getent(1) says; it is a process, so waiting for it can be interrupted.
  private func asked(_ host: String, until deadline: Int64) throws -> [String] {
    let isName = host.utf8.allSatisfy {
      $0 >= 0x80 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
        || Character(Unicode.Scalar($0)).isLetter || Character(Unicode.Scalar($0)).isNumber
    }
    guard isName, !host.hasPrefix("-"), host.utf8.count <= 255 else {
      throw ErrorObject(.type, "'\(host)' cannot be the name of a host")
    }
    let path = environment["PATH"] ?? "/usr/bin:/bin"
    guard let program = try? Executable.find("getent", path: path) else {
      throw ErrorObject(
        .missing, "the host '\(host)' is not known: there is no program 'getent' to ask",
        help: "write its numeric address, or a line for it into /etc/hosts")
    }
    let text = try output(of: program, ["getent", "ahosts", host], until: deadline) {
      ErrorObject(.timeout, "cannot look up the host '\(host)': timed out")
    }
    var found: [String] = []
    for line in text.split(separator: "\n") {
      guard let address = line.split(separator: " ").first.map(String.init),
        !found.contains(address)
      else { continue }
      found.append(address)
    }
    return found
  }

  private func output(
    of program: String, _ arguments: [String], until deadline: Int64,
    isOver: () -> ErrorObject
  ) throws -> String {
    var request = SpawnRequest(
      path: program, arguments: arguments,
      environment: environment.map { "\($0.key)=\($0.value)" })
    try session.guardChildren()
    let (reader, process) = try mapErrors("cannot run 'getent'") {
      let ends = try Descriptors.pipe()
      defer { Descriptors.close(ends.write) }
      let null = try Descriptors.open("/dev/null", 2)
      defer { Descriptors.close(null) }
      request.descriptors = [(null, 0), (ends.write, 1), (null, 2)]
      let reader = try CaptureReader(Descriptors.makePrivate(ends.read), session.loop)
      do {
        return (reader, try spawn(request))
      } catch {
        reader.close()
        throw error
      }
    }
    defer {
      reader.close()
      try? Process.send(.kill, toDescriptor: process.pidfd)
      _ = try? Reaper.reap(process.pidfd)
      Descriptors.close(process.pidfd)
    }
    let isDone = try session.pause(interpreter, until: deadline == .max ? nil : deadline) {
      reader.isComplete
    }
    if !isDone { throw isOver() }
    return try reader.text().asText
  }
}
