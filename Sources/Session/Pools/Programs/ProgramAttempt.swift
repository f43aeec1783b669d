import Language
import Posix

/// One program that runs.
final class ProgramAttempt {
  let index: Int
  let slot: Int
  let process: ProcessHandle
  let pidfd: Int32
  let mark: UInt32?
  let output: TaskOutput?
  let error: TaskOutput?
  let begun = Clock.monotonic
  var watch: Watch?
  var timer: TimerID?
  var hasTimedOut = false
  var isCancelled = false

  init(
    _ index: Int, _ slot: Int, _ process: ProcessHandle, _ pidfd: Int32, _ mark: UInt32?,
    _ output: TaskOutput?, _ error: TaskOutput?
  ) {
    self.index = index
    self.slot = slot
    self.process = process
    self.pidfd = pidfd
    self.mark = mark
    self.output = output
    self.error = error
  }
}
