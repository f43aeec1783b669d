import CPosix

/// Zeroed memory that is part of the program.
public enum StaticMemory {
  /// All of it, once in a process; nil if it was taken, or is smaller than `bytes`.
  public static func take(bytes: Int) -> UnsafeMutableRawPointer? {
    brood_static_memory(Int64(bytes))
  }
}

/// The stack that the kernel gave the process.
public enum ProcessStack {
  /// The lowest address that it can grow down to, nil if that is not known.
  public static var end: UInt? {
    let end = UInt(brood_stack_end())
    return end == 0 ? nil : end
  }
}
