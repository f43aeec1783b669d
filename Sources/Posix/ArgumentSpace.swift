import Glibc

/// How much room execve(2) has for the words and the environment of a program.
public enum ArgumentSpace {
  /// The most bytes of one word, without the null character at its end: MAX_ARG_STRLEN of 32 pages.
  public static let mostOfWord = 131_071

  /// What each word takes beside its bytes: its null character and a pointer.
  public static let perWord = 1 + MemoryLayout<UnsafePointer<CChar>>.size

  /// For the program's path, which the kernel puts there too, and the line `#!` of a script.
  private static let reserve = 2 * Int(PATH_MAX)

  /// How many bytes the words of a program may take, `perWord` of each included: a quarter of the
  /// stack limit, at most 6 MiB and at least 128 KiB, less the environment (execve(2), "Limits on
  /// size of arguments and environment").
  public static func bytes(environment: CStringBlock) -> Int {
    var limit = rlimit()
    let stack =
      getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0
      ? Int(clamping: limit.rlim_cur) : 8 << 20
    let most = max(min(stack / 4, 6 << 20), 128 << 10)
    let pointers = environment.count * MemoryLayout<UnsafePointer<CChar>>.size
    return max(0, most - environment.byteCount - pointers - reserve)
  }
}
