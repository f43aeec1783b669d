import Testing
import Waits

@testable import Session

/// What is known of processes that may end their waits themselves.
@Suite struct LookoutTests {
  @Test func whoEndsItsWaitItself() {
    let queue = WaitTarget(ObjectID(.queue, 1), .value)
    let pipe = WaitTarget(ObjectID(.pipe, 2), .value)
    let lock = WaitTarget(ObjectID(.lock, 3), .hold)
    #expect(Session.endsItself(.init("get", [queue])))
    #expect(Session.endsItself(.init("receive", [pipe])))
    // At a raw pipe, whose end other programs may have.
    #expect(!Session.endsItself(.init("receive", [pipe], hasMore: true)))
    #expect(!Session.endsItself(.init("acquire", [lock])))
    #expect(!Session.endsItself(.init("get", [queue], deadline: 1)))
    #expect(!Session.endsItself(.init("select", [queue, pipe])))
    #expect(!Session.endsItself(.init("wait", [])))
  }
}
