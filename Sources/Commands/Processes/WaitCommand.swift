import Language
import Posix
import Processes
import Session

/// `wait` in all its forms.
enum WaitCommand {
  static let command = Command(
    "wait", "Wait until children have ended, reap them, and yield their records",
    details: """
      A record has the fields pid name exit signal ok elapsed cpu maxrss value. For several \
      processes it is a list of them. Without P it is the next child to end, of those made by \
      fork, spawn, & and process. Waiting again gives the same record.

      A child that has ended stays a zombie until it is waited for, and so does its name.

      A child can wait for its parent: `wait $ppid`. Of that record only `pid` and `name` are \
      known, the rest is null.

      With --ready it waits for what `spawn --ready` says, and yields true. A process that ends before \
      is an error, `failed`, or `peer-died` if a signal ended it, whose field `record` tells how.

      For `a | b &`, which yields the last process, wait waits for all members: `ok` tells \
      whether none failed, and `all` has the record of each.
      """,
    parameters: [Parameter("process", .processes, .rest, "names, handles or pids")],
    flags: [
      Flag("any", nil, "the first of them to end"),
      Flag("all", nil, "all children"),
      .timeout,
      Flag("ok", nil, "throw `failed` unless all ended with status 0"),
      Flag("peek", nil, "do not reap: the child stays a zombie"),
      Flag("ready", nil, "only until it is ready, as spawn --ready says; yields true"),
    ],
    rules: [
      .exclusive(["any", "all", "ready"]), .exclusive(["ok", "ready"]),
      .exclusive(["peek", "ready"]),
    ],
    examples: [
      Example(
        "let p = fork --name worker { exit 3 }\nlet r = wait $p\nprint $r.name $r.exit $r.ok",
        "worker 3 false"),
      Example("fork { 1 }\nfork { 2 }\nprint (wait --all |> map { |r| $r.value })", "[1, 2]"),
      Example(
        "let p = fork { sleep 10 }\ntry { wait $p --timeout 10ms } catch e: timeout { print late }"
          + "\nkill $p\nprint (wait $p).signal", "late\nTERM"),
    ]
  ) { call in
    if call.isSet("ready") { return try ready(call) }
    if call.count == 1, !isList(call[0]), !call.isSet("any"), !call.isSet("all") {
      if let parent = try parent(call) { return try wait(for: parent, call) }
      return try one(process(call[0], 0, call), call)
    }
    let given = try targets(call)
    if call.isSet("all"), given == nil { return try all(call.session.processes.users, call) }
    if let given, !call.isSet("any") { return try all(given, call) }
    return try any(of: given, call)
  }

  /// The processes that a call names; nil if it names none.
  static func named(_ call: borrowing Call) throws -> [ProcessHandle]? { try targets(call) }

  /// The processes that were named; nil if none was.
  private static func targets(_ call: borrowing Call) throws -> [ProcessHandle]? {
    if call.count == 0 { return nil }
    var result: [ProcessHandle] = []
    for index in 0..<call.count {
      let items = isList(call[index]) ? call.list(index) : [call[index]]
      for item in items { result.append(try process(item, index, call)) }
    }
    return result
  }

  private static func process(
    _ value: Value, _ index: Int, _ call: borrowing Call
  ) throws -> ProcessHandle {
    let target = try call.at(index) { try ProcessTarget(value) }
    if let process = target.handle { return process }
    throw call.error(
      .missing, "no child has the pid \(target.pid)", at: index, help: call.session.liveProcesses)
  }

  // MARK: The parent

  /// The parent, if that is meant.
  private static func parent(_ call: borrowing Call) throws -> ParentWatch? {
    let target = try ProcessTarget(call, 0)
    if call.session.processes.child(target.pid) != nil || target.handle?.record != nil {
      return nil
    }
    return ParentWatch(target.pid, call.session)
  }

  private static func wait(for parent: ParentWatch, _ call: borrowing Call) throws -> Value {
    if call.isSet("ok") {
      throw call.error(
        .system, "how process \(parent.pid), the parent of this one, ends cannot be known here",
        flag: "ok", help: "only its own parent is told")
    }
    if try call.session.wait(for: parent, call.interpreter, until: call.deadline) {
      return parent.record
    }
    let name = parent.name.map { "'\($0)' (\(parent.pid))" } ?? "\(parent.pid)"
    throw call.error(
      .timeout,
      "process \(name) has not ended within \(call.timeoutText)")
  }

  // MARK: Until it is ready

  private static func ready(_ call: borrowing Call) throws -> Value {
    let session = call.session
    guard let given = try targets(call), !given.isEmpty else {
      throw call.error(.arity, "'wait --ready' needs a process", help: "as: wait server --ready")
    }
    let deadline = call.deadline
    for process in given {
      let name = "process '\(process.name)' (\(process.pid))"
      guard let readiness = process.readiness else {
        throw call.error(
          .missing, "\(name) was not spawned with --ready, so when it is ready is not known",
          help: "as: spawn --ready listening PROGRAM")
      }
      switch try session.waitUntilReady(process, readiness, call.interpreter, until: deadline) {
      case .ready: continue
      case .timedOut:
        let time = call.timeoutText
        throw call.error(.timeout, "\(name) is not ready within \(time)")
      case .lost:
        throw call.error(
          .system, "what looked at the output of \(name) was ended",
          help: "whether it is ready cannot be known any more")
      case .ended:
        guard let record = try session.wait(for: process, call.interpreter) else { return .null }
        throw call.error(
          record.signal == nil ? .failed : .peerDied,
          "\(name) \(record.phrase) before it was ready", help: record.statusMeaning
        ).amended { $0.payload = record.errorFacts }
      }
    }
    return .bool(true)
  }

  private static func isList(_ value: Value) -> Bool {
    if case .list = value { return true }
    return false
  }

  // MARK: The three ways

  private static func one(_ process: ProcessHandle, _ call: borrowing Call) throws -> Value {
    guard
      let record = try call.session.wait(
        for: process, call.interpreter, until: call.deadline, keepsZombie: call.isSet("peek"))
    else { throw timeout([process], call) }
    try requireOk([record], call)
    // A loop of forks and waits need not make what is not read.
    return call.site.isDiscarded ? .null : record.map
  }

  private static func all(_ processes: [ProcessHandle], _ call: borrowing Call) throws -> Value {
    let deadline = call.deadline
    var records: [WaitRecord] = []
    let (session, interpreter, isPeek) = (call.session, call.interpreter, call.isSet("peek"))
    try session.waitForAll(processes, until: deadline) {
      for process in processes {
        guard
          let record = try session.wait(
            for: process, interpreter, until: deadline, keepsZombie: isPeek)
        else { return }
        records.append(record)
      }
    }
    if records.count < processes.count {
      throw timeout(Array(processes[records.count...]), call)
    }
    try requireOk(records, call)
    return .items(records.map(\.map))
  }

  private static func any(of given: [ProcessHandle]?, _ call: borrowing Call) throws -> Value {
    let session = call.session
    let isPeek = call.isSet("peek")
    guard
      let process = try session.waitAny(
        of: given, call.interpreter, until: call.deadline, keepsZombie: isPeek)
    else { throw timeout(given ?? session.processes.users, call) }
    guard let record = try session.peekRecord(process) else { return .null }
    try requireOk([record], call)
    return record.map
  }

  private static func timeout(
    _ processes: [ProcessHandle], _ call: borrowing Call
  ) -> ErrorObject {
    var seen: Set<Int> = []
    let living = processes.filter {
      $0.record == nil && $0.letter != "Z" && seen.insert($0.id).inserted
    }
    let names = living.prefix(11).map { "\($0.name) (\($0.pid), \($0.word))" }
    let time = call.timeoutText
    return call.error(
      .timeout,
      living.count == 1
        ? "process '\(living[0].name)' (\(living[0].pid)) has not ended within \(time)"
        : "\(living.count) processes have not ended within \(time)",
      help: "still there: " + namesText(names, limit: 10))
  }

  private static func requireOk(_ records: [WaitRecord], _ call: borrowing Call) throws {
    guard call.isSet("ok"), let bad = records.first(where: { !$0.ok }) else { return }
    let culprit = bad.failure ?? bad
    let others = records.count { !$0.ok } - 1
    throw call.error(
      .failed,
      "process '\(culprit.name)' (\(culprit.pid)) \(culprit.phrase)"
        + (others > 0 ? ", and \(others) other\(others > 1 ? "s" : "") failed too" : ""),
      help: [culprit.statusMeaning, "without --ok the record tells how it ended"]
        .compactMap { $0 }.joined(separator: "; ")
    ).amended {
      $0.payload = culprit.errorFacts
      $0.payload["record"] = bad.map
    }
  }
}
