import Channels
import Posix
import Processes

/// The channels that this process has, in the order in which it got them.
public final class ChannelList {
  private var handles: [ChannelHandle] = []
  /// Channels without a name, which forked children have too.
  private var nameless: [Channel] = []

  /// All of them, for reports.
  public var all: [ChannelHandle] { handles }

  /// How each of them stands now.
  public var facts: [ChannelFacts] { handles.compactMap { ChannelFacts($0.channel) } }

  /// The one with this identity, if this process has it already.
  public func find(_ id: UInt64) -> ChannelHandle? { handles.first { $0.channel.id == id } }

  func add(_ handle: ChannelHandle) { handles.append(handle) }

  func remove(_ handle: ChannelHandle) { handles.removeAll { $0 === handle } }

  /// Before a fork: the child has them all.
  func admit(_ slot: SlotID) {
    for handle in handles { handle.channel.admit(slot) }
    for channel in nameless { channel.admit(slot) }
  }

  /// Before the fork of a process that only looks.
  func admitLooker(_ slot: SlotID) {
    for handle in handles { handle.channel.admitLooker(slot) }
    for channel in nameless { channel.admitLooker(slot) }
  }

  /// In such a process.
  func stayAway() {
    for handle in handles { handle.channel.stayAway() }
    for channel in nameless { channel.stayAway() }
  }

  /// This process will use none of them any more.
  func leave() {
    for handle in handles { handle.channel.leave() }
  }

  /// Before this process becomes a program: who waits looks for others that could answer.
  func leaveToProgram() {
    for handle in handles { handle.channel.leaveToProgram() }
    for channel in nameless { channel.leaveToProgram() }
  }

  /// Whether a process waits for one of those that have a name here.
  func isWaiting(_ process: ProcessHandle) -> Bool {
    handles.contains { handle in
      handle.channel.peers.pids(.reading, .writing, .stuckReading, .stuckWriting)
        .contains(process.pid)
    }
  }

  /// Whether a process waits, without a time limit, for one of those that have a name here.
  func waitsForEver(_ process: ProcessHandle) -> Bool {
    handles.contains { handle in
      handle.channel.peers.pids(.stuckReading, .stuckWriting).contains(process.pid)
    }
  }

  func share(_ channels: [Channel]) { nameless += channels }

  func endSharing(_ channels: [Channel]) {
    nameless.removeAll { channel in channels.contains { $0 === channel } }
  }
}

extension Session {
  /// Channels that forked children shall have although they have no name.
  public func share(_ channels: [Channel]) { self.channels.share(channels) }

  /// The opposite.
  public func endSharing(_ channels: [Channel]) { self.channels.endSharing(channels) }
}
