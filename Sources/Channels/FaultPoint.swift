/// Numbered points within operations at which a test stops or kills its process; debug builds only.
///
/// A point stands wherever other processes can see a difference: before and after each store that
/// publishes, each ring, each message of a courier, each entry of a table. Their numbers count from
/// the moment at which `reached` was set, so a test can go through an operation point by point. In a
/// release they are nothing.
public enum FaultPoint {
  #if DEBUG
  /// Called with the number of each point that is passed, from 0.
  nonisolated(unsafe) public static var reached: ((Int) -> Void)? {
    didSet { next = 0 }
  }
  nonisolated(unsafe) private static var next = 0

  @inline(never)
  private static func tell(_ body: (Int) -> Void) {
    let number = next
    next += 1
    body(number)
  }
  #endif

  /// Passes a point.
  @inline(__always)
  static func pass() {
    #if DEBUG
    if let reached { tell(reached) }
    #endif
  }
}
