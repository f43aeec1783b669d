import Posix
import Processes

/// What a process makes of a signal that is sent to it now, or has made of it.
public enum SignalOutlook: Sendable {
  /// It has ended, or is past its last instruction.
  case ended
  /// It dies of it.
  case dies
  /// It catches, ignores or blocks it: what comes of that is its own business.
  case decides
  /// It has ended in order, and caught the signal until then: perhaps that was its answer.
  case mayHaveDecided
}

extension Session {
  /// What a child that was not reaped makes of a signal.
  public func outlook(of process: ProcessHandle, at signal: Signal) -> SignalOutlook {
    // Of a zombie, too, the kernel tells what it caught.
    let status = reader.status(process.pid)
    guard let stat = reader.stat(process.pid) else {
      // Without /proc only its end can be seen.
      return (try? peek(process)) == .some(.none) ? .decides : .ended
    }
    if stat.isEnding || "ZX".utf8.contains(stat.state) {
      guard status?.caught.contains(signal) ?? false else { return .ended }
      if case .signaled? = (try? peek(process))?.cause { return .ended }
      return .mayHaveDecided
    }
    guard let status else { return .decides }
    let kept = status.caught.union(status.ignored).union(status.blocked)
    return kept.contains(signal) ? .decides : .dies
  }
}
