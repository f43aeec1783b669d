import CPosix

/// Memory of this program as a whole.
public enum ProgramMemory {
  /// Zeroed memory that is part of the program: all of it, once in a process; nil if it was taken,
  /// or is smaller than `bytes`.
  public static func take(bytes: Int) -> UnsafeMutableRawPointer? {
    brood_static_memory(Int64(bytes))
  }

  /// From now on a process that is refused memory says so in one line and ends with status 1.
  public static func explainExhaustion() { brood_note_exhaustion(nil) }
}
