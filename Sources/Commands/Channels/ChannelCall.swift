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
    throw notLocal(index)
  }

  /// Works on the channel of the first argument without counting references.
  @inline(__always)
  func onChannel<H: Handle>(
    as type: H.Type, _ body: (H) throws -> Value, far: (borrowing Call) throws -> Value
  ) throws -> Value {
    guard let handle = handle(0) else { throw bad("channel", must: "a channel", at: 0) }
    guard handle._withUnsafeGuaranteedRef({ Swift.type(of: $0) == type }) else {
      return try far(self)
    }
    return try handle._withUnsafeGuaranteedRef { handle in
      try body(unsafeDowncast(handle, to: H.self))
    }
  }

  /// The error for what is on a server where only something local will do.
  @inline(never)
  private func notLocal(_ index: Int) -> ErrorObject {
    if case .handle(let handle as RedisHandle) = self[index] {
      return error(
        .type, "\(handle.shown) is on a server, where '\(command.name)' is not possible", at: index)
    }
    return bad("channel", must: "a channel", at: index)
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

extension ChannelHandle {
  /// Pids with names, for reports.
  func names(of pids: [Int32], _ session: Session) -> Value {
    .items(pids.map { .text(session.named($0)) })
  }
}

/// A report of channels: one record each, shown as a table.
func channelReport<H: ChannelHandle>(
  _ call: borrowing Call, _ type: H.Type, _ record: (H) throws -> Value,
  far family: String? = nil
) throws -> Value {
  let handles = call.session.channels.all.compactMap { $0 as? H }
  let local = try handles.map(record)
  guard let family else { return .items(local) }
  return .items(local + (try call.session.far(family).map { try $0.fields() }))
}
