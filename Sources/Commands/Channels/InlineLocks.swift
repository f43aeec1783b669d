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

/// The same of something on a server.
private final class RedisTaken: Handle {
  let handle: RedisHolderHandle
  let fence: Int

  init(_ handle: RedisHolderHandle, fence: Int) { (self.handle, self.fence) = (handle, fence) }
}

/// A channel that is, or has, a lock.
protocol Lockable: ChannelHandle {
  func acquire(_ wait: Wait) throws -> Ending?
  func release(_ wait: Wait) throws
  var holder: ProcessIdentity? { get }
}

extension LockHandle: Lockable {
  func acquire(_ wait: Wait) throws -> Ending? { try lock.acquire(wait) }
  func release(_ wait: Wait) throws { try lock.release(wait) }
  var holder: ProcessIdentity? { lock.holder }
}

extension SharedHandle: Lockable {
  func acquire(_ wait: Wait) throws -> Ending? { try memory.acquire(wait) }
  func release(_ wait: Wait) throws { try memory.release(wait) }
  var holder: ProcessIdentity? { memory.holder }
}

extension ConditionHandle: Lockable {
  func acquire(_ wait: Wait) throws -> Ending? { try condition.mutex.acquire(wait) }
  func release(_ wait: Wait) throws { try condition.mutex.release(wait) }
  var holder: ProcessIdentity? { condition.mutex.holder }
}

extension InlineBody {
  /// A lock around a block, whose parameter is what `acquire` yields.
  static func holding<H: Lockable>(_ type: H.Type) -> InlineBody {
    InlineBody(
      parameter: "previous",
      enter: { call in
        if case .handle(let far as RedisHolderHandle) = call[0] {
          return .handle(RedisTaken(far, fence: try far.acquireForBlock(call.waitLimit)))
        }
        let handle = try call.channel(as: type)
        let wait = call.waitLimit
        do {
          guard let dead = try handle.acquire(wait) else { return .handle(handle) }
          return .handle(Taken(handle, dead: try call.session.report(dead, handle)))
        } catch {
          throw call.session.lockError(error, handle, "acquire")
        }
      },
      value: { _, token in
        if case .handle(let taken as Taken) = token { return taken.dead }
        if case .handle(let taken as RedisTaken) = token { return .int(taken.fence) }
        return .null
      },
      leave: { interpreter, token in
        guard case .handle(let given) = token else { return }
        guard let handle = given as? H ?? (given as? Taken)?.handle as? H else {
          return try (given as? RedisTaken)?.handle.leaveBlock() ?? ()
        }
        let session = interpreter.session
        // What cannot be written is said once the lock is free.
        let written = Result { try session.output.flushBeforeOthersKnow() }
        do {
          try handle.release(interpreter.session.waitLimit())
        } catch ChannelError.notHeld {
          // It was released inside the block, or this is a child that began in it.
        } catch {
          throw interpreter.session.lockError(error, handle, "release")
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
      parameter is what `lock acquire` yields. A lock on a server may be lost meanwhile: then the \
      block is left by `peer-died` at its next statement.
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
    inline: .holding(LockHandle.self))
}

extension SharedCommands {
  static let lock = Command(
    "shm lock", "Hold the lock that goes with shared memory while a block runs",
    details:
      "As `lock with`; `shm update` takes the same lock, and may be used inside by who holds it.",
    parameters: [shared, Parameter("block", .function)], flags: [.timeout],
    examples: [
      Example(
        "shm new n int\nfor i in 1..4 { fork { for k in 1..500 { shm lock n { shm set n ((shm get n) "
          + "+ 1) } } } }\nwait --all\nprint (shm get n)", "2000")
    ],
    inline: .holding(SharedHandle.self))
}

extension ConditionCommands {
  static let with = Command(
    "cond with", "Hold the lock of a condition while a block runs", details: "As `lock with`.",
    parameters: [
      Parameter("cond", .channel(ConditionHandle.self, "cond")), Parameter("block", .function),
    ],
    flags: [.timeout], examples: [Example("cond new c\ncond with c { print inside }", "inside")],
    inline: .holding(ConditionHandle.self))
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
        if case .handle(let far as RedisHolderHandle) = call[0] {
          return .handle(RedisTaken(far, fence: try far.acquireForBlock(call.waitLimit)))
        }
        let handle = try call.channel(as: SemaphoreHandle.self)
        let wait = call.waitLimit
        try call.session.acquire(handle, wait)
        return .handle(handle)
      },
      leave: { interpreter, token in
        if case .handle(let taken as RedisTaken) = token { return try taken.handle.leaveBlock() }
        guard case .handle(let handle as SemaphoreHandle) = token else { return }
        let session = interpreter.session
        // What cannot be written is said once the lock is free.
        let written = Result { try session.output.flushBeforeOthersKnow() }
        do {
          try handle.semaphore.release(session.waitLimit())
        } catch ChannelError.notHeld {
          // It was released inside the block, or this is a child that began in it.
        } catch let error as ChannelError {
          throw session.error(error, handle, "release")
        }
        try written.get()
      }))
}
