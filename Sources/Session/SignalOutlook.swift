import Posix

/// What a process makes of a signal that is sent to it now.
public enum SignalOutlook: Sendable {
  /// It has ended, or is past its last instruction.
  case ended
  /// It dies of it.
  case dies
  /// It catches, ignores or blocks it: what comes of that is its own business.
  case decides
}

extension Session {
  /// What a child that was not reaped makes of a signal.
  public func outlook(of process: ProcessHandle, at signal: Signal) -> SignalOutlook {
    let status = reader.status(process.pid)
    guard let stat = reader.stat(process.pid) else {
      // Without /proc only its end can be seen.
      return (try? peek(process)) == .some(.none) ? .decides : .ended
    }
    if stat.isEnding || "ZX".utf8.contains(stat.state) { return .ended }
    guard let status else { return .decides }
    let kept = status.caught.union(status.ignored).union(status.blocked)
    return kept.contains(signal) ? .decides : .dies
  }
}
