import Glibc
import Language
import Posix

/// How a process is to be made.
public struct ForkOptions {
  /// Its name; nil for one that Brood chooses.
  public var name: String?
  /// What a chosen name begins with.
  public var prefix = "fork"
  public var kind = ProcessKind.fork
  /// What it runs, for reports.
  public var command = ""
  /// Ended with the session instead of joined.
  public var isDaemon = false
  /// Outlives the session.
  public var isDetached = false
  public var nice: Int32?
  /// The process group: nil stays in ours, 0 makes a new one, else joins that one.
  public var group: Int32?
  /// Runs in the child before its work: redirections, pipes.
  public var prepare: (() throws -> Void)?
  /// What holds the name already and hands it over, as an object of `process new`.
  public var nameHolder: Handle?

  public init(name: String? = nil, kind: ProcessKind = .fork, command: String = "") {
    self.name = name
    self.kind = kind
    self.command = command
  }
}

extension Session {
  /// Forks a child that runs `body` and ends; yields it in the parent.
  ///
  /// A report that `body` yields is printed, any other value is what `wait` will give.
  public func fork(
    _ options: ForkOptions, _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> ProcessHandle {
    var options = options
    var terminal: Int32?
    if isInteractive, options.kind == .fork {
      // A job of its own, so that Ctrl-C does not reach it.
      if options.group == nil { options.group = 0 }
      if !options.isDetached { terminal = try backgroundOutput?.open() }
    }
    do {
      let ticket = try takeTicket(
        name: options.name, prefix: options.prefix, holder: options.nameHolder)
      let parent = options.isDaemon ? Process.pid : 0
      let pid = try forkNow(ticket)
      if pid == 0 {
        runChild(options, ticket, parent: parent, terminal: terminal, interpreter, body)
      }
      let process = forked(pid, ticket, options)
      if let terminal { backgroundOutput?.attach(terminal, to: process) }
      return process
    } catch {
      if let terminal { backgroundOutput?.abandon(terminal) }
      throw error
    }
  }

  /// Forks a child that goes on with the program: nil in the child, the process in the parent.
  public func forkClassic(_ interpreter: Interpreter) throws -> ProcessHandle? {
    let ticket = try takeTicket(name: nil, prefix: "fork")
    var options = ForkOptions(command: "fork")
    if isInteractive { options.group = 0 }
    let pid = try forkNow(ticket)
    if pid > 0 { return forked(pid, ticket, options) }
    let wasInteractive = isInteractive
    becomeChild(ticket.slot)
    endsAfterText = wasInteractive
    if options.group != nil { try? Process.setGroup(of: 0, to: 0) }
    return nil
  }

  private func forkNow(_ ticket: SpawnTicket) throws -> Int32 {
    do {
      try output.flush()
      return try forkBare()
    } catch {
      abandon(ticket)
      guard let error = error as? SystemError else { throw error }
      throw error.asError("cannot fork")
    }
  }

  /// In the parent, after a fork.
  private func forked(
    _ pid: Int32, _ ticket: SpawnTicket, _ options: ForkOptions
  ) -> ProcessHandle {
    var group: Int32 = 0
    if let wanted = options.group {
      group = wanted == 0 ? pid : wanted
      // The child does the same; whoever comes first.
      try? Process.setGroup(of: pid, to: group)
    }
    return enter(ticket, pid: pid, options, group: group)
  }

  func enter(
    _ ticket: SpawnTicket, pid: Int32, _ options: ForkOptions, group: Int32
  ) -> ProcessHandle {
    if let slot = ticket.slot { slots?.fill(slot, pid: pid) }
    let process = ProcessHandle(
      id: ticket.id, pid: pid, name: ticket.name, kind: options.kind, command: options.command,
      group: group, isDaemon: options.isDaemon, isDetached: options.isDetached,
      slot: ticket.slot, session: self)
    names.take(ticket.name, for: process)
    processes.add(process)
    return process
  }
}
