import Channels
import Explore
import Language
import Posix
import Session

/// Fields of handles where they are explored: what they tell of channels and processes may change while
/// others go on, so reading one is a step.
enum ExploredFields {
  @Sendable static func field(_ handle: Handle, _ name: String) throws -> Value? {
    guard let gate = Gate.current else { return try handle.field(name) }
    switch handle {
    case let handle as SharedHandle:
      switch name {
      case "value":
        _ = try gate.stop(
          Operation("\(handle.name).value", ExploredMemory.accesses(handle, .read, nil)),
          fact: .read)
      case "holder", "waiting": try look(at: handle, name, gate, suffix: " lock")
      default: return try handle.field(name)
      }
    case let handle as ChannelHandle:
      if !changing.contains(name) { return try handle.field(name) }
      try look(at: handle, name, gate)
    case let handle as ProcessHandle where living.contains(name) && handle.record == nil:
      try ExploredProcesses.look(at: handle.pid, "\(handle.name).\(name)", gate)
    case let handle as ProcessObject where living.contains(name):
      guard let process = handle.process, process.record == nil else { break }
      try ExploredProcesses.look(at: process.pid, "\(process.name).\(name)", gate)
    case let handle as SocketHandle where name == "state":
      if !gate.isLoose, !gate.isReal {
        try ExploredSockets.stop("\(handle.name).state", at: handle, gate)
      }
    default: break
    }
    return try gate.inside { try handle.field(name) }
  }

  private static func look(
    at handle: ChannelHandle, _ name: String, _ gate: Gate, suffix: String = ""
  ) throws {
    var accesses = [Access(Gate.key(handle.channel.id) + suffix, .read)]
    if waiters.contains(name) {
      gate.need(.waiters)
      accesses.append(Access(Gate.waiters(of: handle.channel.id), .read))
    }
    _ = try gate.stop(Operation("\(handle.name).\(name)", accesses))
  }

  /// Of channels: those that other processes change.
  private static let changing: Set<String> = [
    "holder", "pid", "waiting", "value", "holders", "set", "arrived", "broken", "size", "bytes",
    "closed",
    "leased", "puts", "gets", "memory", "getting", "putting", "sent", "received", "receiving",
    "sending",
  ]
  private static let waiters: Set<String> = [
    "waiting", "getting", "putting", "receiving", "sending",
  ]
  /// Of processes.
  private static let living: Set<String> = ["state", "word", "alive", "exitcode"]
}
