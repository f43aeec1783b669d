import Channels
import Language
import Posix
import Session

/// Something that is taken before a block and given back after it, however the block is left.
///
/// The token of the inline block: a handle, so that it costs no allocation where the channel's own
/// handle can stand for it.
private final class Taken: Handle {
  let handle: ChannelHandle
  /// How the last holder ended that died with it.
  let dead: Value

  init(_ handle: ChannelHandle, dead: Value) {
    self.handle = handle
    self.dead = dead
  }
}

extension InlineBody {
  /// A lock around a block, whose parameter is what `acquire` yields.
  static func holding<H: ChannelHandle>(
    _ type: H.Type, acquire: @escaping @Sendable (H, Wait) throws -> Ending?,
    release: @escaping @Sendable (H, Wait) throws -> Void,
    holder: @escaping @Sendable (H) -> ProcessIdentity?
  ) -> InlineBody {
    InlineBody(
      parameter: "previous",
      enter: { call in
        let handle = try call.channel(as: type)
        let session = call.session
        let wait = call.patience
        let dead = try session.withLock(handle, "acquire", holder: { holder(handle) }) {
          try acquire(handle, wait)
        }
        guard let dead else { return .handle(handle) }
        return .handle(Taken(handle, dead: try session.report(dead, handle)))
      },
      value: { _, token in
        if case .handle(let taken as Taken) = token { return taken.dead }
        return .null
      },
      leave: { interpreter, token in
        guard case .handle(let given) = token,
          let handle = (given as? Taken)?.handle ?? given as? ChannelHandle,
          let handle = handle as? H
        else { return }
        let session = interpreter.session
        // What cannot be written is said once the lock is free.
        let written = Result { try session.output.flushBeforeOthersKnow() }
        do {
          try release(handle, session.patience())
        } catch ChannelError.notHeld {
          // It was released inside the block, or this is a child that began in it.
        } catch let error as ChannelError {
          throw session.error(error, handle, "release")
        }
        try written.get()
      })
  }
}

extension LockCommands {
  static let with = Command(
    "lock with", "Hold a lock while a block runs",
    details: """
      The lock is given back however the block is left: at its end, by return, break, continue, an \
      error or Ctrl-C. The block runs in place, so that it can assign variables around it. Its \
      parameter is what `lock acquire` yields.
      """,
    parameters: [
      Parameter("lock", .channel(LockHandle.self, "lock")), Parameter("block", .function),
    ],
    flags: [.timeout],
    examples: [
      Example(
        "lock new m\nvar total = 0\nfor i in 1..3 { lock with m { if $i == 2 { continue }; total += "
          + "$i } }\nprint $total", "4")
    ],
    inline: .holding(
      LockHandle.self, acquire: { try $0.lock.acquire($1) }, release: { try $0.lock.release($1) },
      holder: { $0.lock.holder }))
}

extension SharedCommands {
  static let lock = Command(
    "shm lock", "Hold the lock that goes with shared memory while a block runs",
    details: "As `lock with`; `shm update` takes the same lock.",
    parameters: [shared, Parameter("block", .function)], flags: [.timeout],
    examples: [
      Example(
        "shm new n int\nfor i in 1..4 { fork { for k in 1..500 { shm lock n { shm set n ((shm get n) "
          + "+ 1) } } } }\nwait --all\nprint (shm get n)", "2000")
    ],
    inline: .holding(
      SharedHandle.self, acquire: { try $0.memory.acquire($1) },
      release: { try $0.memory.release($1) }, holder: { $0.memory.holder }))
}

extension ConditionCommands {
  static let with = Command(
    "cond with", "Hold the lock of a condition while a block runs", details: "As `lock with`.",
    parameters: [
      Parameter("cond", .channel(ConditionHandle.self, "cond")), Parameter("block", .function),
    ],
    flags: [.timeout], examples: [Example("cond new c\ncond with c { print inside }", "inside")],
    inline: .holding(
      ConditionHandle.self, acquire: { try $0.condition.mutex.acquire($1) },
      release: { try $0.condition.mutex.release($1) }, holder: { $0.condition.mutex.holder }))
}

extension SemaphoreCommands {
  static let with = Command(
    "sem with", "Hold a permit while a block runs",
    details: "The permit is given back however the block is left, as by `lock with`.",
    parameters: [
      Parameter("sem", .channel(SemaphoreHandle.self, "sem")), Parameter("block", .function),
    ],
    flags: [.timeout],
    examples: [
      Example("sem new s 2\nsem with s { print (sem value s) }\nprint (sem value s)", "1\n2")
    ],
    inline: InlineBody(
      enter: { call in
        let handle = try call.channel(as: SemaphoreHandle.self)
        let wait = call.patience
        try call.session.acquire(handle, wait)
        return .handle(handle)
      },
      leave: { interpreter, token in
        guard case .handle(let handle as SemaphoreHandle) = token else { return }
        let session = interpreter.session
        // What cannot be written is said once the lock is free.
        let written = Result { try session.output.flushBeforeOthersKnow() }
        do {
          try handle.semaphore.release(session.patience())
        } catch ChannelError.notHeld {
          // It was released inside the block, or this is a child that began in it.
        } catch let error as ChannelError {
          throw session.error(error, handle, "release")
        }
        try written.get()
      }))
}
