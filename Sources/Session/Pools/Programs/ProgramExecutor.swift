import Language
import Pools
import Posix
import Processes

/// One program that runs.
final class ProgramAttempt {
  let batch: TaskBatch
  let index: Int
  /// The number of its place among those that run at once.
  let place: Int
  let process: ProcessHandle
  let pidfd: Int32
  let mark: UInt32?
  let output: TaskOutput?
  let error: TaskOutput?
  /// Without the time that the whole run was stopped.
  var begun = Clock.monotonic
  /// Whether it was told that it is stopped for the terminal.
  var isToldStopped = false
  var watch: Watch?

  init(
    _ batch: TaskBatch, _ index: Int, _ place: Int, _ process: ProcessHandle, _ pidfd: Int32,
    _ mark: UInt32?, _ output: TaskOutput?, _ error: TaskOutput?
  ) {
    self.batch = batch
    self.index = index
    self.place = place
    self.process = process
    self.pidfd = pidfd
    self.mark = mark
    self.output = output
    self.error = error
  }

  /// Sends a signal to the program and what it started.
  func send(_ step: EndStep) {
    let group = process.group
    switch step {
    case .terminate:
      Termination.request(group: group)
    case .kill:
      Termination.force(group: group)
      if let mark { Guardian.send(.kill, toTask: mark) }
    }
  }
}

/// A place for one program at a time, of a run.
final class ProgramExecutor: TaskExecutor {
  private weak var run: ProgramRun?
  var slot: ExecutorSlot?
  var attempt: ProgramAttempt?
  let survives = true
  let holdsTasks = false

  init(_ run: ProgramRun) { self.run = run }

  func start(_ batch: TaskBatch) -> StartOutcome {
    run?.start(batch, in: self) ?? .unavailable
  }
  func takeBack(_ batch: TaskBatch, most: Int) -> Int? { 0 }
  func unbegun(_ batch: TaskBatch) -> Int { 0 }
  func end(_ how: EndStep) { attempt?.send(how) }
  func leave() { if let slot { run?.scheduler.ended(slot) } }

  var inHand: TaskInHand? {
    attempt.map { TaskInHand($0.batch, place: 0, since: $0.begun) }
  }
}
