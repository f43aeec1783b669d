import Channels
import Language
import Posix
import Processes
import Redis
import Session
import Waits

/// Values out of a queue on a server, as an arm of `select`.
final class RedisQueueSource: SelectSource {
  let index: Int
  private let handle: RedisQueueHandle
  private let session: Session
  private let watch: RedisBellWatch
  private var isWatching = false
  private var isClosed = false
  /// A server that does not answer is asked again then (monotonic ns).
  private var retry: Int64 = 0

  init(_ index: Int, _ handle: RedisQueueHandle, _ session: Session) {
    (self.index, self.handle, self.session) = (index, handle, session)
    watch = RedisBellWatch(handle.client)
  }

  func take() throws -> (value: Value, origin: Value)? {
    if isClosed || Clock.monotonic < retry { return nil }
    do {
      if isWatching, !watch.isOver {
        guard try handle.queue.lookIfDue(session.nonblocking) else { return nil }
      }
      isWatching = false
      let values = try handle.get(1, lease: nil, session.nonblocking)
      return values.first.map { ($0, .handle(handle)) }
    } catch let error as ErrorObject {
      switch error.kind {
      case .empty: return nil
      case .closed where handle.isKept:
        isClosed = true
        return nil
      case .timeout:
        retry = Clock.deadline(after: 1_000_000_000)
        return nil
      default: throw error
      }
    } catch is RedisTrouble {
      retry = Clock.deadline(after: 1_000_000_000)
      return nil
    }
  }

  func prepare() throws -> SelectReadiness {
    if isClosed { return .never(.closed) }
    if Clock.monotonic < retry { return .descriptors([], until: retry) }
    do {
      // A first look begins what later ones compare with.
      if try handle.queue.lookIfDue(session.nonblocking) { return .ready }
      let deadline = Clock.deadline(after: 1_000_000_000)
      let descriptor = try watch.begin(from: handle.queue.bell, until: deadline, session)
      isWatching = true
      return .descriptors([descriptor], until: handle.queue.nextLook)
    } catch is RedisTrouble {
      retry = Clock.deadline(after: 1_000_000_000)
      return .descriptors([], until: retry)
    }
  }

  // Processes of other hosts may act that nothing here knows.
  var target: WaitTarget? { nil }
  var isTargetAll: Bool { false }

  func close() { watch.end() }
}

/// An event on a server that is set, as an arm of `select`.
final class RedisEventSource: SelectSource {
  let index: Int
  private let handle: RedisHolderHandle
  private let session: Session
  private let watch: RedisBellWatch
  private var bell = "0-0"
  private var sets: Int?
  private var isWatching = false
  private var retry: Int64 = 0

  init(_ index: Int, _ handle: RedisHolderHandle, _ session: Session) {
    (self.index, self.handle, self.session) = (index, handle, session)
    watch = RedisBellWatch(handle.client)
  }

  func take() throws -> (value: Value, origin: Value)? {
    if Clock.monotonic < retry || isWatching && !watch.isOver { return nil }
    isWatching = false
    do {
      let now = try handle.holders.state(session.nonblocking)
      bell = now.bell
      if now.isSet || sets.map({ $0 != now.sets }) ?? false {
        return (.handle(handle), .handle(handle))
      }
      sets = now.sets
    } catch is RedisTrouble {
      retry = Clock.deadline(after: 1_000_000_000)
    }
    return nil
  }

  func prepare() throws -> SelectReadiness {
    if Clock.monotonic < retry { return .descriptors([], until: retry) }
    do {
      let deadline = Clock.deadline(after: 1_000_000_000)
      let descriptor = try watch.begin(from: bell, until: deadline, session)
      isWatching = true
      return .descriptors([descriptor])
    } catch is RedisTrouble {
      retry = Clock.deadline(after: 1_000_000_000)
      return .descriptors([], until: retry)
    }
  }

  var target: WaitTarget? { nil }
  var isTargetAll: Bool { false }

  func close() { watch.end() }
}
