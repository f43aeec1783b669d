import CTestSupport
import Foundation

/// How a program ended.
public enum Status: Equatable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case killed(Int32)

  init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .killed(signal)
  }

  public var description: String {
    switch self {
    case .exited(let code): "exit \(code)"
    case .killed(let signal): "signal \(Self.signalNames[signal] ?? String(signal))"
    }
  }

  private static let signalNames: [Int32: String] = [
    SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP", SIGABRT: "ABRT",
    SIGKILL: "KILL", SIGSEGV: "SEGV", SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM",
    SIGUSR1: "USR1", SIGUSR2: "USR2",
  ]
}

/// A program that a test started as the leader of its own session, so that all of it can be ended.
public final class Child {
  public let pid: pid_t
  public private(set) var status: Status?
  /// Readable when the program has ended.
  let pidfd: Int32
  private var hasEnded = false

  enum Streams {
    case descriptors(Int32, Int32, Int32)
    case terminal(String)
  }

  init(
    _ program: String, _ arguments: [String], environment: [String: String], directory: String?,
    streams: Streams
  ) throws {
    var pid: pid_t = 0
    let argv = ([program] + arguments).map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in argv + envp { free(string) } }
    let failure =
      switch streams {
      case .descriptors(let input, let output, let error):
        support_spawn(&pid, program, argv, envp, directory, [input, output, error], nil)
      case .terminal(let tty):
        support_spawn(&pid, program, argv, envp, directory, [0, 0, 0], tty)
      }
    guard failure == 0 else { throw SystemFailure("cannot start \(program)", failure) }
    self.pid = pid
    pidfd = support_pidfd(pid)
    guard pidfd >= 0 else { throw SystemFailure("pidfd_open") }
  }

  /// Starts one that neither reads nor writes anything.
  public convenience init(
    silently program: String, _ arguments: [String], environment: [String: String],
    directory: String
  ) throws {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard null >= 0 else { throw SystemFailure("open") }
    defer { close(null) }
    try self.init(
      program, arguments, environment: environment, directory: directory,
      streams: .descriptors(null, null, null))
  }

  /// Starts one that reads nothing and writes to the files `out` and `err` of its directory.
  public convenience init(
    recording program: String, _ arguments: [String], environment: [String: String],
    directory: String
  ) throws {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC
    let output = open("\(directory)/out", flags, 0o600)
    let error = open("\(directory)/err", flags, 0o600)
    defer { for file in [null, output, error] { close(file) } }
    guard null >= 0, output >= 0, error >= 0 else { throw SystemFailure("open") }
    try self.init(
      program, arguments, environment: environment, directory: directory,
      streams: .descriptors(null, output, error))
  }

  deinit {
    end()
    close(pidfd)
  }

  /// Wait for the end and yield the status, or nil when the deadline passes first.
  public func wait(until deadline: Deadline) -> Status? {
    if status == nil, poll([(pidfd, POLLIN)], until: deadline).first == true {
      var waitStatus: Int32 = 0
      while waitpid(pid, &waitStatus, 0) < 0 && errno == EINTR {}
      status = Status(waitStatus: waitStatus)
    }
    return status
  }

  /// Kill whatever still lives of the session and reap its leader, unless that was done before.
  public func end() {
    guard !hasEnded else { return }
    hasEnded = true
    // A process may fork while it is looked for; the second look finds what the first one missed.
    for _ in 0..<3 {
      let living = livingMembers()
      if living.isEmpty { break }
      for member in living { kill(member.pid, SIGKILL) }
      _ = wait(until: Deadline(.seconds(5)))
    }
    _ = wait(until: Deadline(.seconds(5)))
  }

  /// The processes of the session that have not ended; zombies have.
  public func livingMembers() -> [ProcessEntry] {
    ProcessEntry.all().filter { $0.session == pid && !"ZX".contains($0.state) }
  }
}

/// One line of `/proc/PID/stat`, as far as tests care.
public struct ProcessEntry: CustomStringConvertible {
  public let pid: pid_t
  public let name: String
  public let state: Character
  public let parent: pid_t
  public let session: pid_t

  public var description: String { "\(pid) (\(name), \(state))" }

  public init?(pid: pid_t) {
    guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")")
    else { return nil }
    let fields = line[close...].split(separator: " ")
    guard fields.count > 4, let state = fields[1].first, let parent = pid_t(fields[2]),
      let session = pid_t(fields[4])
    else { return nil }
    self.pid = pid
    name = String(line[line.index(after: open)..<close])
    self.state = state
    self.parent = parent
    self.session = session
  }

  public static func all() -> [ProcessEntry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.compactMap { ProcessEntry(pid: $0) }
  }
}

extension ProcessEntry {
  /// The arguments of the process, joined by blanks.
  public var commandLine: String {
    let bytes = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      .joined(separator: " ")
  }

  /// Which of some processes still live when the time is up; sooner when all have ended.
  public static func living(_ pids: [pid_t], after limit: Duration) -> [pid_t] {
    let deadline = Deadline(limit)
    return pids.filter { pid in
      let pidfd = support_pidfd(pid)
      guard pidfd >= 0 else { return false }
      defer { close(pidfd) }
      if poll([(pidfd, POLLIN)], until: deadline).first == true { return false }
      return ProcessEntry(pid: pid).map { !"ZX".contains($0.state) } ?? false
    }
  }
}
