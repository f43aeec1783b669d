import Channels
import Language
import Posix
import Session

/// `sem`: a number of permits.
enum SemaphoreCommands {
  static let all = [
    new, acquire, release, with, value, info, list, ChannelDrop.semaphore, LockTorture.semaphore,
  ]

  private static let semaphore = Parameter("sem", .channel(SemaphoreHandle.self, "sem"))

  static let new = Command(
    "sem new", "Make a semaphore: N processes at a time hold a permit of it",
    details: """
      A permit belongs to the process that took it: only that one can release it, and it comes back \
      when the process ends in any way. With --counter it is the textbook's counter instead: anybody \
      raises it by `release`, `acquire` waits until it can lower it, and nothing comes back.
      """,
    parameters: [
      Parameter("name", .spelled, .optional, "chosen by Brood if it is left out"),
      Parameter("n", .int, .optional, "how many permits; 1 if it is left out"),
    ],
    flags: [Flag("counter", nil, "anybody may release, and nothing comes back")]
      + RedisPlace.flags,
    rules: RedisPlace.rules(without: ["counter"]),
    examples: [
      Example("sem new s 2\nsem acquire s\nprint (sem value s)\nsem release s", "1"),
      Example(
        "sem new ready 0 --counter\nfork { sem release ready }\nsem acquire ready\nprint go", "go"),
    ]
  ) { call in
    let session = call.session
    let (name, given) = call.newNameAndNumber
    let permits = given ?? 1
    let isCounter = call.isSet("counter")
    guard permits >= (isCounter ? 0 : 1) else {
      throw call.outOfBounds(
        "argument 'n'", .atLeast(isCounter ? 0 : 1), permits,
        help: isCounter ? nil : "a semaphore that begins at 0 is a --counter")
    }
    if let place = try RedisPlace(call) {
      return try RedisHolderVerbs.new(
        call, place, name, "sem", [("permits", "\(permits)")],
        loose: given == nil ? ["permits"] : [])
    }
    return .handle(
      try session.addChannel(name, prefix: "sem") { name in
        let semaphore = try mapErrors("cannot make a semaphore") {
          try Semaphore(permits: permits, isCounter: isCounter)
        }
        return SemaphoreHandle(name, semaphore)
      })
  }

  static let acquire = Command(
    "sem acquire", "Acquire a permit, waiting for one", parameters: [semaphore], flags: [.timeout],
    examples: [
      Example(
        "sem new s 1\nlet p = fork { sem acquire s; kill -9 $pid }\nwait $p\nsem acquire s\n"
          + "print (sem value s)", "0")
    ]
  ) { call in
    guard let handle = call.local(as: SemaphoreHandle.self) else {
      return try RedisHolderVerbs.acquire(call)
    }
    let session = call.session
    let wait = call.waitLimit
    try session.acquire(handle, wait)
    return .null
  }

  static let release = Command(
    "sem release", "Release a permit", parameters: [semaphore],
    examples: [Example("sem new s\nsem acquire s\nsem release s\nprint (sem value s)", "1")]
  ) { call in
    guard let handle = call.local(as: SemaphoreHandle.self) else {
      return try RedisHolderVerbs.release(call)
    }
    let session = call.session
    try session.with(handle, "release") {
      do {
        try handle.semaphore.release(session.waitLimit())
      } catch ChannelError.notHeld {
        throw ErrorObject(
          .type, "this process holds no permit of \(handle.shown)",
          help: "only who took a permit gives it back; for one that anybody raises: sem new NAME N "
            + "--counter")
      }
    }
    return .null
  }

  static let value = Command(
    "sem value", "How many permits can be taken now", parameters: [semaphore], traits: .pure,
    examples: [Example("sem new s 3\nprint (sem value s)", "3")]
  ) { call in
    guard let handle = call.local(as: SemaphoreHandle.self) else {
      return try RedisHolderVerbs.field(call, "value")
    }
    return try handle.field("value") ?? .null
  }

  static let info = Command(
    "sem info", "Show which processes hold permits of a semaphore and which wait",
    parameters: [semaphore],
    traits: .reports, examples: [Example("sem new s 3\nprint (sem info s).permits", "3")]
  ) { call in
    try call.local(as: SemaphoreHandle.self)?.fields() ?? RedisHolderVerbs.info(call)
  }

  static let list = Command(
    "sem list", "List this process's semaphores, who holds permits and who waits",
    traits: .reports, examples: [Example("sem new s 2\nprint (sem list)[0].value", "2")]
  ) { call in try channelReport(call, SemaphoreHandle.self, { try $0.fields() }, far: "sem") }
}

extension Session {
  /// Takes a permit; a timeout names who holds them and in which state that is.
  func acquire(_ handle: SemaphoreHandle, _ wait: Wait) throws {
    try with(handle, "acquire") {
      do {
        try handle.semaphore.acquire(wait)
      } catch ChannelError.selfDeadlock {
        let count = handle.semaphore.permits
        throw ErrorObject(
          .type,
          "this process holds \(count == 1 ? "the permit" : "all \(count) permits") of "
            + "\(handle.shown) already: it would wait for itself for ever",
          help: "release one first: sem release \(handle.name)")
      } catch ChannelError.timeout {
        let holders = try handle.semaphore.holders(waitLimit())
        if holders.isEmpty { throw ChannelError.timeout }
        let shown = holders.prefix(8).map { holder in
          named(holder.process.pid)
            + (holder.process.state == UInt8(ascii: "T") ? " (stopped)" : "")
        }
        let more = holders.count > 8 ? " and \(holders.count - 8) more" : ""
        throw ErrorObject(
          .timeout,
          "cannot acquire \(handle.shown) in time: its permits are held by "
            + shown.joined(separator: ", ") + more)
      }
    }
  }
}
