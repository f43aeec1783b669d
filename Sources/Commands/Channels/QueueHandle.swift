import Channels
import Language
import Posix
import Session

/// A queue as the language sees it.
final class QueueHandle: ChannelHandle {
  let queue: Queue
  /// Channels whose handles were lent to this process, and until when (monotonic ns).
  private var lent: [(channel: ChannelHandle, until: Int64)] = []

  init(_ name: String, _ queue: Queue) {
    self.queue = queue
    super.init(name, queue)
  }

  override var typeName: String { "queue" }

  override var fieldNames: [String] {
    [
      "name", "size", "max", "bytes", "max_bytes", "closed", "leased", "puts", "gets", "memory",
      "getting", "putting",
    ]
  }

  override func field(_ name: String) throws -> Value? {
    guard fieldNames.contains(name) else { return nil }
    if name == "name" { return .text(self.name) }
    guard case .map(let facts) = try record() else { return nil }
    return facts.get(name)
  }

  /// What there is to know about it.
  func record() throws -> Value {
    let facts = try session.with(self, "look into") { try queue.facts(session.waitLimit()) }
    return .record([
      "name": .text(name),
      "size": .int(facts.items),
      "max": facts.mostItems.map { .int($0) } ?? .null,
      "bytes": .size(facts.bytes),
      "max_bytes": facts.mostBytes.map { .size($0) } ?? .null,
      "closed": .bool(facts.isClosed),
      "leased": .int(facts.leased),
      "puts": .int(facts.puts),
      "gets": .int(facts.gets),
      "memory": .size(facts.memory),
      "getting": names(of: queue.peers.pids(.reading, .stuckReading), session),
      "putting": names(of: queue.peers.pids(.writing, .stuckWriting), session),
    ])
  }
}

// MARK: Values in and out

extension QueueHandle {
  /// Puts a value, waiting for room.
  func put(_ value: Value, _ wait: Wait) throws {
    let codec = session.codec
    try session.with(self, "put into") {
      try codec.sending(
        value,
        whole: { try queue.put($0, descriptors: $1, wait) },
        inPieces: { size in
          try queue.putLarge(size, wait) { sink in try codec.write(value, to: sink) }
        })
    }
  }

  /// Puts many values, as many at a time as there is room for.
  func putMany(_ values: [Value], _ wait: Wait) throws {
    let codec = session.codec
    try session.with(self, "put into") {
      var start = 0
      while start < values.count {
        // Large ones go their own way.
        let run = values[start...].prefix { codec.isSmall($0) }
        if run.isEmpty {
          try put(values[start], wait)
          start += 1
          continue
        }
        try queue.putMany(run.count, wait) { try codec.message(values[start + $0]) }
        start += run.count
      }
    }
  }

  /// Takes a value, waiting for one.
  func get(lease: Int64? = nil, _ wait: Wait) throws -> Value {
    try session.with(self, "get from") {
      try queue.get(lease: lease, wait) { try value($0, lease) }
    }
  }

  /// The value of an item.
  ///
  /// Handles in one that is lent, or only looked at, stay on their way: others may get them yet.
  @inline(__always)
  func value(_ item: QueueItem, _ lease: Int64? = nil) throws -> Value {
    if !item.isLent || item.descriptors.isEmpty { return try session.codec.value(item) }
    return try lentValue(item, lease)
  }

  @inline(never)
  private func lentValue(_ item: QueueItem, _ lease: Int64?) throws -> Value {
    let codec = session.codec
    let (value, channels) = try codec.noting { try codec.value(item) }
    for channel in channels { channel.channel.count(departure: true) }
    if let lease {
      let end = lease == .max ? .max : Clock.deadline(after: lease)
      lent += channels.map { ($0, end) }
    }
    return value
  }

  /// Keeps for good what is lent to this process, yields how many values that is.
  func acknowledge(_ wait: Wait) throws -> Int {
    let count = try queue.acknowledge(wait)
    let now = Clock.monotonic
    for (channel, until) in lent where until > now { channel.channel.count(departure: false) }
    lent = []
    return count
  }

  /// Gives back what is lent to this process, yields how many values that is.
  func giveBack(_ wait: Wait) throws -> Int {
    lent = []
    return try queue.giveBack(wait)
  }

  /// Takes up to so many values, waiting for the first.
  func getMany(_ most: Int, lease: Int64? = nil, _ wait: Wait) throws -> [Value] {
    let codec = session.codec
    return try session.with(self, "get from") {
      var result: [Value] = []
      var limit = wait
      while result.count < most {
        do {
          let progress = try queue.getMany(
            most - result.count, lease: lease, isFirst: result.isEmpty, limit
          ) { item in
            if !item.isLent {
              result.append(try codec.value(item))
            } else if lease != nil {
              result.append(try value(item, lease))
            } else {
              // It is this process's for good if it can be received.
              result.append(try codec.noting { try codec.value(item) }.0)
            }
          }
          if progress.isCutShort { break }
        } catch let error as ChannelError {
          if result.isEmpty { throw error }
          break
        }
        limit = session.nonblocking
      }
      return result
    }
  }
}

extension ValueCodec {
  /// The value of an item.
  @inline(__always)
  func value(_ item: QueueItem) throws -> Value {
    if !item.isLarge { return try value(item.bytes, item.descriptors) }
    return try value(count: item.count, item.descriptors[...]) { item.read(into: $0) }
  }
}
