import CPosix
import Glibc

/// Clocks, in nanoseconds (clock_gettime(2)).
public enum Clock {
  /// Time since some fixed moment; never jumps.
  public static var monotonic: Int64 { brood_monotonic() }

  /// The same to a few milliseconds, for a fifth of the price (CLOCK_MONOTONIC_COARSE).
  public static var coarse: Int64 { brood_monotonic_coarse() }

  /// What this process has used of the CPUs (CLOCK_PROCESS_CPUTIME_ID).
  public static var processTime: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Time since 1970.
  public static var realtime: Int64 { brood_realtime() }

  /// The monotonic moment so many nanoseconds from now; far ones saturate.
  public static func deadline(after nanoseconds: Int64) -> Int64 {
    let (sum, overflow) = monotonic.addingReportingOverflow(max(0, nanoseconds))
    return overflow ? .max : sum
  }
}
