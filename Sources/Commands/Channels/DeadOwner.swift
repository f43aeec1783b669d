import Channels
import Language
import Posix
import Session

extension Session {
  /// What is said and yielded when a lock comes from a holder that died with it: what it guards may
  /// be half done.
  ///
  /// Null if there was none.
  func report(_ ending: Ending?, _ handle: ChannelHandle) throws -> Value {
    guard let ending else { return .null }
    try? output.flush()
    let name = named(ending.pid)
    try? Transfer.writeAll(
      2,
      "warning: the last holder of \(handle.shown), process \(name), \(ending.description) and did "
        + "not release it: what it guards may be half done\n")
    let record = MapObject()
    record.set(.text("pid"), .int(Int(ending.pid)))
    switch ending.cause {
    case .signaled(let signal):
      record.set(.text("exit"), .null)
      record.set(.text("signal"), .text(signal.name))
    case .exited(let status):
      record.set(.text("exit"), .int(Int(status)))
      record.set(.text("signal"), .null)
    case .unknown:
      record.set(.text("exit"), .null)
      record.set(.text("signal"), .null)
    }
    return .map(record)
  }

  /// Works on a lock; a timeout names who holds it and in which state that is.
  func withLock<R>(
    _ handle: ChannelHandle, _ what: String, holder: () -> ProcessIdentity?, _ body: () throws -> R
  ) throws -> R {
    try with(handle, what) {
      do {
        return try body()
      } catch ChannelError.timeout {
        guard let holder = holder() else { throw ChannelError.timeout }
        let state = holder.state == UInt8(ascii: "T") ? ", which is stopped" : ""
        throw ErrorObject(
          .timeout,
          "cannot \(what) \(handle.shown) in time: process \(named(holder.pid)) holds it\(state)",
          help: state.isEmpty ? nil : "let it go on: continue \(holder.pid)")
      } catch ChannelError.selfDeadlock {
        throw ErrorObject(
          .type, "this process holds \(handle.shown) already: it would wait for itself for ever",
          help: "release it first, or make it with --reentrant")
      } catch ChannelError.notHeld {
        throw ErrorObject(
          .type, "this process does not hold \(handle.shown)",
          help: holder().map { "process \(named($0.pid)) does" } ?? "nobody does")
      }
    }
  }
}
