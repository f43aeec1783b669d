import CPosix

/// Memory of this program as a whole.
public enum ProgramMemory {
  /// Zeroed memory that is part of the program: all of it, once in a process; nil if it was taken,
  /// or is smaller than `bytes`.
  public static func take(bytes: Int) -> UnsafeMutableRawPointer? {
    brood_static_memory(Int64(bytes))
  }

  /// What is allocated from now on stands together, instead of in the holes that earlier work has
  /// left: a page that a process writes to costs it two microseconds after each fork.
  public static func gather() { brood_fill_holes() }

  /// From now on a process that is refused memory says so in one line and ends with status 1.
  public static func explainExhaustion() { brood_note_exhaustion(nil) }
}

/// The stack that the kernel gave the process.
public enum ProcessStack {
  /// The lowest address that it can grow down to, nil if that is not known.
  public static var end: UInt? {
    let end = UInt(brood_stack_end())
    return end == 0 ? nil : end
  }
}
