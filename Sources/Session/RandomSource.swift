import Posix

/// Where `random` and `shuffle` take their numbers from: a generator of each process, without a
/// system call for a number.
///
/// A forked child's generator comes from its parent's and the way of forks to it, so children draw
/// other numbers than their parent and each other, and the same in every run that has the same seed.
public final class RandomSource: RandomNumberGenerator {
  /// xoshiro256++ of Blackman and Vigna (2019).
  private var state: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  private var depth: UInt32?
  /// The user's seed; nil for one of the system's.
  public private(set) var seed: Int?

  public init() {}

  /// Changes with each number that is taken.
  var position: UInt64 { state.0 ^ Self.rotated(state.1, 21) ^ Self.rotated(state.3, 42) }

  public func next() -> UInt64 {
    if depth != Process.forkDepth { begin() }
    let result = Self.rotated(state.0 &+ state.3, 23) &+ state.0
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Self.rotated(state.3, 45)
    return result
  }

  /// At the first number of this process.
  private func begin() {
    var start: UInt64
    if depth != nil {
      start = state.0 ^ Self.rotated(state.1, 16) ^ Self.rotated(state.2, 32)
      start ^= Self.rotated(state.3, 48) ^ Self.mixed(Process.forkPath)
    } else {
      var system = SystemRandomNumberGenerator()
      start = system.next()
    }
    fill(from: &start)
  }

  /// From now on numbers are those of a seed; nil takes one from the system.
  public func plant(_ seed: Int?) {
    self.seed = seed
    guard let seed else { return depth = nil }
    var start = Self.mixed(UInt64(bitPattern: Int64(seed)))
    fill(from: &start)
  }

  /// For a task of a pool, whichever worker it comes to.
  func plant(task seed: UInt32) {
    var start = UInt64(seed)
    fill(from: &start)
  }

  /// What the tasks of a job draw from, 0 unless the user gave a seed.
  func jobSeed() -> UInt32 { seed == nil ? 0 : UInt32(truncatingIfNeeded: next()) | 1 }

  /// What a task of a job draws from.
  static func taskSeed(_ job: UInt32, _ index: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: mixed(UInt64(job) << 32 | UInt64(index))) | 1
  }

  private func fill(from start: inout UInt64) {
    func step() -> UInt64 {
      start &+= 0x9e37_79b9_7f4a_7c15
      return Self.mixed(start)
    }
    state = (step(), step(), step(), step())
    depth = Process.forkDepth
  }

  /// The last part of SplitMix64, by Steele, Lea and Flood (2014).
  private static func mixed(_ number: UInt64) -> UInt64 {
    var mixed = (number ^ number >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  private static func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
  }
}

extension Session {
  /// `config random.seed`.
  func setSeed(_ seed: Int?) {
    forgetForks()
    random.plant(seed)
  }

  /// In a pool's worker, before a task whose job has a seed.
  func plant(task seed: UInt32) {
    forgetForks()
    random.plant(task: seed)
  }

  /// What was forked before makes no difference to what is drawn from now on.
  private func forgetForks() {
    Process.forgetForkPath()
    processes.forgetForkNumber()
  }
}
