import Foundation

/// A Redis server of a test's own, at a unix socket in a directory of its own.
///
/// It is what `scripts/setup --tests=cluster` unpacks, else the system's.
public final class RedisServer: @unchecked Sendable {
  private static let unpacked = Program.sourceTree.appending(path: ".build/cluster/system").path

  /// The program; nil where there is none.
  public static let program: String? = {
    ["\(unpacked)/usr/bin/redis-server", "/usr/bin/redis-server", "/usr/local/bin/redis-server"]
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()
  public static var isThere: Bool { program != nil }

  public let directory: TemporaryDirectory
  private let options: [String]
  private var child: Child?

  /// The socket's path.
  public var socket: String { "\(directory.path)/redis.sock" }
  /// What `--on` takes.
  public var address: String { "redis+unix:\(socket)" }
  public var pid: pid_t { child?.pid ?? -1 }

  /// The size of the disk that it keeps its file on, as tmpfs takes it; nil for that of the tests.
  private let disk: String?

  /// Starts one with an append-only file.
  ///
  /// - Parameter disk: the size of a disk of its own, as `2m`, which only root can make.
  public init(_ options: [String] = [], disk: String? = nil) throws {
    directory = try TemporaryDirectory()
    self.options = options
    self.disk = disk
    try start()
  }

  deinit { child?.end() }

  /// The environment in which what was unpacked finds its libraries.
  public static func environment(home: String) -> [String: String] {
    var environment = Program.environment(home: home)
    let machine = ["x86_64", "aarch64"].map { "\(unpacked)/usr/lib/\($0)-linux-gnu" }
    environment["LD_LIBRARY_PATH"] = machine.joined(separator: ":")
    environment["PYTHONPATH"] = "\(unpacked)/usr/lib/python3/dist-packages"
    return environment
  }

  /// Starts it again, with what it has kept.
  public func start() throws {
    guard let program = Self.program else { throw SystemFailure("redis-server", ENOENT) }
    var place = directory.path
    var command = [program]
    if let disk {
      place += "/disk"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      let mount = "mount -t tmpfs -o size=\(disk) none \(place) && exec \"$@\""
      command = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", mount, "sh", program]
    }
    command += [
      "--port", "0", "--unixsocket", socket, "--dir", place, "--save", "", "--appendonly", "yes",
      "--logfile", "\(directory.path)/log",
    ]
    child = try Child(
      silently: command[0], command.dropFirst() + options,
      environment: Self.environment(home: directory.path), directory: directory.path)
    guard waits(.seconds(60), until: { Self.answers(at: socket) }) else {
      throw SystemFailure("redis-server does not start", ETIMEDOUT)
    }
  }

  /// Whether a server at a unix socket says anything: on a busy machine it is bound long before that.
  public static func answers(at path: String) -> Bool {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let fd = Foundation.socket(AF_UNIX, kind, 0)
    guard fd >= 0 else { return false }
    defer { close(fd) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1))
    }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, size) }
    }
    let question = Array("PING\r\n".utf8)
    guard connected == 0, send(fd, question, question.count, Int32(MSG_NOSIGNAL)) > 0,
      poll([(fd, Int32(POLLIN))], until: Deadline(.seconds(5))) == [true]
    else { return false }
    var reply: UInt8 = 0
    return recv(fd, &reply, 1, 0) == 1
  }

  /// Kills it as a power cut would, but for what the kernel has.
  public func kill() {
    Foundation.kill(pid, SIGKILL)
    _ = child?.wait(until: Deadline(.seconds(5)))
    unlink(socket)
  }

  public func stop() { Foundation.kill(pid, SIGSTOP) }
  public func goOn() { Foundation.kill(pid, SIGCONT) }

  /// Asks it by redis-cli; yields what it prints.
  @discardableResult
  public func ask(_ words: String...) throws -> String {
    let client = (Self.program ?? "").replacing("redis-server", with: "redis-cli")
    return try run(
      client, ["-s", socket] + words, environment: Self.environment(home: directory.path),
      directory: directory.path
    ).standardOutput
  }

  /// Runs a script of Brood beside it, where `$env.SERVER` is its address.
  public func script(
    _ text: String, environment more: [String: String] = [:], within limit: Duration = .seconds(60)
  ) throws -> Output {
    let place = try TemporaryDirectory()
    try place.write(text, to: "script.brood")
    var environment = Program.environment(home: place.path)
    environment["SERVER"] = address
    environment.merge(more) { $1 }
    return try run(
      Program.brood, ["script.brood"], environment: environment, directory: place.path,
      within: limit)
  }
}
