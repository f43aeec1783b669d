import Posix
import Testing

@testable import Channels

/// What one process alone can see of channels; what takes several is tried with the built shell.
///
/// One at a time: the library is made for processes with one thread.
@Suite("Channels in one process", .serialized)
struct ChannelsTests {
  static var now: Wait { Wait.not(PollSleeper()) }

  static func put(_ bytes: [UInt8], into queue: Queue) throws {
    try bytes.withUnsafeBytes { try queue.put($0, now) }
  }

  static func get(from queue: Queue, lease: Int64? = nil) throws -> [UInt8] {
    try queue.get(lease: lease, now) { item in
      if !item.isLarge { return Array(item.bytes) }
      var result = [UInt8](repeating: 0, count: item.count)
      let count = result.withUnsafeMutableBytes { item.read(into: $0) }
      return Array(result.prefix(count))
    }
  }

  /// The name of the case that a body throws.
  static func failure(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch let error as ChannelError {
      return String(describing: error).split(separator: "(").first.map(String.init) ?? ""
    } catch {
      return "other"
    }
  }

  @Suite("Queue", .serialized)
  struct QueueTests {
    @Test func firstInFirstOut() throws {
      let queue = try Queue()
      for i in 0..<10_000 { try put([UInt8(i & 0xFF), UInt8(i >> 8)], into: queue) }
      #expect(try queue.count(now) == 10_000)
      for i in 0..<10_000 {
        let item = try get(from: queue)
        guard item == [UInt8(i & 0xFF), UInt8(i >> 8)] else {
          Issue.record("item \(i) is \(item)")
          return
        }
      }
      #expect(failure { _ = try get(from: queue) } == "empty")
    }

    /// Around the edges of words, segments and chains.
    @Test(arguments: [0, 1, 7, 8, 9, 4095, 65_519, 65_528, 65_529, 65_536, 131_072, 3_000_001])
    func everySize(_ size: Int) throws {
      let queue = try Queue()
      let item = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      for _ in 0..<3 { try put(item, into: queue) }
      for _ in 0..<3 { #expect(try get(from: queue) == item) }
      #expect(try queue.facts(now).bytes == 0)
    }

    @Test func boundsAreKept() throws {
      let few = try Queue(mostItems: 2)
      try put([1], into: few)
      try put([2], into: few)
      #expect(try few.isFull(now))
      #expect(failure { try put([3], into: few) } == "full")
      let small = try Queue(mostBytes: 10)
      try put([UInt8](repeating: 0, count: 8), into: small)
      #expect(failure { try put([1, 2, 3], into: small) } == "full")
      _ = try get(from: small)
      // One that is larger than the bound goes in alone.
      try put([UInt8](repeating: 0, count: 100), into: small)
      let tiny = try Queue(mostMemory: 1 << 20)
      #expect(
        failure { for _ in 0..<1000 { try put([UInt8](repeating: 0, count: 9000), into: tiny) } }
          == "memory")
      #expect(try get(from: tiny).count == 9000)
    }

    @Test func closingDrains() throws {
      let queue = try Queue()
      try put([1], into: queue)
      try queue.close(now)
      #expect(failure { try put([2], into: queue) } == "closed")
      #expect(try get(from: queue) == [1])
      #expect(failure { _ = try get(from: queue) } == "closed")
    }

    @Test func leasesComeBackInOrder() throws {
      let queue = try Queue()
      for i: UInt8 in 1...4 { try put([i], into: queue) }
      #expect(try get(from: queue, lease: .max) == [1])
      #expect(try get(from: queue, lease: .max) == [2])
      #expect(try queue.count(now) == 2)
      #expect(try queue.giveBack(now) == 2)
      #expect(try queue.count(now) == 4)
      #expect(try get(from: queue) == [1])
      #expect(try get(from: queue, lease: .max) == [2])
      #expect(try queue.acknowledge(now) == 1)
      #expect(failure { _ = try queue.acknowledge(now) } == "notHeld")
      #expect(try get(from: queue) == [3])
      #expect(try get(from: queue, lease: 0) == [4])
      #expect(try get(from: queue) == [4])  // its time is over
      #expect(try queue.facts(now).leased == 0)
    }

    @Test func manyAtATime() throws {
      let queue = try Queue()
      var buffer = [UInt8](repeating: 0, count: 4)
      try queue.putMany(1000, now) { i in
        buffer[0] = UInt8(truncatingIfNeeded: i)
        return (buffer.withUnsafeBytes { $0 }, [])
      }
      var seen = 0
      while seen < 1000 {
        let before = seen
        seen += try queue.getMany(300, now) { #expect($0.bytes.count == 4) }.taken
        guard seen > before else { break }
      }
      #expect(seen == 1000)
      #expect(failure { _ = try queue.getMany(1, now) { _ in } } == "empty")
    }

    @Test func memoryComesBack() throws {
      let queue = try Queue()
      let item = [UInt8](repeating: 1, count: 50_000)
      for _ in 0..<400 { try put(item, into: queue) }
      #expect(try queue.facts(now).memory > 20_000_000)
      for _ in 0..<400 { _ = try get(from: queue) }
      #expect(try queue.facts(now).memory < 2_000_000)
    }

    @Test func peekingTakesNothing() throws {
      let queue = try Queue()
      #expect(failure { try queue.peek(now) { _ in } } == "empty")
      let large = [UInt8](repeating: 7, count: 100_000)
      try put(large, into: queue)
      #expect(try queue.peek(now) { $0.count } == 100_000)
      #expect(try get(from: queue) == large)
    }

    private func put(_ bytes: [UInt8], into queue: Queue) throws {
      try ChannelsTests.put(bytes, into: queue)
    }

    private func get(from queue: Queue, lease: Int64? = nil) throws -> [UInt8] {
      try ChannelsTests.get(from: queue, lease: lease)
    }

    private func failure(_ body: () throws -> Void) -> String { ChannelsTests.failure(body) }

    private var now: Wait { ChannelsTests.now }
  }

  /// One that was entered behind a look's back may be the only one left.
  @Test func whoFindsNobodyLooksAgainIfSomethingChanged() throws {
    let queue = try Queue()
    var looks = 0
    let none = queue.peers.firstFound {
      looks += 1
      return []
    }
    #expect(none.isEmpty && looks == 1)
    // A handle arrives during the first look.
    looks = 0
    let found = queue.peers.firstFound {
      looks += 1
      if looks == 1 { queue.count(departure: false) }
      return looks == 1 ? [] : [Peers.Peer(slot: 7, generation: 1, pid: 0, pidfd: -1)]
    }
    #expect(found.map(\.slot) == [7] && looks == 2)
    // Where that never ends nobody can say that none is left.
    let unknown = queue.peers.firstFound {
      queue.count(departure: false)
      return []
    }
    #expect(unknown.count == 1 && unknown.allSatisfy { !$0.isWatched && !$0.hasEnded })
  }
}
