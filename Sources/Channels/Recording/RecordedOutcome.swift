/// How an operation ended, as recordings have it; the numbers stand in shared memory.
public enum RecordedOutcome: UInt8, Sendable, CaseIterable {
  case ok = 0
  case timeout, closed, peerDied, empty, full, limit, notHeld, deadlock, other

  init(_ error: (any Error)?) {
    guard let error else {
      self = .ok
      return
    }
    switch error as? ChannelError {
    case .timeout: self = .timeout
    case .closed, .abandoned: self = .closed
    case .peerDied: self = .peerDied
    case .empty: self = .empty
    case .full: self = .full
    case .handles, .tooLarge, .memory: self = .limit
    case .notHeld: self = .notHeld
    case .selfDeadlock: self = .deadlock
    case .stuck, .malformed, nil: self = .other
    }
  }

  /// As kinds of errors are written.
  public var name: String {
    switch self {
    case .ok: "ok"
    case .timeout: "timeout"
    case .closed: "closed"
    case .peerDied: "peer-died"
    case .empty: "empty"
    case .full: "full"
    case .limit: "limit"
    case .notHeld: "not-held"
    case .deadlock: "deadlock"
    case .other: "error"
    }
  }
}
