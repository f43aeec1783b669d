/// The numbers that runs have shown, where the pids of their processes differ from run to run.
///
/// A pid is shown as `<2.1>`. A number of the script that happens to be the pid of a process in one run must
/// not be: a run whose process gets the pid that such a number is known to be is made again.
final class RunNumbers {
  /// Those that were no pid when they were shown.
  private var plain: Set<Int32> = []
  /// Those that were shown as the name of a process.
  private var named: Set<Int32> = []
  /// A number was shown as the name of a process in one run, and as itself in another one.
  private(set) var wereMistaken = false
  /// A run has shown the name of a process since it was last asked.
  private(set) var haveNames = false
  private var losses = 0
  private var restarts = 0

  /// More numbers are not kept: then most pids are among them.
  private static let most = 4096
  /// More runs in a row are not given up, and all runs are not made anew more often.
  private static let mostLosses = 200, mostRestarts = 20

  /// A run begins.
  func begin() { haveNames = false }

  /// Whether a process of a run can have a pid.
  func allow(_ pid: Int32) -> Bool {
    if losses >= RunNumbers.mostLosses || !plain.contains(pid) { return true }
    losses += 1
    return false
  }

  /// A run was made to its end.
  func keep() { losses = 0 }

  /// A number is shown.
  ///
  /// - Parameter isPid: as the name of a process.
  func show(_ number: Int32, isPid: Bool) {
    if isPid {
      haveNames = true
      named.insert(number)
    } else if number > 1, plain.count < RunNumbers.most, plain.insert(number).inserted,
      named.contains(number), restarts < RunNumbers.mostRestarts
    {
      wereMistaken = true
    }
  }

  /// All runs are made anew, with what is known of numbers.
  func restart() {
    named = []
    wereMistaken = false
    restarts += 1
  }
}
