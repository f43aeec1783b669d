import Channels
import Language
import Posix
import Processes
import Waits

extension Session {
  /// Works on a channel; what goes wrong there becomes an error of the language.
  @inlinable @inline(__always)
  public func with<R>(
    _ handle: ChannelHandle, _ what: @autoclosure () -> String, _ body: () throws -> R
  ) throws -> R {
    try output.flushBeforeOthersKnow()
    do {
      return try body()
    } catch {
      throw worded(error, handle, what())
    }
  }

  /// What went wrong with a channel as an error of the language; others stay as they are.
  @inline(never)
  public func worded(_ error: any Error, _ handle: ChannelHandle, _ what: String) -> any Error {
    switch error {
    case let error as ChannelError: self.error(error, handle, what)
    case let error as SystemError: error.asError("cannot \(what) \(handle.shown)")
    default: error
    }
  }

  /// Who could have answered and waits for processes to end, and where; nil if there was none.
  private func waitingPeersText(_ channel: Channel) -> String? {
    guard let peer = channel.waitingPeers.first else { return nil }
    let name = processNames[peer.pid] ?? (peer.pid == rootPid ? "brood" : "process")
    let place = peer.place.map { " (\($0.text):\($0.line))" } ?? ""
    return "\(name) (\(peer.pid)) could, and waits for processes to end\(place): "
      + "let it answer first, then wait"
  }

  /// An error of a channel in words.
  ///
  /// - Parameter what: what was to be done, as `put into`.
  @inline(never)
  public func error(_ error: ChannelError, _ handle: ChannelHandle, _ what: String) -> ErrorObject {
    let shown = handle.shown
    switch error {
    case .timeout:
      return ErrorObject(.timeout, "cannot \(what) \(shown): timed out")
    case .closed: return ErrorObject(.closed, "cannot \(what) \(shown): it is closed")
    case .abandoned:
      return ErrorObject(
        .closed, "cannot \(what) \(shown): no other process is left that could answer",
        help: waitingPeersText(handle.channel)
          ?? "this would block forever: fork the other process before waiting")
    case .peerDied(let ending):
      return ErrorObject(
        .peerDied,
        "cannot \(what) \(shown): no process is left that could answer, and process \(named(ending.pid)) "
          + ending.description, payload: ending.facts)
    case .empty: return ErrorObject(.empty, "\(shown) is empty")
    case .full: return ErrorObject(.full, "\(shown) is full")
    case .handles:
      return ErrorObject(
        .limit, "\(shown) holds as many handles as can wait",
        help: "take some out first: no other process is left that could")
    case .notHeld: return ErrorObject(.missing, "this process does not hold \(shown)")
    case .selfDeadlock:
      return ErrorObject(.type, "this process holds \(shown) already: it would wait for itself")
    case .tooLarge(let limit):
      return ErrorObject(.range, "cannot \(what) \(shown): at most \(limit) are possible")
    case .memory(let limit):
      return ErrorObject(
        .limit, "cannot \(what) \(shown): it may take at most \(sizeText(limit)) of memory",
        help: "take something out first, bound it (queue new NAME MAX), or: config limit.queue SIZE"
      )
    case .stuck(let holder):
      let state = reader.stat(holder).map { Character(.init($0.state)) }
      let shownState = state.map { ", which is in state \($0)" } ?? ""
      return ErrorObject(
        .timeout,
        "cannot \(what) \(shown): process \(named(holder))\(shownState) holds its internal lock "
          + "and makes no progress",
        help: state == "T" || state == "t"
          ? "let it go on, or end it: continue \(holder)   kill -9 \(holder)"
          : "it may only be slow: try again")
    case .malformed:
      return ErrorObject(
        .type, "cannot \(what) \(shown): malformed message")
    }
  }

  /// `'worker' (4711)`, or the pid alone where the name is not known any more.
  public func named(_ pid: Int32) -> String {
    let name =
      pid == rootPid ? nil : processNames[pid] ?? processes.ended(pid: pid)?.name
    return name.map { "'\($0)' (\(pid))" } ?? "\(pid)"
  }
}

extension Ending {
  /// Which process ended, and how, as fields of an error.
  public var facts: [String: Value] {
    let pid = Value.int(Int(pid))
    return switch cause {
    case .signaled(let signal): ["pid": pid, "signal": .text(signal.name)]
    case .exited(let status): ["pid": pid, "exit": .int(Int(status))]
    case .unknown: ["pid": pid]
    }
  }
}
