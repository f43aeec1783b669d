import CPosix

/// Zeroed memory that is part of the program.
public enum StaticMemory {
  /// All of it, once in a process; nil if it was taken, or is smaller than `bytes`.
  public static func take(bytes: Int) -> UnsafeMutableRawPointer? {
    brood_static_memory(Int64(bytes))
  }
}
