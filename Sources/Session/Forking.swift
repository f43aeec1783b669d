import CPosix
import Channels
import Glibc
import Language
import Posix
import Processes

/// How a process is to be made.
public struct ForkOptions {
  /// Its name; nil for one that Brood chooses.
  public var name: String?
  /// What a chosen name begins with.
  public var prefix = "fork"
  public var kind = ProcessKind.fork
  /// What it runs, for reports.
  public var work: ProcessWork
  /// Ended with the session instead of joined.
  public var isDaemon = false
  /// Outlives the session.
  public var isDetached = false
  /// A pool's worker, which only does what this process tells it: the pool's number; 0 for none.
  var pool: Int32 = 0
  public var nice: Int32?
  /// The priority that it has at first, where another is wanted.
  var inheritedNice: Int32?
  /// The process group: nil stays in ours, 0 makes a new one, else joins that one.
  public var group: Int32?
  /// It becomes a program at once, and has no channels but those that are redirected to it.
  public var isForProgram = false
  /// Runs in the child before its work: redirections, pipes.
  public var prepare: (() throws -> Void)?
  /// What holds the name already and hands it over, as an object of `process new`.
  public var nameHolder: Handle?

  public init(name: String? = nil, kind: ProcessKind = .fork, command: String = "") {
    self.name = name
    self.kind = kind
    work = .program(command)
  }

  /// For a block or function.
  public init(name: String? = nil, running function: Value) {
    self.name = name
    work = .function(function)
  }
}

extension Session {
  /// Forks a child that runs `body` and ends; yields it in the parent.
  ///
  /// What `body` yields is what `wait` will give; a report is printed too.
  public func fork(
    _ options: ForkOptions, _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> ProcessHandle {
    var options = options
    var terminal: Int32?
    if isInteractive,
      options.kind == .fork || options.kind == .helper
        || options.kind == .spawn && !options.isDetached
    {
      // A job of its own, so that Ctrl-C does not reach it.
      if options.group == nil { options.group = 0 }
      if !options.isDetached { terminal = try hooks.backgroundOutput?.open() }
    }
    do {
      let ticket = try takeTicket(
        name: options.name, prefix: options.prefix, holder: options.nameHolder)
      if options.nice != nil { options.inheritedNice = try? Process.niceness(of: 0) }
      let parent = options.isDaemon ? Process.pid : 0
      let process = ProcessHandle(ticket, options)
      let pid = try forkNow(
        process, pool: options.pool, isForProgram: options.isForProgram)
      if pid == 0 {
        runChild(options, ticket, parent: parent, terminal: terminal, interpreter, body)
      }
      started(process, pid: pid, group: options.group)
      // The child does the same, and reports a failure; here so that it holds when fork yields.
      if let nice = options.nice { try? Process.setNiceness(of: pid, to: nice) }
      if let terminal { hooks.backgroundOutput?.attach(terminal, to: process) }
      return process
    } catch {
      if let terminal { hooks.backgroundOutput?.abandon(terminal) }
      throw error
    }
  }

  /// Forks a child that goes on with the program: nil in the child, the process in the parent.
  public func forkClassic(_ interpreter: Interpreter) throws -> ProcessHandle? {
    var options = ForkOptions(command: "fork")
    let wasInteractive = isInteractive
    if wasInteractive { options.group = 0 }
    let terminal = wasInteractive ? try hooks.backgroundOutput?.open() : nil
    let ticket: SpawnTicket
    let process: ProcessHandle
    let pid: Int32
    do {
      ticket = try takeTicket(name: nil, prefix: "fork")
      process = ProcessHandle(ticket, options)
      pid = try forkNow(process)
    } catch {
      if let terminal { hooks.backgroundOutput?.abandon(terminal) }
      throw error
    }
    if pid > 0 {
      started(process, pid: pid, group: options.group)
      if let terminal { hooks.backgroundOutput?.attach(terminal, to: process) }
      return process
    }
    becomeChild(ticket.slot)
    endsAfterText = wasInteractive
    if options.group != nil { try? joinGroup(0) }
    if let terminal { try? writeTo(terminal) }
    return nil
  }

  private func forkNow(
    _ process: ProcessHandle, pool: Int32 = 0, isForProgram: Bool = false
  ) throws -> Int32 {
    enter(process)
    do {
      try output.flush()
      if let slot = process.slot {
        slots?.describe(slot, process.work)
        if process.isDetached { slots?.detach(slot) }
        if pool != 0 { Peers.note(worker: slot, of: pool) }
        let place = placeOfWait
        if place != 0 {
          brood_slot_note_fork(
            slot.place.number, UInt32(truncatingIfNeeded: place >> 32),
            UInt32(truncatingIfNeeded: place))
        }
        if isForProgram { hooks.willSpawn?(slot) } else { channels.admit(slot) }
      }
      guard let gate = Gate.current else {
        return try forkBare(number: processes.takeForkNumber())
      }
      if gate.isLoose, isForProgram || process.kind != .fork && process.kind != .background {
        let pid = try forkBare(number: processes.takeForkNumber())
        if pid == 0 { gate.close(isInherited: true) }
        return pid
      }
      return try gate.fork { try forkBare(number: processes.takeForkNumber()) }
    } catch {
      leave(process)
      guard let error = error as? SystemError else { throw error }
      throw error.asError("cannot fork")
    }
  }

  /// Takes a process into the tables, before it is made.
  private func enter(_ process: ProcessHandle) {
    names.take(process.name, for: process)
    processes.add(process)
  }

  /// Takes a process out of the tables.
  func leave(_ process: ProcessHandle) {
    if let slot = process.slot { slots?.free(slot) }
    names.release(process.name, of: process)
    processes.remove(process)
  }

  /// In the parent, once a process was made.
  private func started(_ process: ProcessHandle, pid: Int32, group: Int32?) {
    process.givenPid = pid
    if Recorder.isOn { Recorder.write(.fork, other: pid, hasPlace: true, process.name) }
    if let slot = process.slot { slots?.fill(slot, pid: pid) }
    // The child does so too, but this process may end before it has.
    if process.isDetached, Guardian.isMarked, !Gate.endsWithRun { try? Guardian.detach(pid) }
    guard let group else { return }
    process.group = group == 0 ? pid : group
    // The child does the same, and one of the two comes first.
    try? Process.setGroup(of: pid, to: process.group)
  }

  /// Takes a process that exists into the tables.
  func enter(_ process: ProcessHandle, pid: Int32) {
    process.givenPid = pid
    if Recorder.isOn, process.kind == .spawn {
      Recorder.write(.spawn, other: pid, hasPlace: true, process.name)
    }
    if let slot = process.slot {
      if process.isDetached { slots?.detach(slot) }
      slots?.fill(slot, pid: pid)
    }
    enter(process)
  }
}
