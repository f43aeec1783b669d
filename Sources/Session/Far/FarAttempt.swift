import Pools
import Posix
import Processes

/// One program that runs on another machine.
final class FarAttempt {
  enum Phase {
    /// Its files are sent.
    case sending
    case running
    /// It has ended, and what it made is fetched.
    case fetching(FarEnd)
    case over
  }

  let batch: TaskBatch
  let index: Int
  let place: Int
  let host: FarHost
  let output: FarOutput?
  let error: FarOutput?
  let request: SpawnRequest
  private(set) var begun = Clock.monotonic
  /// Whether it may have begun; else it lies behind another one.
  private(set) var isBegun = false
  var phase = Phase.running
  /// Transfers of files that are there for it, and those under way.
  var files: [UInt64] = []
  var transfers: Set<UInt64> = []
  /// Why a file could not be had.
  var problem: String?

  init(
    _ batch: TaskBatch, _ index: Int, _ place: Int, _ host: FarHost, _ output: FarOutput?,
    _ error: FarOutput?, _ request: SpawnRequest
  ) {
    self.request = request
    self.batch = batch
    self.index = index
    self.place = place
    self.host = host
    self.output = output
    self.error = error
  }

  func begin() {
    begun = Clock.monotonic
    isBegun = true
  }
}
