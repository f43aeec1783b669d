import Glibc
import Language
import Posix
import Processes
import Session

/// Stopping, continuing and ending processes.
enum StopCommands {
  static let stop = Command(
    "stop", "Stop processes (STOP): they keep all they have, and do nothing",
    details: "`continue` lets them go on. A child is stopped when the command returns.",
    parameters: [first, more],
    examples: [
      Example(
        "let p = fork { sleep 10 }\nstop $p\nprint (state $p)\ncontinue $p\nkill $p\nwait $p",
        "T stopped")
    ]
  ) { call in
    for (target, index) in try targets(call) {
      try call.at(index) { try SignalDelivery.send(.stop, to: target) }
      // Only a parent is told.
      guard let process = call.session.processes.child(target.pid) else { continue }
      // The kernel stops it when it next runs; a moment is enough unless the disk blocks it.
      _ = try call.session.pause(call.interpreter, until: Clock.deadline(after: 1_000_000_000)) {
        "TZX".contains(process.letter)
      }
    }
    return .null
  }

  /// The pids of the processes that a call names.
  static func pids(_ call: borrowing Call) throws -> [Int32] {
    try targets(call).map { $0.0.pid }
  }

  static let resume = Command(
    "continue", "Resume stopped processes (CONT)", parameters: [first, more],
    examples: [
      Example("let p = fork { 7 }\nstop $p\ncontinue $p\nprint (wait $p).exit", "0")
    ]
  ) { call in
    for (target, index) in try targets(call) {
      try call.at(index) { try SignalDelivery.send(.cont, to: target) }
      if let process = call.session.processes.child(target.pid) {
        try waitUntilContinued([process], call)
      }
    }
    return .null
  }

  /// Takes the news that children go on, so that it does not come later as if it were none of ours.
  static func waitUntilContinued(_ processes: [ProcessHandle], _ call: borrowing Call) throws {
    if call.session.handlers.blocked.contains(.chld) { return }
    // One that stops again at once, as `bg vim` does, is not waited for.
    _ = try call.session.pause(call.interpreter, until: Clock.deadline(after: 100_000_000)) {
      processes.allSatisfy { $0.stoppedBy == nil || $0.record != nil || "ZX".contains($0.letter) }
    }
  }

  static let terminate = Command(
    "terminate", "End processes: TERM, and KILL for those that do not obey in time",
    details: """
      A child becomes a zombie, for `wait` to reap. What a process has started lives on and keeps \
      what it has open, as the port of a service; --tree ends that too.
      """,
    parameters: [first, more],
    flags: [
      Flag("grace", .duration, "how long they have to obey; 2s by default"),
      Flag("tree", nil, "the processes and all their descendants"),
    ],
    examples: [
      Example(
        "event new deaf\nlet p = fork { signal ignore TERM; event set deaf; sleep 10 }\nevent wait deaf\n"
          + "terminate $p --grace 50ms\n"
          + "print (wait $p).signal", "KILL"),
      Example(
        "let p = spawn --name service sh -c \"sleep 10 & wait\"\n"
          + "terminate --tree $p\nprint (wait $p).signal", "TERM"),
    ]
  ) { call in
    let targets = try targets(call)
    let isTree = call.isSet("tree")
    try call.session.output.flush()
    let ending = EndOfOthers(call.session)
    defer { ending.close() }
    for (target, index) in targets { try call.at(index) { try ending.watch(target.pid) } }
    var problem: ErrorObject?
    for (target, index) in targets {
      try call.at(index) {
        let found = try terminate(target, isTree, ending, call)
        problem = problem ?? found.map { call.at(index, $0) }
      }
    }
    let grace = Int64(call.nanoseconds("grace") ?? 2_000_000_000)
    if try !call.session.pause(
      call.interpreter, until: Clock.deadline(after: grace), done: { ending.isOver })
    {
      try force(isTree, ending, call)
    }
    if let problem { throw problem }
    return .null
  }

  /// Yields what went wrong with some of its descendants.
  private static func terminate(
    _ target: ProcessTarget, _ isTree: Bool, _ ending: EndOfOthers, _ call: borrowing Call
  ) throws -> ErrorObject? {
    if !isTree {
      try SignalDelivery.send(.term, to: target)
      try? Process.send(.cont, to: target.pid)
      return nil
    }
    let outcome = try SignalDelivery.sendToTree(of: target, .term, call) { try ending.watch($0) }
    for pid in outcome.members where pid != Process.pid {
      if outcome.refused.contains(pid) {
        ending.forget(pid)
      } else {
        try? Process.send(.cont, to: pid)
      }
    }
    return outcome.problem
  }

  /// KILL for those that live.
  private static func force(
    _ isTree: Bool, _ ending: EndOfOthers, _ call: borrowing Call
  ) throws {
    if isTree {
      var tree = TreeSignal(.kill)
      do {
        try tree.reach(ending.living) { try ending.watch($0) }
      } catch let error as SystemError {
        throw error.asError("cannot look for descendants, to send them KILL")
      }
      for (pid, _) in tree.refused { ending.forget(pid) }
    } else {
      for pid in ending.living { try? Process.send(.kill, to: pid) }
    }
    if try call.session.pause(
      call.interpreter, until: Clock.deadline(after: StopCommands.patience), done: { ending.isOver }
    ) {
      return
    }
    let left = ending.living.sorted()
    throw ErrorObject(
      .timeout,
      "\(left.count == 1 ? "process" : "processes") \(left.map { "\($0)" }.joined(separator: ", ")) "
        + "\(left.count == 1 ? "has" : "have") not ended 5s after KILL",
      help: "such a process waits within the kernel, as for a disk: why \(left.first ?? 0)",
      location: call.location)
  }

  /// How long a process may take to die of KILL on a busy machine (ns).
  private static let patience: Int64 = 5_000_000_000

  private static let first = Parameter("process", .processes, .required, "name, handle or pid")
  private static let more = Parameter("more", .processes, .rest)

  /// The processes meant, each with the argument that it came from.
  private static func targets(
    _ call: borrowing Call
  ) throws -> [(target: ProcessTarget, index: Int)] {
    var result: [(target: ProcessTarget, index: Int)] = []
    for index in 0..<call.count {
      var items = [call[index]]
      if case .list(let list) = call[index] { items = list.items }
      for item in items {
        let target = try call.at(index) { try ProcessTarget(item) }
        try call.at(index) { try target.requireSingle() }
        result += target.withMembers.map { ($0, index) }
      }
    }
    return result
  }
}

/// Tells when processes have ended that need not be children, by their pidfds.
private final class EndOfOthers {
  private var watched: [Int32: (descriptor: Int32, watch: Watch)] = [:]
  private let session: Session

  init(_ session: Session) { self.session = session }

  /// Watches a process, too; one that is gone already needs no watching.
  func watch(_ pid: Int32) throws {
    if watched[pid] != nil { return }
    do throws(SystemError) {
      try add(pid)
    } catch {
      if error.code != ESRCH { throw error.asError("cannot watch process \(pid)") }
    }
  }

  /// Does not wait for a process any more.
  func forget(_ pid: Int32) {
    guard let entry = watched.removeValue(forKey: pid) else { return }
    session.loop.remove(entry.watch)
    Descriptors.close(entry.descriptor)
  }

  private func add(_ pid: Int32) throws(SystemError) {
    let descriptor = OwnedDescriptor(try Process.descriptor(of: pid))
    let watch = try session.loop.watchExit(descriptor.number) { [weak self] in self?.ended(pid) }
    watched[pid] = (descriptor.release(), watch)
  }

  private func ended(_ pid: Int32) {
    if let entry = watched.removeValue(forKey: pid) { Descriptors.close(entry.descriptor) }
  }

  var living: [Int32] { Array(watched.keys) }

  var isOver: Bool { watched.isEmpty }

  func close() {
    for entry in watched.values {
      session.loop.remove(entry.watch)
      Descriptors.close(entry.descriptor)
    }
    watched = [:]
  }
}
