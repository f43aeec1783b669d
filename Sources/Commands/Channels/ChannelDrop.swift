import Channels
import Language
import Session

/// `drop`, which every family of channels has.
enum ChannelDrop {
  static let pipe = command(PipeHandle.self, "pipe", parameter: .pipe)
  static let queue = command(QueueHandle.self, "queue")
  static let memory = command(SharedHandle.self, "shm", make: "int", what: "shared memory")
  static let lock = command(LockHandle.self, "lock")
  static let semaphore = command(SemaphoreHandle.self, "sem", make: "2", what: "a semaphore")
  static let event = command(EventHandle.self, "event", what: "an event")
  static let barrier = command(BarrierHandle.self, "barrier", make: "2")
  static let condition = command(ConditionHandle.self, "cond", what: "a condition")

  /// The verb of one family.
  ///
  /// - Parameter make: what `new` needs beside the name.
  private static func command<H: ChannelHandle>(
    _ type: H.Type, _ family: String, make: String = "", what: String? = nil,
    parameter: ParameterType? = nil
  ) -> Command {
    let canBeFar = ["queue", "shm", "lock", "sem", "event"].contains(family)
    let new = make.isEmpty ? "\(family) new x" : "\(family) new x \(make)"
    return Command(
      "\(family) drop", "Let go of \(what ?? "a \(family)"): its name is free again",
      details: """
        Only this process lets go; the memory and the descriptors go with the last process that \
        has it. What is made again and again in a loop should be dropped there.
        """,
      parameters: [Parameter(family, parameter ?? .channel(type, family))],
      flags: canBeFar
        ? [Flag("remove", nil, "of something on a server: remove it there, too, for all")] : [],
      examples: [Example("\(new)\n\(family) drop x\nprint (len (\(family) list))", "0")]
    ) { call in
      if case .handle(let far as RedisHandle) = call[0] {
        if call.isSet("remove") {
          try far.mapErrors("remove") { try far.remove(far.session.waitLimit(3_000_000_000)) }
        }
        far.drop(call.session)
        return .null
      }
      if canBeFar, call.isSet("remove") {
        throw call.error(.arity, "--remove is for what lies on a server")
      }
      let handle = try handle(call, type)
      try requireFree(handle, call)
      call.session.dropChannel(handle)
      return .null
    }
  }

  private static func handle<H: ChannelHandle>(
    _ call: borrowing Call, _ type: H.Type
  ) throws -> ChannelHandle {
    // An end of a pipe stands for the whole.
    if case .handle(let end as PipeEndHandle) = call[0] { return end.owner }
    return try call.channel(as: type)
  }

  /// What this process holds must be given back first: no other process could do it.
  private static func requireFree(_ handle: ChannelHandle, _ call: borrowing Call) throws {
    let session = call.session
    switch handle {
    case let lock as LockHandle where lock.lock.holder?.isOwn == true: break
    case let semaphore as SemaphoreHandle where !semaphore.semaphore.isCounter:
      let holders = try session.with(semaphore, "look at") {
        try semaphore.semaphore.holders(session.waitLimit())
      }
      guard holders.contains(where: { $0.process.isOwn }) else { return }
    case let condition as ConditionHandle where condition.condition.mutex.holder?.isOwn == true:
      break
    case let queue as QueueHandle:
      // What is lent to this process goes back to the others.
      try session.with(queue, "look at") {
        do {
          _ = try queue.giveBack(session.waitLimit())
        } catch ChannelError.notHeld {
          // Nothing was.
        }
      }
      return
    default: return
    }
    throw call.error(
      .type, "this process holds \(handle.shown)",
      help: "release it before you drop it")
  }
}
