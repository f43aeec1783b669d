import CPosix
import Glibc

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

  /// From now on a process that is refused memory calls `before`, which must not need any, says so
  /// in one line and ends with status 1; what is small comes from a reserve first.
  public static func explainExhaustion(_ before: @convention(c) () -> Void) {
    brood_explain_exhaustion(before)
  }

  /// Whether the reserve had to be used since this was asked last.
  public static var wasShort: Bool { brood_memory_was_short() }

  /// Fills the reserve again if that is possible now.
  public static func fillReserve() { _ = brood_memory_reserve() }

  /// Whether so many bytes can be had in one piece.
  public static func isThere(_ bytes: Int) -> Bool {
    fillReserve()
    return bytes < .max / 2 && brood_memory_probe(bytes)
  }

  /// Throws ENOMEM unless so many bytes, if they are many, can be had.
  public static func require(_ bytes: Int) throws(SystemError) {
    if bytes > 4 << 20, !isThere(bytes) { throw SystemError(call: "malloc", code: ENOMEM) }
  }

  /// How much memory this process may have, and the letter of ulimit for that; nil for all there is.
  public static var limit: (bytes: Int, letter: String)? {
    var which: Int32 = 0
    let bytes = brood_memory_limit(&which)
    return which == 0 ? nil : (Int(clamping: bytes), which == 1 ? "v" : "d")
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
