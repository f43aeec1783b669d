import Glibc
import Language
import Pools
import Posix
import Processes

/// What holds starts back: how busy the machine is, the tokens of make, a number that changes.
extension ProgramRun {
  struct Gates {
    var tokens: MakeTokens?
    var timer: TimerID?
    var hasToldBound = false
    var hasToldHold = false
  }

  /// How often a number that may change is looked at (ns).
  private static let lookTime: Int64 = 1_000_000_000
  /// A run that has waited so long for the machine says so (ns).
  private static let quietTime: Int64 = 10_000_000_000

  func openGates() {
    scheduler.machine = session.machineState
    if let server = options.jobServer {
      let tokens = MakeTokens(server, session.loop)
      tokens.onToken = { [weak self] in
        guard let self else { return }
        scheduler.tokenCame()
        changes += 1
      }
      gates.tokens = tokens
      scheduler.tokens = tokens
    }
    if options.changedJobs != nil { lookAtJobs() }
  }

  func closeGates() {
    if let timer = gates.timer { session.loop.cancel(timer) }
    gates.timer = nil
    scheduler.tokens = nil
    gates.tokens?.end()
    gates.tokens = nil
  }

  /// Looks each second whether another number of programs may run.
  private func lookAtJobs() {
    gates.timer = session.loop.addTimer(at: Clock.deadline(after: ProgramRun.lookTime)) {
      [weak self] in
      self?.takeJobs()
      self?.lookAtJobs()
    }
  }

  private func takeJobs() {
    guard let jobsAt = options.changedJobs?() else { return }
    let before = scheduler.limit
    if let far {
      far.hosts.jobsAt = jobsAt
      fitLimit(far)
    } else {
      let jobs = jobsAt(session.usableCPUs)
      if jobs != before { scheduler.setLimit(jobs) }
    }
    if scheduler.limit != before { changes += 1 }
  }

  /// Starts a program with the priority of `--nice`.
  ///
  /// It inherits that of this process, which is changed for the moment: to set it afterwards would
  /// come too late for a short one. Without the right to go back only `brood run` does so, for good.
  func spawnNicely(_ request: SpawnRequest) throws -> (pid: Int32, pidfd: Int32) {
    guard let niceness = options.niceness else { return try Processes.spawn(request) }
    guard options.takesSignals || geteuid() == 0, let own = try? Process.niceness(of: 0) else {
      let result = try Processes.spawn(request)
      // Of its group, since it may have started something already.
      try? Process.setNiceness(ofGroup: result.pid, to: niceness)
      return result
    }
    try Process.setNiceness(of: 0, to: niceness)
    defer { try? Process.setNiceness(of: 0, to: own) }
    return try Processes.spawn(request)
  }

  /// After each event: whether there is something to be said of what is waited for.
  func lookAtGates() {
    if let bound = options.bound, !gates.hasToldBound, job.queued > 0 || !job.isWhole,
      scheduler.running >= scheduler.limit
    {
      gates.hasToldBound = true
      say("\(scheduler.limit) programs run at a time, and no more can (\(bound))")
    }
    guard !gates.hasToldHold, scheduler.running == 0, let reason = holdReason,
      Clock.monotonic - job.heldSince > ProgramRun.quietTime
    else { return }
    gates.hasToldHold = true
    say("nothing is started: \(reason)")
  }

  /// Why nothing more is started, in words; nil if that is not for the machine.
  var holdReason: String? {
    switch job.hold {
    case .load(let load)?: "\(Int(load)) processes run on the machine (--load)"
    case .memory(let free)?: "\(sizeText(free)) of memory are free (--mem-free)"
    case .token?: "make's jobserver has no token"
    case .time?, .client?, nil: nil
    }
  }
}

extension Session {
  /// How many processes the session may have.
  public var mostProcesses: Int { slots?.limit ?? JobLimit.most }

  /// How busy the machine is.
  func machineState() -> MachineState {
    MachineState(load: SystemLoad.running, freeMemory: SystemMemory.available(reader))
  }
}
