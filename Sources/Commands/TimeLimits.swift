import Language
import Posix
import Session

/// `--timeout`: how long a command waits.
extension Flag {
  static let timeout = Flag("timeout", .duration, "throw `timeout` after this long")
  static let softTimeout = Flag("timeout", .duration, "yield false after this long")
}

extension Call {
  /// When the time of `--timeout` is over, in nanoseconds of the monotonic clock; nil: never.
  var deadline: Int64? {
    nanoseconds("timeout").map { Clock.deadline(after: Int64($0)) }
  }

  /// The time of `--timeout`, for errors: `20ms`.
  var timeoutText: String { durationText(nanoseconds("timeout") ?? 0) }
}
