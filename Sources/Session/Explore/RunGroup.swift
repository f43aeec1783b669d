import Glibc
import Posix

/// The process group of a run in front of a terminal.
///
/// Its explorer is in the session's own group there, so that it may read the terminal. The number of the
/// run's group stands in memory that both have: if the explorer is killed, the session ends what is left,
/// also what computes or is stopped and so does not see that its gate is gone.
final class RunGroup {
  private let file: Int32

  init() throws {
    file = try mapErrors("cannot explore") { try MemoryFile.make("brood explored group") }
  }

  /// In the first process of a run, before all else.
  func enter() throws {
    try mapErrors("cannot explore") { try Process.setGroup(of: 0, to: 0) }
    write(Process.pid)
    Descriptors.close(file)
  }

  /// In the explorer, once no process of the run is left.
  func leave() { write(0) }

  /// In the session: ends what is left, and lets go of the memory.
  func end() {
    var group: Int32 = 0
    let count = withUnsafeMutableBytes(of: &group) { try? MemoryFile.read(file, into: $0, at: 0) }
    if count == MemoryLayout<Int32>.size, group > 1 { try? Process.send(.kill, toGroup: group) }
    Descriptors.close(file)
  }

  private func write(_ group: Int32) {
    withUnsafeBytes(of: group) { _ = pwrite(file, $0.baseAddress, $0.count, 0) }
  }
}
