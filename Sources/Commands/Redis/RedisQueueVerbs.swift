import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// The verbs of queues where the queue is on a server.
enum RedisQueueVerbs {
  private static func handle(_ call: borrowing Call) throws -> RedisQueueHandle {
    try call.far(as: RedisQueueHandle.self)
  }

  /// `queue new --on`.
  static func new(
    _ call: borrowing Call, _ place: RedisPlace, _ name: String?, most: Int?
  ) throws -> Value {
    var attempts: Int?
    if case .int(let number)? = call.flag("attempts") { attempts = number }
    let session = call.session
    let hosts = HostNames(call)
    return .handle(
      try session.addFar(name, prefix: "queue") { name in
        let client = place.client(place.address.key ?? name, hosts)
        let handle = RedisQueueHandle(name, place, client)
        try handle.making { wait in
          try handle.queue.make(
            most: most, attempts: attempts, until: wait.deadline, wait.sleeper)
        }
        return handle
      })
  }

  static func put(_ call: borrowing Call) throws -> Value {
    try handle(call).put([call.value(1)], call.waitLimit)
    return .null
  }

  static func putMany(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let wait = call.waitLimit
    var waiting: [Value] = []
    try call.interpreter.iterate(call.value(1)) { item, _ in
      waiting.append(item)
      if waiting.count >= 500 {
        try handle.put(waiting, wait)
        waiting.removeAll(keepingCapacity: true)
      }
      return true
    }
    try handle.put(waiting, wait)
    return .null
  }

  static func get(_ call: borrowing Call) throws -> Value {
    let lease = call.nanoseconds("lease").map { Int64($0) }
    return try handle(call).get(1, lease: lease, call.waitLimit).first ?? .null
  }

  static func getMany(_ call: borrowing Call) throws -> Value {
    let lease = call.nanoseconds("lease").map { Int64($0) }
    return .items(try handle(call).get(call.int(1), lease: lease, call.waitLimit))
  }

  static func items(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let session = call.session
    let timeout = call.nanoseconds("timeout")
    return .stream(
      GeneratedStream {
        do {
          return try handle.get(1, lease: nil, session.waitLimit(timeout)).first
        } catch let error as ErrorObject where error.kind == .closed && handle.isKept {
          return nil
        }
      })
  }

  static func ack(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let wait = call.waitLimit
    return .int(
      try handle.mapErrors("acknowledge what is held of") {
        try handle.queue.acknowledge(wait)
      })
  }

  static func nack(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let wait = call.waitLimit
    return .int(
      try handle.mapErrors("give back what is held of") { try handle.queue.giveBack(wait) })
  }

  static func peek(_ call: borrowing Call) throws -> Value { try handle(call).peek(call.waitLimit) }

  static func size(_ call: borrowing Call) throws -> Int {
    let handle = try handle(call)
    let wait = call.waitLimit
    let facts = try handle.mapErrors("look into") { try handle.queue.facts(wait) }
    return facts.items - facts.lent
  }

  static func full(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let wait = call.waitLimit
    let facts = try handle.mapErrors("look into") { try handle.queue.facts(wait) }
    return .bool(facts.most.map { facts.items - facts.lent >= $0 } ?? false)
  }

  static func close(_ call: borrowing Call) throws -> Value {
    let handle = try handle(call)
    let wait = call.waitLimit
    try handle.mapErrors("close") { try handle.queue.close(wait) }
    return .null
  }

  static func info(_ call: borrowing Call) throws -> Value { try handle(call).record() }

  static func dead(_ call: borrowing Call) throws -> Value { try handle(call).dead(call.waitLimit) }
}

extension Call {
  /// The thing on a server of the first argument, where it is no local one.
  func far<H: RedisHandle>(as type: H.Type, _ index: Int = 0) throws -> H {
    if case .handle(let handle) = self[index] {
      if let far = handle as? H { return far }
      if let local = handle as? ChannelHandle {
        throw error(
          .type, "\(local.shown) is of this session, not on a server", at: index,
          help: "'\(command.name)' is for what was made with --on")
      }
      if let far = handle as? RedisHandle {
        throw error(
          .type, "\(far.shown) is on a server, where '\(command.name)' is not possible", at: index)
      }
    }
    throw bad("argument", must: "a handle", at: index)
  }

  /// The local channel of the first argument; nil for what is on a server.
  @inline(__always)
  func local<H: Handle>(as type: H.Type) -> H? {
    if case .handle(let handle) = self[0] { return handle as? H }
    return nil
  }
}

extension Session {
  /// Makes something on a server and gives it its name.
  func addFar<H: RedisHandle>(
    _ name: String?, prefix: String, make: (String) throws -> H
  ) throws -> H {
    if let name { try names.check(name) }
    let chosen = name ?? names.fresh(prefix)
    let handle = try make(chosen)
    try names.claim(chosen, for: handle)
    return handle
  }

  /// All things on servers of one family that have a name here.
  func far(_ family: String) -> [RedisHandle] {
    names.all(family).compactMap { $0.handle as? RedisHandle }
  }
}
