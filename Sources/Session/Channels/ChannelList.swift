import Channels
import Posix

/// The channels that this process has, in the order in which it got them.
public final class ChannelList {
  private var handles: [ChannelHandle] = []

  /// All of them, for reports.
  public var all: [ChannelHandle] { handles }

  /// The one with this identity, if this process has it already.
  public func find(_ id: UInt64) -> ChannelHandle? { handles.first { $0.channel.id == id } }

  func add(_ handle: ChannelHandle) { handles.append(handle) }

  func remove(_ handle: ChannelHandle) { handles.removeAll { $0 === handle } }

  /// Before a fork: the child has them all.
  func admit(_ slot: SlotID) {
    for handle in handles { handle.channel.admit(slot) }
  }

  /// This process will use none of them any more.
  func leave() {
    for handle in handles { handle.channel.leave() }
  }
}
