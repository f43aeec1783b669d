import Foundation
import TestSupport
import Testing

/// Each situation in which a process waits, made by Python, and what `brood why` and
/// `brood deadlock` say of it from outside.
@Suite("Situations of processes", .serialized)
struct SituationTests {
  /// What is to be said of a situation.
  struct Case: Sendable, CustomStringConvertible {
    let name: String
    let verdict: String
    /// A part of the text, in lower case or not.
    let text: String
    /// The exit status of `brood deadlock`.
    var status: Int32 = 0
    /// What the text has where no system call can be read; nil where that says the same.
    var guess: String?

    var description: String { name }
    var isStuck: Bool { verdict.contains("stuck") }
  }

  static let cases = [
    Case(name: "pipe_read", verdict: "waiting", text: "reads pipe:[", guess: "reads a pipe"),
    Case(
      name: "pipe_write", verdict: "waiting", text: "writes to pipe:[", guess: "writes to a pipe"),
    Case(name: "socket_read", verdict: "waiting", text: "reads socket:[", guess: "a Unix socket"),
    Case(name: "tcp_read", verdict: "waiting", text: "reads tcp:127.0.0.1:", guess: "TCP"),
    Case(name: "accept", verdict: "waiting", text: "waits for a connection to unix:/"),
    Case(name: "wait_any", verdict: "waiting", text: "waits until one of", guess: "a child"),
    Case(name: "wait_one", verdict: "waiting", text: "to end", guess: "a child"),
    Case(name: "wait_id", verdict: "waiting", text: "to end", guess: "a child"),
    Case(name: "nap", verdict: "waiting", text: "it ends by itself in 59m", guess: "sleeps"),
    Case(name: "pause", verdict: "waiting", text: "waits for a signal", guess: "a signal"),
    Case(name: "sigsuspend", verdict: "waiting", text: "waits for a signal", guess: "a signal"),
    Case(name: "sigwait", verdict: "waiting", text: "waits for USR1", guess: "a signal"),
    Case(name: "semaphore", verdict: "waiting", text: "a semaphore in", guess: "a semaphore"),
    Case(
      name: "mutex", verdict: "probably-stuck", text: "its own memory", status: 3,
      guess: "a semaphore"),
    Case(name: "whole_lock", verdict: "waiting", text: "/lock, held by", guess: "a lock of a file"),
    Case(
      name: "record_lock", verdict: "waiting", text: "/lock, held by", guess: "a lock of a file"),
    Case(name: "open_lock", verdict: "waiting", text: "/lock, held by", guess: "a lock of a file"),
    Case(name: "message", verdict: "waiting", text: "System V queue", guess: "a message"),
    Case(name: "semop", verdict: "waiting", text: "System V semaphore", guess: "System V"),
    Case(name: "posted", verdict: "waiting", text: "POSIX queue", guess: "POSIX queue"),
    Case(name: "poll", verdict: "waiting", text: "reads pipe:[", guess: "descriptors"),
    Case(name: "selects", verdict: "waiting", text: "reads pipe:[", guess: "descriptors"),
    Case(name: "epoll", verdict: "waiting", text: "reads pipe:[", guess: "descriptors"),
    Case(name: "fifo_open", verdict: "waiting", text: "opens the named pipe", guess: "named pipe"),
    Case(name: "eventfd", verdict: "waiting", text: "eventfd", guess: "eventfd"),
    Case(name: "terminal", verdict: "waiting", text: "reads the terminal", guess: "terminal"),
    Case(
      name: "lent_memory", verdict: "waiting", text: "lent its memory to", guess: "lent its memory"),
    Case(name: "running", verdict: "busy", text: "busy: "),
    Case(
      name: "stopped", verdict: "stuck-until-continued", text: "TERM is pending", status: 1,
      guess: "is stopped"),
    Case(name: "zombie", verdict: "ended", text: "ended with status 42; it is a zombie until"),
    // Several that hold each other.
    Case(name: "crossed_pipes", verdict: "probably-stuck", text: "wait for each other", status: 3),
    Case(name: "own_end", verdict: "probably-stuck", text: "waits for itself", status: 3),
    Case(
      name: "join_before_drain", verdict: "probably-stuck", text: "wait for each other", status: 3),
    Case(name: "crossed_locks", verdict: "probably-stuck", text: "wait for each other", status: 3),
    Case(
      name: "crossed_semaphores", verdict: "probably-stuck", text: "a semaphore in", status: 3),
    // Nothing that holds for ever, or not known to.
    Case(name: "bystander", verdict: "waiting", text: "writers: "),
    Case(name: "alarmed", verdict: "unknown", text: "a timer or a signal", status: 3),
    Case(name: "timed", verdict: "waiting", text: "it ends by itself in 59m"),
    Case(name: "in_flight", verdict: "unknown", text: "out of sight", status: 3),
    Case(name: "own_end_in_flight", verdict: "unknown", text: "on their way", status: 3),
    Case(name: "two_threads", verdict: "unknown", text: "another thread", status: 3),
  ]

  static let script = Program.sourceTree.appending(path: "Tests/Situations/situations.py").path

  /// What a situation printed: the pids of its processes and the records.
  struct Told {
    var pids: [Int]
    var records: [[String: Any]]
    var status: Int32
    var errors: String

    /// What is told of the first.
    var text: String { records.first?["text"] as? String ?? "" }
  }

  /// Brings a situation about and asks; nil if it cannot be made on this machine.
  static func ask(
    _ name: String, _ words: [String], hiding: String = ""
  ) throws -> Told? {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    if !hiding.isEmpty { environment["BROOD_PROC_HIDE"] = hiding }
    let output = try run(
      "/usr/bin/env", ["python3", script, name, Program.brood] + words, environment: environment,
      directory: place.path, within: .seconds(60))
    let lines = output.standardOutput.split(separator: "\n")
    guard let first = lines.first, first.hasPrefix("ready ") else {
      // A kernel may be without POSIX queues.
      if output.standardError.contains("no POSIX queues here") { return nil }
      Issue.record("\(name): \(output.standardError)")
      return nil
    }
    let pids = first.split(separator: " ").dropFirst().compactMap { Int($0) }
    let json = lines.first { $0.hasPrefix("[") } ?? "[]"
    let parsed = try JSONSerialization.jsonObject(with: Data(json.utf8))
    let status = lines.last?.split(separator: " ").last.flatMap { Int32($0) } ?? -1
    return Told(
      pids: pids, records: parsed as? [[String: Any]] ?? [], status: status,
      errors: output.standardError)
  }

  @Test(arguments: cases) func whyIsRight(_ wanted: Case) throws {
    guard var told = try Self.ask(wanted.name, ["why", "--json", "PID"]) else { return }
    // What other tests send may raise doubts about what is stuck.
    let limit = Deadline(.seconds(20))
    while wanted.isStuck, told.text.contains("on their way"), !limit.hasPassed {
      told = try Self.ask(wanted.name, ["why", "--json", "PID"]) ?? told
    }
    let record = try #require(told.records.first, "\(told.errors)")
    let text = told.text
    #expect(record["verdict"] as? String == wanted.verdict, "\(text)")
    #expect(text.contains(wanted.text), "\(text)")
    #expect(record["pid"] as? Int == told.pids[1])
    #expect(told.status == 0)
    // Never a wrong holder: the situation's processes alone can wake it.
    let wakers = Set(record["wakers"] as? [Int] ?? [])
    if wanted.name != "wait_any", wanted.name != "lent_memory", wanted.name != "join_before_drain",
      wanted.name != "crossed_semaphores"
    {
      #expect(wakers.isSubset(of: told.pids), "\(text)")
    }
    if told.pids.count > 2, wanted.verdict == "waiting" {
      #expect(wakers.contains(told.pids[2]), "\(text)")
    }
  }

  @Test(arguments: cases) func deadlockIsRight(_ wanted: Case) throws {
    guard var told = try Self.ask(wanted.name, ["deadlock", "--json", "PID"]) else { return }
    // A process that was still on its way into the call is not blocked, and no part of a set; and
    // what other tests send may raise doubts.
    let limit = Deadline(.seconds(20))
    while wanted.isStuck && told.records.isEmpty && !limit.hasPassed {
      told = try Self.ask(wanted.name, ["deadlock", "--json", "PID"]) ?? told
    }
    #expect(told.status == wanted.status, "\(told.records)")
    #expect(told.records.count == (wanted.isStuck ? 1 : 0))
    guard let record = told.records.first else { return }
    #expect(record["verdict"] as? String == wanted.verdict)
    #expect((record["set"] as? [Int] ?? []).contains(told.pids[1]))
  }

  /// What is on its way to a process that has no part in it raises doubts about what a descriptor
  /// leads to, and while it is on its way.
  @Test(arguments: [
    ("mutex:keeps", 1), ("crossed_semaphores:keeps", 1), ("crossed_pipes:keeps", 0),
    ("mutex:receives", 1), ("crossed_semaphores:receives", 1), ("crossed_pipes:receives", 1),
  ])
  func descriptorsOnTheirWayToOthers(_ name: String, _ count: Int) throws {
    var told = try #require(try Self.ask(name, ["deadlock", "--json", "PID"]))
    // A process that was still on its way into the call is not blocked, and no part of a set; a
    // machine with much to do may be slow to receive.
    let limit = Deadline(.seconds(20))
    while count > 0 && told.records.count < count && !limit.hasPassed {
      told = try Self.ask(name, ["deadlock", "--json", "PID"]) ?? told
    }
    #expect(told.records.count == count, "\(told)")
    #expect(told.status == 3, "\(told)")
    let verdicts = told.records.map { $0["verdict"] as? String }
    #expect(verdicts == Array(repeating: "probably-stuck", count: count))
  }

  /// Without system calls nothing is named, and what the kernel's function means is only likely.
  @Test(arguments: cases.filter { $0.guess != nil })
  func whatTheKernelsFunctionTells(_ wanted: Case) throws {
    guard
      let told = try Self.ask(wanted.name, ["why", "--json", "PID"], hiding: "syscall,memory")
    else { return }
    let record = try #require(told.records.first, "\(told.errors)")
    let text = record["text"] as? String ?? ""
    #expect(text.contains(wanted.guess ?? ""), "\(text)")
    #expect(text.contains("may not be read") || wanted.name == "stopped", "\(text)")
    #expect(record["wakers"] as? [Int] == [])
    if wanted.name != "stopped" { #expect(record["verdict"] as? String == "unknown", "\(text)") }
  }

  /// Where nothing at all can be read, nothing is said.
  @Test(arguments: ["pipe_read", "crossed_pipes", "whole_lock"])
  func whatIsHiddenIsNotGuessed(_ name: String) throws {
    for hiding in ["syscall,wchan,fd,memory", "fd", "memory,fd"] {
      guard let told = try Self.ask(name, ["why", "--json", "PID"], hiding: hiding) else { return }
      let record = try #require(told.records.first, "\(told.errors)")
      #expect(record["verdict"] as? String == "unknown", "\(hiding): \(record)")
      #expect(record["wakers"] as? [Int] == [], "\(hiding)")
    }
  }

  /// The printed way out frees what was stuck.
  @Test(arguments: [
    "crossed_pipes", "own_end", "join_before_drain", "crossed_locks", "crossed_semaphores", "mutex",
    "stopped",
  ])
  func theWayOutFrees(_ name: String) throws {
    let command = """
      # It may have said that it is ready and not sleep yet.
      i=0
      until [ -n "$fix" ]; do
        fix=$(\(Program.brood) why PID | sed -n 's/^to go on: \\([^(]*\\).*/\\1/p')
        i=$((i + 1)); [ $i -lt 50 ] || exit 9
      done
      eval "$fix"
      i=0
      while ! \(Program.brood) deadlock --json PID | grep -qx '\\[\\]'; do
        i=$((i + 1)); [ $i -lt 50 ] || exit 8; sleep 0.1
      done
      """
    let place = try TemporaryDirectory()
    let output = try run(
      "/usr/bin/env",
      [
        "python3", Self.script, name, "sh", "-c",
        "set -- \"$1\"\n" + command.replacing("PID", with: "\"$1\""), "sh", "PID",
      ],
      environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(60))
    #expect(output.standardOutput.hasSuffix("status 0\n"), "\(output)")
  }

  /// Programs of Brood that stand still, asked from another shell: names, lines, and a way out.
  @Test(arguments: [
    (
      """
      lock new a; lock new b; barrier new met 2
      let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
      let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
      wait $p $q
      """,
      [
        "stuck: p and q wait for each other", "wants lock b, held by q",
        "demo.brood:2: lock acquire b", "demo.brood:3: lock acquire a",
        "waits for p (⟨pid⟩) and q (⟨pid⟩) to end", "demo.brood:4: wait p q",
        "is free then, and ", "in the text: take both locks in the same order everywhere",
      ]
    ),
    (
      """
      lock new m; barrier new met 2
      let h = fork --name holder { lock acquire m; barrier wait met; sleep 3s }
      barrier wait met
      stop $h
      lock acquire m
      """,
      [
        "stuck until a stopped process is continued: holder is stopped, and brood waits for it",
        "wants lock m, held by holder", "to go on: kill -CONT ",
      ]
    ),
    // The stopped one has what it slept for: it waits for nothing but to be continued.
    (
      """
      lock new m; barrier new met 2
      let h = fork --name holder { lock acquire m; barrier wait met; sleep 3s }
      while (len (barrier list)[0].arrived) == 0 { sleep 5ms }
      stop $h
      barrier wait met
      lock acquire m
      """,
      [
        "stuck until a stopped process is continued: holder is stopped, and brood waits for it",
        "wants lock m, held by holder", "to go on: kill -CONT ",
      ]
    ),
    (
      """
      let c = fork --name program { ^python3 -c "import os; r, w = os.pipe(); os.read(r, 1)" }
      wait $c
      """,
      ["probably stuck: python3", "waits for itself", "to go on: kill "]
    ),
  ])
  func sessionsAreNamed(_ script: String, _ wanted: [String]) throws {
    let text = """
      cat > demo.brood <<'END'
      \(script)
      END
      brood demo.brood > log 2>&1 & pid=$!
      i=0
      until brood deadlock $pid > told; grep -qF '\(wanted[0])' told; do
        i=$((i + 1)); [ $i -lt 100 ] || { cat told log; exit 9; }; sleep 0.1
      done
      cat told
      eval "$(sed -n 's/^to go on: \\([^(]*\\).*/\\1/p' told)"
      i=0
      while brood deadlock $pid > told; [ $? != 0 ] && kill -0 $pid 2> /dev/null; do
        i=$((i + 1)); [ $i -lt 100 ] || { cat told log; exit 8; }; sleep 0.1
      done
      wait $pid
      echo ended
      """
    let output = try runBash(text, within: .seconds(60))
    #expect(output.standardOutput.hasSuffix("ended\n"), "\(output.standardOutput)")
    let told = output.standardOutput.replacing(try Regex("\\([0-9]+\\)"), with: "(⟨pid⟩)")
    for part in wanted { #expect(told.contains(part), "\(told)") }
  }

  /// A /proc of another pid namespace shows other processes under the same numbers.
  @Test func anotherNamespaceIsNotAsked() throws {
    let place = try TemporaryDirectory()
    for (words, status) in [(["why", "1"], 2), (["deadlock"], 3)] as [([String], Int32)] {
      let output = try run(
        "/usr/bin/unshare", ["-pf", "--map-root-user", Program.brood] + words,
        environment: Program.environment(home: place.path), directory: place.path)
      // Where namespaces are not for everybody there is nothing to try.
      if output.standardError.hasPrefix("unshare:") { continue }
      #expect(output.standardOutput.contains("another pid namespace"), "\(output)")
      #expect(output.status == .exited(status), "\(output)")
    }
  }

  @Test func theCommandLineSaysWhatIsWrong() throws {
    let place = try TemporaryDirectory()
    for words in [
      ["why"], ["why", "x"], ["why", "--flag", "1"], ["who"], ["who", "word"], ["who", "pipe:1"],
      ["deadlock", "0"], ["who", "a:b"],
    ] {
      let output = try run(
        Program.brood, words, environment: Program.environment(home: place.path),
        directory: place.path)
      #expect(output.status == .exited(2), "\(words): \(output.standardError)")
      #expect(output.standardError.hasPrefix("error"), "\(words): \(output.standardError)")
      #expect(output.standardOutput.isEmpty)
    }
  }
}
