import Foundation
import TestSupport
import Testing

/// System calls that the kernel refuses: a program's output is right then, or it tells an error.
///
/// strace(1) first counts which calls each of `Tests/Faults` makes, then refuses one of them, the
/// Nth of each process. The ordinary run tries 300 of the possible ones, all with `--long`.
@Suite("Refused system calls")
struct FaultInjectionTests {
  /// A call that is refused.
  struct Fault: CustomStringConvertible {
    let script: String
    let call: String
    let error: String
    let number: Int

    var description: String { "\(script).brood, \(call) number \(number) gives \(error)" }
  }

  /// The errors that each call can give.
  ///
  /// What is not here cannot fail, or not so that anything could be done: strace leaves the
  /// descriptor of a refused `close` open, and `exit` is never refused.
  static let errors: [String: [String]] = {
    let descriptors = ["EMFILE", "ENFILE", "ENOMEM"]
    var all: [String: [String]] = [
      "dup": ["EMFILE", "EINTR"], "fcntl": ["EMFILE", "ENOMEM"],
      "mmap": ["ENOMEM", "EAGAIN", "ENFILE"], "mremap": ["ENOMEM"], "ftruncate": ["ENOSPC", "EIO"],
      "fallocate": ["ENOSPC", "EIO", "EINTR"], "epoll_ctl": ["ENOMEM", "ENOSPC"],
      "epoll_pwait": ["EINTR"], "ppoll": ["EINTR", "ENOMEM"], "poll": ["EINTR", "ENOMEM"],
      "read": ["EINTR", "EIO", "ENOMEM"], "write": ["EINTR", "ENOSPC", "EIO"],
      "pread64": ["EINTR", "EIO", "ENOMEM"], "pwrite64": ["EINTR", "ENOSPC", "EIO"],
      "writev": ["EINTR", "ENOSPC", "EIO"], "sendmsg": ["ENOBUFS", "EINTR", "ETOOMANYREFS"],
      "sendto": ["ENOBUFS", "ENOMEM", "EINTR"], "recvmsg": ["ENOMEM", "EINTR"],
      "recvfrom": ["ENOMEM", "EINTR"], "splice": ["ENOMEM", "EINTR"],
      "setpgid": ["EPERM", "ESRCH"],
      "prlimit64": ["EPERM"], "getdents64": ["EIO", "ENOMEM"],
      "newfstatat": ["EIO", "ENOMEM"], "execve": ["ENOMEM", "EACCES", "ENFILE"],
      "bind": ["ENOMEM", "EACCES"], "connect": ["ENOMEM", "ECONNREFUSED"],
      "accept4": ["EMFILE", "ENOMEM", "EINTR"], "mlock": ["ENOMEM", "EAGAIN"],
      "mprotect": ["ENOMEM"], "madvise": ["EAGAIN"], "ioctl": ["ENOTTY"], "getcwd": ["ENOMEM"],
      "unlink": ["EIO", "EACCES"], "kill": ["EPERM"], "pidfd_send_signal": ["EPERM", "ENOMEM"],
      "waitid": ["EINTR"], "wait4": ["EINTR"], "getrandom": ["EINTR"], "clock_nanosleep": ["EINTR"],
      "sched_getaffinity": ["EPERM"], "close_range": ["ENOMEM"], "process_vm_readv": ["EPERM"],
    ]
    for call in [
      "openat", "socket", "socketpair", "pipe2", "eventfd2", "memfd_create", "epoll_create1",
      "timerfd_create", "pidfd_open",
    ] {
      all[call] = descriptors
    }
    for call in ["dup2", "dup3"] { all[call] = ["EMFILE", "EINTR", "EBUSY"] }
    for call in ["clone", "clone3", "fork", "vfork"] { all[call] = ["EAGAIN", "ENOMEM"] }
    return all
  }()

  static let directory = Program.sourceTree.appending(path: "Tests/Faults")
  static let scripts: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return names.filter { $0.hasSuffix(".brood") }.map { String($0.dropLast(6)) }.sorted()
  }()

  /// Whether strace may trace here; it may not in some containers.
  static let canTrace =
    (try? runBash("strace -f --seccomp-bpf -o trace -e trace=execve true", within: .seconds(10)))?
    .status == .exited(0)

  /// Which part of the faults a run tries; printed, so that it can be had again.
  static let seed: UInt64 =
    ProcessInfo.processInfo.environment["BROOD_TEST_SEED"].flatMap { UInt64($0) }
    ?? UInt64.random(in: 0..<1_000_000)

  /// A run of a script under strace, whose flags these are.
  private struct Traced {
    let output: Output
    let trace: String
  }

  private static func run(
    _ script: String, _ flags: [String], within limit: Duration
  ) throws -> Traced {
    let place = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: "\(place.path)/work", withIntermediateDirectories: true)
    let text = try String(
      contentsOf: directory.appending(path: "\(script).brood"), encoding: .utf8)
    try place.write(text, to: "\(script).brood")
    let output = try TestSupport.run(
      "/usr/bin/env",
      ["strace", "-f", "-o", "../trace"] + flags
        + [Program.brood, "../\(script).brood"],
      environment: Program.environment(home: place.path), directory: "\(place.path)/work",
      within: limit)
    let trace = (try? Data(contentsOf: URL(filePath: "\(place.path)/trace"))) ?? Data()
    return Traced(output: output, trace: String(decoding: trace, as: UTF8.self))
  }

  /// What a script prints when nothing is refused, and every fault that it can meet.
  private static func survey(_ script: String) throws -> (lines: [String], faults: [Fault]) {
    let counted = try run(script, ["-c"], within: .seconds(60))
    try #require(counted.output.status == .exited(0), "\(script): \(counted.output)")
    var faults: [Fault] = []
    for line in counted.trace.split(separator: "\n") {
      // % time, seconds, usecs/call, calls, errors, syscall
      let fields = line.split(separator: " ")
      guard fields.count >= 5, let count = Int(fields[3]), let call = fields.last.map(String.init)
      else { continue }
      for error in errors[call] ?? [] {
        // The first execve is that of the shell itself; the loader crashes at its first mmap.
        let first = ["execve", "mmap"].contains(call) ? 2 : 1
        for number in first..<max(first, min(count, 40) + 1) {
          faults.append(Fault(script: script, call: call, error: error, number: number))
        }
      }
    }
    return (sorted(counted.output.standardOutput), faults)
  }

  private static func sorted(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).sorted()
  }

  /// Signals that ended a process of Brood itself: not one that runs another program by then.
  private static func crashes(_ trace: String) -> [String] {
    var programs: Set<Substring> = []
    var found: [String] = []
    var isFirst = true
    for line in trace.split(separator: "\n") {
      let pid = line.prefix { $0 != " " }
      if line.contains("execve("), line.hasSuffix("= 0") {
        if !isFirst { programs.insert(pid) }
        isFirst = false
      }
      let signals = ["SIGSEGV", "SIGILL", "SIGABRT", "SIGTRAP", "SIGBUS", "SIGFPE"]
      if !programs.contains(pid), signals.contains(where: { line.contains("killed by \($0)") }) {
        found.append(String(line))
      }
    }
    return found
  }

  /// Says what was wrong, nil if all is well.
  private static func attempt(_ fault: Fault, _ expected: [String]) throws -> String? {
    let traced = try run(
      fault.script,
      [
        "--seccomp-bpf", "-e", "trace=execve,\(fault.call)", "-e",
        "inject=\(fault.call):error=\(fault.error):when=\(fault.number)",
      ], within: .seconds(30))
    let output = traced.output
    let told = output.standardError
    func wrong(_ what: String) -> String {
      let refused = traced.trace.split(separator: "\n").first { $0.contains("(INJECTED)") } ?? ""
      return "\(fault): \(what)\n\(refused)\nout: \(output.standardOutput)\nerror: \(told)"
    }
    guard let status = output.status else { return wrong("it did not end") }
    let crashes = crashes(traced.trace)
    if !crashes.isEmpty { return wrong("it crashed: \(crashes)") }
    if !output.leftBehind.isEmpty { return wrong("it left \(output.leftBehind)") }
    if status == .exited(0), sorted(output.standardOutput) == expected { return nil }
    return told.isEmpty ? wrong("\(status), and not a word about it") : nil
  }

  @Test(
    .enabled(if: FaultInjectionTests.canTrace, "strace may not trace here"), arguments: [0, 1])
  func eachIsMetOrTold(_ half: Int) throws {
    var random = Generator(state: FaultInjectionTests.seed)
    var surveys: [String: [String]] = [:]
    var faults: [Fault] = []
    for script in FaultInjectionTests.scripts {
      let (lines, found) = try FaultInjectionTests.survey(script)
      surveys[script] = lines
      faults += found
    }
    #expect(faults.count > 1000)
    if !Program.runsLongTests {
      faults = Array(faults.shuffled(using: &random).prefix(300))
    }
    if half == 0 {
      print("refused system calls: \(faults.count), seed \(FaultInjectionTests.seed)")
    }
    for (i, fault) in faults.enumerated() where i % 2 == half {
      guard let problem = try FaultInjectionTests.attempt(fault, surveys[fault.script] ?? []) else {
        continue
      }
      Issue.record(Comment(rawValue: problem))
    }
  }

  /// A call that is refused from some time on is not tried for ever: what cannot be done ends in an
  /// error that says why.
  @Test(
    .enabled(if: FaultInjectionTests.canTrace, "strace may not trace here"),
    arguments: [
      ("sendmsg", "ETOOMANYREFS", 2), ("sendmsg", "ETOOMANYREFS", 4), ("recvmsg", "ENOMEM", 2),
      ("recvmsg", "ENOMEM", 4),
    ])
  func aPoolDoesNotTryForEver(_ call: String, _ error: String, _ number: Int) throws {
    let traced = try FaultInjectionTests.run(
      "pool",
      [
        "--seccomp-bpf", "-e", "trace=execve,\(call)", "-e",
        "inject=\(call):error=\(error):when=\(number)+",
      ], within: .seconds(120))
    #expect(traced.output.status == .exited(1))
    #expect(traced.output.standardError.contains(error), "\(traced.output)")
    #expect(traced.output.leftBehind.isEmpty)
  }

  /// splitmix64 (Steele, Lea, Flood, 2014).
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
