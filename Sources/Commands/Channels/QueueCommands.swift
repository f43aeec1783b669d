import Channels
import Language
import Posix
import Session

/// `queue`: values from any number of producers to any number of consumers, first in, first out.
enum QueueCommands {
  static let all = [
    new, put, get, putMany, getMany, items, ack, nack, peek, size, full, empty, close, info, dead,
    list, ChannelDrop.queue, QueueTorture.command,
  ]

  private static let type = ParameterType.channel(QueueHandle.self, "queue")
  private static let queue = Parameter("queue", type)
  private static let noWait = Flag("no-wait", nil, "throw `empty` rather than wait for a value")
  private static let lease = Flag(
    "lease", .duration, "only lend it: it comes back unless `queue ack` comes within this long")

  static let new = Command(
    "queue new", "Make a queue: first in, first out, for any number of processes",
    details: """
      MAX bounds the items in it, --bytes their size; `put` waits while it is full. `config \
      limit.queue` bounds its memory in any case.

      Whichever process is killed, at any instant: no item is torn, none is lost but the one in the hands of \
      the dead, and no process waits for ever. With `queue get --lease` that one comes back too. \
      There is no need to empty a queue before its producers are waited for.

      With --on it is on a Redis server, for all hosts: the first one makes it with its MAX and --attempts, \
      others find it by the same address and key, which is the name if it is left out. What is lent \
      there stays lent as long as its holder lives: one that was killed or stopped loses it within 7s \
      while another waits. The password comes from BROOD_REDIS_PASSWORD or --password-file. Who waits \
      there waits for ever: others may come.
      """,
    parameters: [
      Parameter("name", .spelled, .optional, "chosen by Brood if it is left out"),
      Parameter(
        "max", .int.atLeast(1, help: "leave it out for a queue without a bound"), .optional,
        "how many items fit"),
    ],
    flags: [
      Flag("bytes", .size.atLeast(1), "how many bytes fit"),
      Flag(
        "attempts", .int.atLeast(1),
        "with --on: what was lent this many times and came back goes to the dead letters"),
    ] + RedisPlace.flags,
    rules: RedisPlace.rules(needing: ["attempts"], without: ["bytes"]),
    examples: [
      Example("queue new jobs 3\nqueue put jobs [id: 7]\nprint (queue get jobs).id", "7"),
      Example(
        "queue new squares\nfork { for i in 1..3 { queue put squares ($i * $i) }; queue close "
          + "squares }\nfor x in (queue items squares) { print $x }", "1\n4\n9"),
    ]
  ) { call in
    let session = call.session
    let (name, most) = call.newNameAndNumber
    if let most, most < 1 {
      throw call.outOfBounds(
        "argument 'max'", .atLeast(1), most, help: "leave it out for a queue without a bound")
    }
    if let place = try RedisPlace(call) {
      return try RedisQueueVerbs.new(call, place, name, most: most)
    }
    var mostBytes: Int?
    if case .size(let bytes)? = call.flag("bytes") { mostBytes = bytes }
    let handle = try session.addChannel(name, prefix: "queue") { name in
      let queue = try mapErrors("cannot make a queue") {
        try Queue(
          mostItems: most, mostBytes: mostBytes, mostMemory: session.queueMemory)
      }
      return QueueHandle(name, queue)
    }
    return .handle(handle)
  }

  static let put = Command(
    "queue put", "Put a value into a queue, waiting for room",
    details: """
      Throws `closed` after `queue close`, and `closed` or `peer-died` if the queue is full and \
      no other process is left that could take something out. Of values that hold handles some ten thousand \
      can wait, and without root's rights as many as the kernel allows: beyond that it waits, or \
      throws `limit` if no other process is left.
      """,
    parameters: [queue, Parameter("value", .any)],
    flags: [.timeout, Flag("no-wait", nil, "throw `full` rather than wait for room")],
    examples: [
      Example(
        "queue new small 1\nqueue put small first\ntry { queue put small second --no-wait } "
          + "catch e: full { print $e.message }", "queue 'small' is full")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.put(call)
    }
    try handle.put(call.value(1), call.waitLimit)
    return .null
  }

  static let get = Command(
    "queue get", "Take the first value out of a queue, waiting for one",
    details: """
      Throws `closed` once the queue is closed and empty, and `closed` or `peer-died` if it is \
      empty and no other process is left that could put something in.

      With --lease the value is only lent: `queue ack` makes it this process's for good, `queue \
      nack`, the end of the time, or the death of this process gives it back, as the next one to \
      be taken. A value that holds handles is never lent.
      """,
    parameters: [queue], flags: [.timeout, noWait, lease],
    examples: [
      Example("queue new q\nqueue put q 1\nprint (queue get q) (queue size q)", "1 0"),
      Example(
        "queue new jobs\nqueue put jobs 'a job'\nlet p = fork { queue get jobs --lease 1m; kill -9 "
          + "$pid }\nwait $p\nprint (queue get jobs)", "a job"),
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.get(call)
    }
    return try handle.get(
      lease: call.nanoseconds("lease").map { Int64($0) }, call.waitLimit)
  }

  static let putMany = Command(
    "queue put-many", "Put the items of a list into a queue, in their order",
    details: "Many small ones at a time: several times faster than one by one.",
    parameters: [queue, Parameter("list", .iterable)], flags: [.timeout],
    examples: [
      Example("queue new q\nqueue put-many q 1..1000\nprint (queue size q)", "1000")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.putMany(call)
    }
    let wait = call.waitLimit
    if case .list(let list) = call.value(1) {
      try handle.putMany(list.items, wait)
      return .null
    }
    var waiting: [Value] = []
    try call.interpreter.iterate(call.value(1)) { item, _ in
      waiting.append(item)
      if waiting.count >= 1000 {
        try handle.putMany(waiting, wait)
        waiting.removeAll(keepingCapacity: true)
      }
      return true
    }
    try handle.putMany(waiting, wait)
    return .null
  }

  static let getMany = Command(
    "queue get-many", "Take up to N values out of a queue, waiting for the first",
    details: """
      A value that cannot be received here, as the handle of a process that this one does not know, \
      costs no other: what comes before it is yielded, and it is the next one to be taken, by \
      whichever process. As the first one it is taken, lost, and its error thrown, as by `queue get`.
      """,
    parameters: [queue, Parameter("n", .int.atLeast(1))], flags: [.timeout, noWait, lease],
    examples: [
      Example(
        "queue new q\nqueue put-many q [a, b, c]\nprint (queue get-many q 10)",
        "[\"a\", \"b\", \"c\"]")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.getMany(call)
    }
    return .items(
      try handle.getMany(
        call.int(1), lease: call.nanoseconds("lease").map { Int64($0) }, call.waitLimit))
  }

  static let items = Command(
    "queue items", "Yield what comes out of a queue, until it is closed and empty",
    details:
      "A source for `for`, `map`, `filter` and `each`; each item is taken when its turn comes.",
    parameters: [queue], flags: [.timeout],
    examples: [
      Example(
        "queue new q\nqueue put-many q 1..4\nqueue close q\nprint (sum (queue items q))", "10")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.items(call)
    }
    let session = call.session
    let timeout = call.nanoseconds("timeout")
    return .stream(
      GeneratedStream {
        try handle.requireKept()
        do {
          return try handle.get(session.waitLimit(timeout))
        } catch let error as ErrorObject where error.kind == .closed {
          return nil
        }
      })
  }

  static let ack = Command(
    "queue ack", "Acknowledge all that this process has leased from a queue: it is gone for good",
    details: "Yields how many values that were; throws `missing` if there are none.",
    parameters: [queue],
    examples: [
      Example(
        "queue new q\nqueue put q 1\nqueue get q --lease 1s\nprint (queue ack q) (queue size q)",
        "1 0")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.ack(call)
    }
    return .int(try leased(handle, call.session) { try handle.acknowledge($0) })
  }

  static let nack = Command(
    "queue nack", "Return to a queue all that this process has leased from it",
    details: "Yields how many values that were; throws `missing` if there are none.",
    parameters: [queue],
    examples: [
      Example(
        "queue new q\nqueue put q 1\nqueue get q --lease 1s\nprint (queue nack q) (queue size q)",
        "1 1")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.nack(call)
    }
    return .int(try leased(handle, call.session) { try handle.giveBack($0) })
  }

  private static func leased(
    _ handle: QueueHandle, _ session: Session, _ body: (Wait) throws -> Int
  ) throws -> Int {
    try session.with(handle, "look into") {
      do {
        return try body(session.waitLimit())
      } catch ChannelError.notHeld {
        throw ErrorObject(
          .missing, "this process holds nothing of \(handle.shown)",
          help: "it was never lent by `queue get --lease`, or its time was over")
      }
    }
  }

  static let peek = Command(
    "queue peek", "Look at the first value of a queue without taking it",
    details: "Throws `empty` if there is none.",
    parameters: [queue],
    examples: [
      Example("queue new q\nqueue put q 1\nprint (queue peek q) (queue size q)", "1 1")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.peek(call)
    }
    let session = call.session
    return try session.with(handle, "peek into") {
      try handle.queue.peek(session.waitLimit()) { try handle.value($0) }
    }
  }

  static let size = Command(
    "queue size", "How many values can be taken out of a queue now", parameters: [queue],
    traits: .pure,
    examples: [Example("queue new q\nqueue put-many q [1, 2]\nprint (queue size q)", "2")]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return .int(try RedisQueueVerbs.size(call))
    }
    let session = call.session
    return .int(
      try session.with(handle, "look into") { try handle.queue.count(session.waitLimit()) })
  }

  static let full = Command(
    "queue full", "Whether a queue has no room now", parameters: [queue], traits: .pure,
    examples: [Example("queue new q 1\nqueue put q 1\nprint (queue full q)", "true")]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.full(call)
    }
    let session = call.session
    return .bool(
      try session.with(handle, "look into") { try handle.queue.isFull(session.waitLimit()) })
  }

  static let empty = Command(
    "queue empty", "Whether nothing can be taken out of a queue now", parameters: [queue],
    traits: .pure, examples: [Example("queue new q\nprint (queue empty q)", "true")]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return .bool(try RedisQueueVerbs.size(call) == 0)
    }
    let session = call.session
    return .bool(
      try session.with(handle, "look into") { try handle.queue.count(session.waitLimit()) } == 0)
  }

  static let close = Command(
    "queue close", "Close a queue to further items; those in it can still be taken out",
    parameters: [queue],
    examples: [
      Example(
        "queue new q\nqueue put q last\nqueue close q\nprint (queue get q)\n"
          + "try { queue get q } catch e: closed { print $e.kind }", "last\nclosed")
    ]
  ) { call in
    guard let handle = call.local(as: QueueHandle.self) else {
      return try RedisQueueVerbs.close(call)
    }
    let session = call.session
    try session.with(handle, "close") { try handle.queue.close(session.waitLimit()) }
    return .null
  }

  static let info = Command(
    "queue info", "Show details of a queue", parameters: [queue],
    traits: .reports,
    examples: [Example("queue new q 5\nprint (queue info q).max", "5")]
  ) { call in try call.local(as: QueueHandle.self)?.record() ?? RedisQueueVerbs.info(call) }

  static let dead = Command(
    "queue dead", "List what a queue on a server gave up after --attempts",
    details: "A record for each value, with how often it was taken; they stay on the server.",
    parameters: [queue], traits: .reports
  ) { call in try RedisQueueVerbs.dead(call) }

  static let list = Command(
    "queue list", "List this process's queues, their use, and who waits for them",
    traits: .reports,
    examples: [Example("queue new q\nprint (queue list)[0].name", "q")]
  ) { call in try channelReport(call, QueueHandle.self, { try $0.record() }, far: "queue") }
}
