import Glibc
import Language
import Posix
import Processes

/// The right to make one process: its name, and its place below the limit.
public struct SpawnTicket {
  public let name: String
  /// Its place in the session's table.
  public let slot: SlotID?
  let id: Int
  /// Before the process exists, so that it cannot have run for longer.
  let startedAt = Clock.monotonic
}

extension Session {
  /// To be called before a program is started: starts the guardian, flushes, checks the limit.
  ///
  /// - Parameters:
  ///   - name: as the user gave it; nil for one made of `prefix`.
  ///   - command: the program with its arguments, for reports.
  public func prepareSpawn(
    name: String?, prefix: String, command: String
  ) throws -> SpawnTicket {
    let ticket = try takeTicket(name: name, prefix: prefix)
    if let slot = ticket.slot {
      slots?.describe(slot, .program(command))
      hooks.willSpawn?(slot)
    }
    do {
      try output.flush()
    } catch {
      abandon(ticket)
      throw error
    }
    return ticket
  }

  /// Takes a program that was started into the table of children.
  ///
  /// - Parameter pidfd: a private descriptor, which the process owns from now on; -1 for none.
  public func register(
    _ ticket: SpawnTicket, pid: Int32, pidfd: Int32, command: String, kind: ProcessKind,
    group: Int32 = 0, isDetached: Bool = false, isDaemon: Bool = false
  ) -> ProcessHandle {
    var options = ForkOptions(kind: kind, command: command)
    options.isDetached = isDetached
    options.isDaemon = isDaemon
    let process = ProcessHandle(ticket, options)
    process.group = group
    enter(process, pid: pid)
    // The pid of an unreaped child is as good, and thousands of descriptors are not.
    Descriptors.close(pidfd)
    return process
  }

  /// Gives back what `prepareSpawn` reserved when the program could not be started.
  public func abandon(_ ticket: SpawnTicket) {
    if let slot = ticket.slot { slots?.free(slot) }
  }

  func takeTicket(name: String?, prefix: String, holder: Handle? = nil) throws -> SpawnTicket {
    if let name, holder == nil || names[name] !== holder { try names.check(name) }
    try startGuardian()
    var slot: SlotID?
    if let slots {
      do throws(SystemError) {
        slot = try slots.reserve(isNested: isChild)
      } catch {
        throw error.code == EDQUOT ? limitError(slots.limit) : error.asError("cannot fork")
      }
    }
    let id = processes.takeID()
    let name = name ?? names.unused("\(prefix)\(id)")
    if let slot { slots?.name(slot, name) }
    return SpawnTicket(name: name, slot: slot, id: id)
  }

  private func limitError(_ limit: Int) -> ErrorObject {
    ErrorObject(
      .limit, "the session has \(limit) live processes, and may have no more",
      help: "see them with ps; raise the limit with: config limit.processes \(limit * 2)",
      payload: ["limit": .int(limit)])
  }

  /// Prints an uncaught error, once.
  ///
  /// Of all processes that run into the process limit only the first speaks, since a fork bomb has
  /// thousands.
  public func report(_ error: ErrorObject) {
    if error.wasPrinted {
      slots?.noteReport()
      return
    }
    let isLimit = error.kind == .limit && error.payload["limit"] != nil
    if isLimit, let slots, !slots.isFirstReport() {
      error.wasPrinted = true
      slots.noteReport()
      return
    }
    if let gate = Gate.current {
      gate.stop(message: Gate.words("error", error.message))
      gate.printing { hooks.printError(error, self) }
    } else {
      hooks.printError(error, self)
    }
    slots?.noteReport()
    error.wasPrinted = true
  }

  /// The prompt begins a new entry, whose first failure at the limit is printed again.
  public func beginEntry() { slots?.rearm() }
}
