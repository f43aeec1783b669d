import CPosix
import Glibc

/// Moving what comes through a pipe.
public enum OutputPipe {
  /// Moves what the pipe holds into a file; nil if nothing is there yet, 0 at the end (splice(2)).
  ///
  /// Throws EINVAL where the file's system cannot do that.
  public static func move(
    _ pipe: Int32, to file: Int32, atMost size: Int
  ) throws(SystemError) -> Int? {
    let moved = brood_splice(pipe, file, size)
    if moved >= 0 { return Int(moved) }
    let code = Int32(truncatingIfNeeded: -moved)
    if code == EAGAIN || code == EINTR { return nil }
    throw SystemError(call: "splice", code: code)
  }

  /// Moves a part of a file into a pipe that is not full; 0 where the file has ended (splice(2)).
  ///
  /// Throws EAGAIN where the pipe is full, EINVAL where the file's system cannot do that.
  public static func fill(
    _ pipe: Int32, from file: Int32, at place: Int, atMost size: Int
  ) throws(SystemError) -> Int {
    let moved = brood_splice_from(file, Int64(place), pipe, size)
    if moved >= 0 { return Int(moved) }
    throw SystemError(call: "splice", code: Int32(truncatingIfNeeded: -moved))
  }

  /// Lets a pipe hold more, where the user may have that.
  public static func widen(_ pipe: Int32, to size: Int) {
    _ = brood_widen_pipe(pipe, Int32(clamping: size))
  }
}
