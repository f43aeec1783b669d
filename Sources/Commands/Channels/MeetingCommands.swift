import Channels
import Language
import Posix
import Session

/// `event`: a flag that processes wait for.
enum EventCommands {
  static let all = [new, set, clear, wait, isSet, list, ChannelDrop.event]

  private static let event = Parameter("event", .channel(EventHandle.self, "event"))

  static let new = Command(
    "event new", "Make an event: a flag that processes wait for",
    parameters: [Parameter("name", .channelName, .optional, "chosen by Brood if it is left out")],
    flags: RedisPlace.flags, rules: RedisPlace.rules(),
    examples: [
      Example("event new go\nfork { event wait go; print started }\nevent set go\nwait", "started")
    ]
  ) { call in
    let session = call.session
    if let place = try RedisPlace(call) {
      return try RedisHolderVerbs.new(call, place, call.newName(), "event", [])
    }
    return .handle(
      try session.addChannel(call.newName(), prefix: "event") { name in
        EventHandle(name, try mapErrors("cannot make an event") { try Event() })
      })
  }

  static let set = Command(
    "event set", "Set an event: waiting processes go on, and later ones do not wait",
    parameters: [event],
    examples: [Example("event new go\nevent set go\nprint (event is-set go)", "true")]
  ) { call in
    guard let handle = call.local(as: EventHandle.self) else {
      return try RedisHolderVerbs.set(call, true)
    }
    let session = call.session
    try session.with(handle, "set") { try handle.event.set(session.waitLimit()) }
    return .null
  }

  static let clear = Command(
    "event clear", "Clear an event: processes wait for it again", parameters: [event],
    examples: [
      Example("event new go\nevent set go\nevent clear go\nprint (event is-set go)", "false")
    ]
  ) { call in
    guard let handle = call.local(as: EventHandle.self) else {
      return try RedisHolderVerbs.set(call, false)
    }
    let session = call.session
    try session.with(handle, "clear") { try handle.event.clear(session.waitLimit()) }
    return .null
  }

  static let wait = Command(
    "event wait", "Wait until an event is set; yields true, or false after a timeout",
    parameters: [event], flags: [.softTimeout],
    examples: [Example("event new go\nprint (event wait go --timeout 10ms)", "false")]
  ) { call in
    guard let handle = call.local(as: EventHandle.self) else {
      return try RedisHolderVerbs.wait(call)
    }
    let limit = call.waitLimit
    return try call.session.with(handle, "wait for") {
      do {
        try handle.event.wait(limit)
        return .bool(true)
      } catch ChannelError.timeout {
        return .bool(false)
      }
    }
  }

  static let isSet = Command(
    "event is-set", "Whether an event is set", parameters: [event], traits: .pure,
    examples: [Example("event new go\nprint (event is-set go)", "false")]
  ) { call in
    guard let handle = call.local(as: EventHandle.self) else {
      return try RedisHolderVerbs.field(call, "set")
    }
    return .bool(handle.event.isSet)
  }

  static let list = Command(
    "event list", "List this process's events and who waits for them", traits: .reports,
    examples: [Example("event new go\nprint (event list)[0].set", "false")]
  ) { call in try channelReport(call, EventHandle.self, { try $0.fields() }, far: "event") }
}

/// `barrier`: a place where N processes wait for each other.
enum BarrierCommands {
  static let all = [new, wait, reset, list, ChannelDrop.barrier]

  private static let barrier = Parameter("barrier", .channel(BarrierHandle.self, "barrier"))

  static let new = Command(
    "barrier new", "Make a barrier: a place where N processes wait for each other",
    details: """
      It opens when all N have come, and is ready for the next round at once. A party that dies \
      while it waits breaks the barrier, and so does one that is killed before it came, once fewer \
      have the barrier and live than are missing, for half a second: the others, and those that come \
      later, get `peer-died`, until `barrier reset`. A party that ends normally without coming \
      breaks nothing: the others wait for one more, as long as another process has the barrier.
      """,
    parameters: [
      Parameter("name", .spelled, .optional, "chosen by Brood if it is left out"),
      Parameter("n", .int.within(1...65536), .optional, "how many parties"),
    ],
    examples: [
      Example(
        "barrier new meet 2\nlet p = fork { barrier wait meet }\nbarrier wait meet\n"
          + "print (wait $p).ok", "true")
    ]
  ) { call in
    let session = call.session
    let (name, given) = call.newNameAndNumber
    guard let parties = given else {
      throw call.error(
        .arity, "a barrier needs its number of parties", help: "write: barrier new NAME N")
    }
    guard parties >= 1, parties <= 65536 else {
      throw call.outOfBounds("argument 'n'", .within(1...65536), parties)
    }
    return .handle(
      try session.addChannel(name, prefix: "barrier") { name in
        BarrierHandle(
          name, try mapErrors("cannot make a barrier") { try Barrier(parties: parties) })
      })
  }

  static let wait = Command(
    "barrier wait", "Wait until all parties have arrived; yields the order of arrival, from 0",
    details: """
      Throws `timeout` at the end of the time, and says how many have come and who has not; then \
      this process does not count. Throws `peer-died` if a party died at the barrier, or too few \
      are left to come.
      """,
    parameters: [barrier], flags: [.timeout],
    examples: [
      Example(
        "barrier new meet 2\ntry { barrier wait meet --timeout 10ms } catch e: timeout { print "
          + "$e.message }", "barrier 'meet' did not open in time: 1 of 2 have come…")
    ]
  ) { call in
    let handle = try call.channel(as: BarrierHandle.self)
    let session = call.session
    let limit = call.waitLimit
    return try session.with(handle, "wait at") {
      do {
        return .int(try handle.barrier.wait(limit))
      } catch ChannelError.peerDied(let ending) where handle.barrier.isBroken {
        let consequence =
          handle.barrier.breach == .tooFewLeft
          ? ", and too few are left to come" : " while it waited there"
        throw ErrorObject(
          .peerDied,
          "\(handle.shown) is broken: process \(session.named(ending.pid)) \(ending.description)"
            + consequence, help: "make it whole again: barrier reset \(handle.name)",
          payload: ending.facts)
      } catch let missing as Barrier.Missing {
        let absent = missing.absent.map { session.named($0) }
        let others = missing.arrived > 1 ? "further" : "other"
        throw ErrorObject(
          .timeout,
          "\(handle.shown) did not open in time: \(missing.arrived) of \(missing.parties) have come"
            + (absent.isEmpty
              ? ", and no \(others) process has it"
              : ", not yet: " + absent.joined(separator: ", ")),
          payload: [
            "arrived": .int(missing.arrived), "missing": .items(absent.map { .text($0) }),
          ])
      }
    }
  }

  static let reset = Command(
    "barrier reset", "Reset a broken barrier",
    details: "Its waiters get `closed`.", parameters: [barrier],
    examples: [Example("barrier new meet 2\nbarrier reset meet")]
  ) { call in
    let handle = try call.channel(as: BarrierHandle.self)
    let session = call.session
    try session.with(handle, "reset") { try handle.barrier.reset(session.waitLimit()) }
    return .null
  }

  static let list = Command(
    "barrier list", "List this process's barriers and who has come to them", traits: .reports,
    examples: [Example("barrier new meet 2\nprint (barrier list)[0].parties", "2")]
  ) { call in try channelReport(call, BarrierHandle.self) { try $0.fields() } }
}

/// `cond`: a condition variable with its lock.
enum ConditionCommands {
  static let all = [
    new, acquire, release, with, wait, notify, notifyAll, list, ChannelDrop.condition,
  ]

  private static let condition = Parameter("cond", .channel(ConditionHandle.self, "cond"))

  static let new = Command(
    "cond new", "Make a condition variable: processes wait until they are notified",
    details: """
      It goes with a lock that guards what it is about: LOCK, or one of its own, which `cond acquire`, \
      `cond release` and `cond with` take and give back.
      """,
    parameters: [
      Parameter("name", .channelName, .optional, "chosen by Brood if it is left out"),
      Parameter("lock", .channel(LockHandle.self, "lock"), .optional, "the lock it goes with"),
    ],
    flags: [Flag("lock", .channel(LockHandle.self, "lock"), "the lock it goes with")],
    examples: [
      Example(
        "cond new ready\nlet p = fork { cond acquire ready; cond wait ready; cond release ready; "
          + "print told }\nwhile (cond notify ready) == 0 { sleep 1ms }\nwait $p", "told")
    ]
  ) { call in
    let session = call.session
    let given = call.has(1) ? call[1] : call.flag("lock") ?? .null
    if case .handle(let handle as RedisHandle) = given {
      throw call.error(
        .type, "\(handle.shown) is on a server: a condition goes with a lock of this session")
    }
    let lock: Lock? = if case .handle(let handle as LockHandle) = given { handle.lock } else { nil }
    return .handle(
      try session.addChannel(call.newName(), prefix: "cond") { name in
        let condition = try mapErrors("cannot make a condition") { try Condition(mutex: lock) }
        return ConditionHandle(name, condition)
      })
  }

  static let acquire = Command(
    "cond acquire", "Acquire the lock of a condition, waiting until it is free",
    parameters: [condition], flags: [.timeout],
    examples: [Example("cond new c\ncond acquire c\ncond release c")]
  ) { call in
    let handle = try call.channel(as: ConditionHandle.self)
    return try call.session.acquire(handle, call.waitLimit)
  }

  static let release = Command(
    "cond release", "Release the lock of a condition", parameters: [condition],
    examples: [Example("cond new c\ncond acquire c\ncond release c")]
  ) { call in
    let handle = try call.channel(as: ConditionHandle.self)
    try call.session.release(handle)
    return .null
  }

  static let wait = Command(
    "cond wait", "Wait until a condition is notified",
    details: """
      If this process holds its lock, the lock is free meanwhile, and held again afterwards. Look \
      again at what it is about: others may have been faster. Yields what `cond acquire` does: null, \
      or, with a warning, how a process ended that held the lock meanwhile and died with it.
      """,
    parameters: [condition], flags: [.timeout],
    examples: [
      Example(
        "cond new c\ntry { cond wait c --timeout 10ms } catch e: timeout { print late }", "late")
    ]
  ) { call in
    let handle = try call.channel(as: ConditionHandle.self)
    let limit = call.waitLimit
    let session = call.session
    var dead: Ending?
    let outcome = Result {
      try session.with(handle, "wait for") { try handle.condition.wait(limit, dead: &dead) }
    }
    let told = try session.report(dead, handle)
    try outcome.get()
    return told
  }

  static let notify = Command(
    "cond notify", "Wake N processes that wait for a condition, 1 by default; yields how many",
    parameters: [condition, Parameter("n", .int, .optional)],
    examples: [Example("cond new c\nprint (cond notify c)", "0")]
  ) { call in .int(try notify(call, call.has(1) ? max(0, call.int(1)) : 1)) }

  static let notifyAll = Command(
    "cond notify-all", "Wake all processes that wait for a condition; yields how many",
    parameters: [condition],
    examples: [Example("cond new c\nprint (cond notify-all c)", "0")]
  ) { call in .int(try notify(call, .max)) }

  private static func notify(_ call: borrowing Call, _ count: Int) throws -> Int {
    let handle = try call.channel(as: ConditionHandle.self)
    let session = call.session
    return try session.with(handle, "notify") {
      try handle.condition.notify(count, session.waitLimit())
    }
  }

  static let list = Command(
    "cond list", "List this process's conditions and how many wait for them", traits: .reports,
    examples: [Example("cond new c\nprint (cond list)[0].waiting", "0")]
  ) { call in try channelReport(call, ConditionHandle.self) { try $0.fields() } }
}
