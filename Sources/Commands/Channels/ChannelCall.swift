import Channels
import Language
import Posix
import Session

/// What the commands of all families ask of a call.
extension Call {
  /// The channel of an argument that the declaration has made a handle of.
  @inline(__always)
  func channel<H: Handle>(_ index: Int = 0, as type: H.Type) throws -> H {
    if case .handle(let handle) = self[index], let channel = handle as? H { return channel }
    throw bad("channel", must: "a channel", at: index)
  }

  /// Works on the channel of the first argument without counting references.
  @inline(__always)
  func onChannel<H: Handle>(as type: H.Type, _ body: (H) throws -> Value) throws -> Value {
    guard let handle = handle(0) else { throw bad("channel", must: "a channel", at: 0) }
    return try handle._withUnsafeGuaranteedRef { handle in
      guard Swift.type(of: handle) == type else {
        throw bad("channel", must: "a channel", at: 0)
      }
      return try body(unsafeDowncast(handle, to: H.self))
    }
  }

  /// What was printed stands before what others print when they know more.
  @inline(__always)
  func flushBeforeOthersKnow() throws { if Output.hasPending { try session.output.flush() } }

  /// How long to wait, as `--timeout` and `--no-wait` say.
  @inline(__always)
  var waitLimit: Wait {
    if !hasFlags { return session.waitLimit() }
    return isSet("no-wait") ? session.nonblocking : session.waitLimit(nanoseconds("timeout"))
  }

  /// The name of a channel to be made, nil for one that Brood chooses.
  func newName(_ index: Int = 0) -> String? { has(index) ? spelled(index) : nil }

  /// The name of a channel to be made and the number behind it; a number alone, as in
  /// `queue new 3`, is that number.
  var newNameAndNumber: (name: String?, number: Int?) {
    if count == 1, let number = Int(spelled(0)) { return (nil, number) }
    return (newName(), has(1) ? int(1) : nil)
  }
}

extension Flag {
  static let timeout = Flag("timeout", .duration, "throw `timeout` after so long")
  static let softTimeout = Flag("timeout", .duration, "yield false after so long")
}

extension ChannelHandle {
  /// Pids with names, for reports.
  func names(of pids: [Int32], _ session: Session) -> Value {
    .items(pids.map { .text(session.named($0)) })
  }
}

/// A report of channels: one record each, shown as a table.
func channelReport<H: ChannelHandle>(
  _ call: borrowing Call, _ type: H.Type, _ record: (H) throws -> Value
) throws -> Value {
  let handles = call.session.channels.all.compactMap { $0 as? H }
  return .items(try handles.map(record))
}
