import Channels
import Language
import Posix
import Processes
import Redis
import Session
import Waits

/// What can be waited for on a server, as an arm of `select`: a bell rings where it may have come.
///
/// A server that does not answer is asked again after a second.
class RedisSource: SelectSource {
  let index: Int
  fileprivate let session: Session
  private let watch: RedisBellWatch
  private var isWatching = false
  /// Before it the server is not asked again (monotonic ns).
  private var retry: Int64 = 0

  fileprivate init(_ index: Int, _ client: RedisClient, _ session: Session) {
    (self.index, self.session) = (index, session)
    watch = RedisBellWatch(client)
  }

  final func take() throws -> (value: Value, origin: Value)? {
    if Clock.monotonic < retry { return nil }
    do {
      if isWatching, !watch.isOver, try !isDue() { return nil }
      isWatching = false
      return try look()
    } catch is RedisTrouble {
      retryLater()
      return nil
    }
  }

  final func prepare() throws -> SelectReadiness {
    if Clock.monotonic < retry { return .descriptors([], until: retry) }
    do {
      return try readiness()
    } catch is RedisTrouble {
      retryLater()
      return .descriptors([], until: retry)
    }
  }

  final func close() { watch.end() }

  // Processes of other hosts may act that nothing here knows.
  final var target: WaitTarget? { nil }
  final var isTargetAll: Bool { false }

  fileprivate final func retryLater() { retry = Clock.deadline(after: 1_000_000_000) }

  /// Begins to wait for a bell; yields what becomes readable.
  fileprivate final func begin(from bell: String) throws -> Int32 {
    let deadline = Clock.deadline(after: 1_000_000_000)
    let descriptor = try watch.begin(from: bell, until: deadline, session)
    isWatching = true
    return descriptor
  }

  /// Whether to look although the bell has not rung.
  fileprivate func isDue() throws -> Bool { false }

  /// What has come, if anything has.
  fileprivate func look() throws -> (value: Value, origin: Value)? { nil }

  fileprivate func readiness() throws -> SelectReadiness { .descriptors([], until: retry) }
}

/// Values out of a queue on a server, as an arm of `select`.
final class RedisQueueSource: RedisSource {
  private let handle: RedisQueueHandle
  private var isClosed = false

  init(_ index: Int, _ handle: RedisQueueHandle, _ session: Session) {
    self.handle = handle
    super.init(index, handle.client, session)
  }

  fileprivate override func isDue() throws -> Bool {
    try !isClosed && handle.queue.lookIfDue(session.nonblocking)
  }

  fileprivate override func look() throws -> (value: Value, origin: Value)? {
    if isClosed { return nil }
    do {
      let values = try handle.get(1, lease: nil, session.nonblocking)
      return values.first.map { ($0, .handle(handle)) }
    } catch let error as ErrorObject {
      switch error.kind {
      case .empty: break
      case .closed where handle.isKept: isClosed = true
      case .timeout: retryLater()
      default: throw error
      }
      return nil
    }
  }

  fileprivate override func readiness() throws -> SelectReadiness {
    if isClosed { return .never(.closed) }
    // A first look begins what later ones compare with.
    if try handle.queue.lookIfDue(session.nonblocking) { return .ready }
    let descriptor = try begin(from: handle.queue.bell)
    return .descriptors([descriptor], until: handle.queue.nextLook)
  }
}

/// An event on a server that is set, as an arm of `select`.
final class RedisEventSource: RedisSource {
  private let handle: RedisHolderHandle
  private var bell = "0-0"
  private var sets: Int?

  init(_ index: Int, _ handle: RedisHolderHandle, _ session: Session) {
    self.handle = handle
    super.init(index, handle.client, session)
  }

  fileprivate override func look() throws -> (value: Value, origin: Value)? {
    let now = try handle.holders.state(session.nonblocking)
    bell = now.bell
    if now.isSet || sets.map({ $0 != now.sets }) ?? false {
      return (.handle(handle), .handle(handle))
    }
    sets = now.sets
    return nil
  }

  fileprivate override func readiness() throws -> SelectReadiness {
    .descriptors([try begin(from: bell)])
  }
}
