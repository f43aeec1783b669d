import Channels
import Posix
import Testing

extension ChannelsTests {
  @Suite("Locks and numbers", .serialized)
  struct LockTests {
    private var now: Wait { ChannelsTests.now }

    private func failure(_ body: () throws -> Void) -> String { ChannelsTests.failure(body) }

    @Test func aLockHasOneOwner() throws {
      let lock = try Lock()
      #expect(failure { try lock.release(now) } == "notHeld")
      try lock.acquire(now)
      #expect(lock.isHeld)
      #expect(failure { _ = try lock.acquire(now) } == "selfDeadlock")
      try lock.release(now)
      #expect(lock.holder == nil)
    }

    @Test func aReentrantLockCounts() throws {
      let lock = try Lock(isReentrant: true)
      for _ in 0..<3 { try lock.acquire(now) }
      for _ in 0..<2 { try lock.release(now) }
      #expect(lock.isHeld)
      try lock.release(now)
      #expect(!lock.isHeld)
    }

    @Test func permitsAreCounted() throws {
      let semaphore = try Semaphore(permits: 2)
      try semaphore.acquire(now)
      try semaphore.acquire(now)
      #expect(failure { try semaphore.acquire(now) } == "selfDeadlock")
      #expect(try semaphore.value(now) == 0)
      try semaphore.release(now)
      try semaphore.release(now)
      #expect(failure { try semaphore.release(now) } == "notHeld")
      let counter = try Semaphore(permits: 0, isCounter: true)
      try counter.release(now)
      #expect(try counter.value(now) == 1)
      try counter.acquire(now)
      #expect(failure { try counter.acquire(now) } == "timeout")
    }

    @Test func anEventStaysSet() throws {
      let event = try Event()
      #expect(failure { try event.wait(now) } == "timeout")
      try event.set(now)
      try event.wait(now)
      try event.clear(now)
      #expect(!event.isSet)
    }

    @Test(arguments: ElementType.allCases) func numbersKeepTheirRange(_ type: ElementType) throws {
      let array = try SharedArray(type, count: 3)
      guard let range = type.range else {
        array.store(1, array.bits(2.5))
        #expect(array.add(1, 0.25) == 2.75)
        #expect(array.float(array.load(1)) == 2.75)
        return
      }
      for value in [range.lowerBound, range.upperBound, 0] {
        array.store(1, value)
        #expect(array.load(1) == value)
      }
      #expect(array.load(0) == 0)
      #expect(array.load(2) == 0)
      array.store(1, range.upperBound)
      #expect(array.add(1, 1) == nil)
      #expect(array.load(1) == range.upperBound)
      #expect(array.exchange(1, expected: range.upperBound, new: range.lowerBound))
      #expect(!array.exchange(1, expected: range.upperBound, new: 0) || range.count == 1)
    }

    @Test func textsAreWhole() throws {
      let array = try SharedArray(.char, count: 5)
      try array.write([0x54C8, 0x54C8], at: 0, fillsUp: true, now)
      #expect(try array.text(now) == [0x54C8, 0x54C8])
      try array.write([65], at: 1, fillsUp: false, now)
      #expect(try array.text(now) == [0x54C8, 65])
      #expect(
        failure { try array.write([1, 2, 3, 4, 5, 6], at: 0, fillsUp: true, now) } == "tooLarge")
    }
  }
}
