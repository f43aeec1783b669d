/// How busy the machine is.
public struct MachineState: Sendable {
  /// How many processes run or wait for a disk, this one left out.
  public var load: Double
  /// How many bytes could be taken without swapping.
  public var freeMemory: Int

  /// A state of these figures.
  public init(load: Double, freeMemory: Int) {
    self.load = load
    self.freeMemory = freeMemory
  }
}

/// Permits of others for tasks that run beside the first one, as the tokens of a make jobserver.
public protocol TokenSource: AnyObject {
  /// Takes one, if there is one now.
  func take() -> Bool

  /// Gives so many back.
  func giveBack(_ count: Int)

  /// Whether one is wanted: `tokenCame` of the scheduler is to be called when there may be one.
  func want(_ isWanted: Bool)
}

/// What a job waits for before its next task is started.
public enum StartHold: Equatable, Sendable {
  /// Its rate, or the time between two starts.
  case time
  /// Its client.
  case client
  /// Fewer processes that run; how many there were.
  case load(Double)
  /// Free memory; how much there was (bytes).
  case memory(Int)
  /// A permit of others.
  case token
}

/// What must hold before a task is started, beside a place for it.
extension TaskScheduler {
  /// How long to wait before a job that is held is looked at again (ns).
  static let holdTime: Int64 = 100_000_000

  /// Whether nothing holds a job; else that is looked at again in time.
  func mayStart(_ job: TaskJob) -> Bool {
    if job.policy.interval != nil, job.nextStart > clock() {
      arm(job, at: job.nextStart)
      return hold(job, .time)
    }
    guard let reason = client(of: job) ?? machine(for: job) else {
      job.hold = nil
      return true
    }
    arm(job, at: later(clock(), TaskScheduler.holdTime))
    return hold(job, reason)
  }

  private func hold(_ job: TaskJob, _ reason: StartHold) -> Bool {
    if job.hold == nil { job.heldSince = clock() }
    job.hold = reason
    return false
  }

  private func client(of job: TaskJob) -> StartHold? {
    job.client?.isHeld(job) == true ? .client : nil
  }

  private func machine(for job: TaskJob) -> StartHold? {
    guard job.policy.looksAtMachine, let state = machine?() else { return nil }
    if let most = job.policy.mostLoad, state.load >= most { return .load(state.load) }
    if let least = job.policy.leastMemory, state.freeMemory < least {
      return .memory(state.freeMemory)
    }
    return nil
  }

  // MARK: Tokens

  /// Whether one more task may run: the first one needs no token.
  func hasToken(for job: TaskJob) -> Bool {
    guard let tokens, running > heldTokens else { return true }
    if tokens.take() {
      heldTokens += 1
      return true
    }
    lacksToken = true
    return hold(job, .token)
  }

  /// Gives back what is not needed any more, and says whether one is wanted.
  func settleTokens() {
    guard let tokens else { return }
    let extra = heldTokens - max(0, running - 1)
    if extra > 0 {
      heldTokens -= extra
      tokens.giveBack(extra)
    }
    tokens.want(lacksToken && ready.first != nil)
  }

  /// There may be a token now.
  public func tokenCame() {
    lacksToken = false
    needsPump = true
  }
}
