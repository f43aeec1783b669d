import Channels
import Language
import Posix
import Session

/// `lock`: mutual exclusion.
enum LockCommands {
  static let all = [new, acquire, release, with, info, list, ChannelDrop.lock, LockTorture.lock]

  private static let lock = Parameter("lock", .channel(LockHandle.self, "lock"))

  static let new = Command(
    "lock new", "Make a lock: one process at a time holds it",
    details: """
      It is given back when its holder ends in any way; the next holder is told by a warning, \
      and by the record that `lock acquire` yields.
      """,
    parameters: [Parameter("name", .channelName, .optional, "chosen by Brood if it is left out")],
    flags: [Flag("reentrant", nil, "its holder may acquire it again")] + RedisPlace.flags,
    rules: RedisPlace.rules(without: ["reentrant"]),
    examples: [
      Example("lock new m\nlock acquire m\nlock release m\nprint (lock info m).holder", "null")
    ]
  ) { call in
    let session = call.session
    let isReentrant = call.isSet("reentrant")
    if let place = try RedisPlace(call) {
      return try RedisHolderVerbs.new(call, place, call.newName(), "lock", [("permits", "1")])
    }
    return .handle(
      try session.addChannel(call.newName(), prefix: "lock") { name in
        LockHandle(
          name, try mapErrors("cannot make a lock") { try Lock(isReentrant: isReentrant) })
      })
  }

  static let acquire = Command(
    "lock acquire", "Acquire a lock, waiting until it is free",
    details: """
      Yields null, or, if the last holder ended while it held the lock, a record with its pid, exit \
      and signal. Taking it twice is an error unless it is reentrant.

      At a prompt, and in scripts with `config stuck report` or `throw`, the session notes which locks \
      are taken while others are held. Where two processes do so in orders that can deadlock, it warns \
      of both lines once, also if all goes well. Locks that are taken with `--timeout`, or under a \
      lock that both have, are no danger.
      """,
    parameters: [lock], flags: [.timeout],
    examples: [
      Example(
        "lock new m\nlet p = fork { lock acquire m; kill -9 $pid }\nwait $p\n"
          + "print (lock acquire m).signal", "KILL")
    ]
  ) { call in
    guard let handle = call.local(as: LockHandle.self) else {
      return try RedisHolderVerbs.acquire(call)
    }
    return try call.session.acquire(handle, call.waitLimit)
  }

  static let release = Command(
    "lock release", "Release a lock", parameters: [lock],
    examples: [Example("lock new m\nlock acquire m\nlock release m")]
  ) { call in
    guard let handle = call.local(as: LockHandle.self) else {
      return try RedisHolderVerbs.release(call)
    }
    try call.session.release(handle)
    return .null
  }

  static let info = Command(
    "lock info", "Show which process holds a lock and which wait for it", parameters: [lock],
    traits: .reports, examples: [Example("lock new m\nprint (lock info m).reentrant", "false")]
  ) { call in try call.local(as: LockHandle.self)?.fields() ?? RedisHolderVerbs.info(call) }

  static let list = Command(
    "lock list", "List this process's locks, who holds them and who waits for them",
    traits: .reports, examples: [Example("lock new m\nprint (lock list)[0].name", "m")]
  ) { call in try channelReport(call, LockHandle.self, { try $0.fields() }, far: "lock") }
}
