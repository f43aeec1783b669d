import Glibc
import Language
import Posix
import Processes

extension Session {
  /// The number that marks a worker and all that it starts (KERNEL.md); nil without marks.
  func mark(of process: ProcessHandle) -> UInt32? {
    guard Guardian.isMarked, let slot = process.slot else { return nil }
    return Guardian.firstTask + UInt32(clamping: slot.place.number)
  }

  /// In the forked child: what a worker has that other children have not.
  ///
  /// Its standard input is empty, since tasks would fight for the session's.
  func becomeWorker() throws {
    if Guardian.isMarked, let slot = slots?.own {
      let mark = Guardian.firstTask + UInt32(clamping: slot)
      try mapErrors { try Guardian.setTask(mark) }
    }
    try mapErrors {
      let null = try Descriptors.open("/dev/null", O_RDONLY)
      try Descriptors.copy(null, onto: 0)
      Descriptors.close(null)
    }
  }
}
