import Language
import Posix
import Processes
import Redis
import Session

/// Beats for all that this process holds on servers, by a timer that also interrupts code that computes.
enum RedisHearts {
  /// What beats: a heart, what ends its leases, and the handle that it belongs to.
  ///
  /// It keeps the handle, which no variable may hold any more while something is held by it, or is still
  /// to be given back.
  struct Beating {
    let handle: RedisHandle
    let heart: RedisHeart
    /// Gives back what is over, yields the next moment (monotonic ns).
    let expire: () -> Int64
  }

  nonisolated(unsafe) private static var all: [Beating] = []
  nonisolated(unsafe) private static var timer: (id: TimerID, moment: Int64)?
  nonisolated(unsafe) private static var depth: UInt32 = 0
  nonisolated(unsafe) private static var hasHook = false

  /// Makes a heart beat for a handle whenever it is needed.
  static func attach(
    _ heart: RedisHeart, to handle: RedisHandle, expire: @escaping () -> Int64 = { .max }
  ) {
    heart.onStart = { [weak handle, weak heart] in
      guard let handle, let heart else { return }
      start(Beating(handle: handle, heart: heart, expire: expire), handle.session)
    }
    guard !hasHook else { return }
    hasHook = true
    handle.session.hooks.beforeBecoming.append { RedisKeeper.start(rhythms) }
    // It lives as long as the process.
    handle.session.hooks.beforeEnd.append { [session = handle.session] in leave(session) }
  }

  /// How this process beats where it holds something.
  private static var rhythms: [RedisHeart.Rhythm] {
    guard depth == Process.forkDepth else { return [] }
    return all.compactMap { $0.heart.rhythm }
  }

  private static func start(_ beating: Beating, _ session: Session) {
    renew()
    if !all.contains(where: { $0.heart === beating.heart }) { all.append(beating) }
    schedule(session)
  }

  /// Something is over at this moment: looks then, if that is earlier than the next beat.
  static func note(end moment: Int64, _ session: Session) {
    if let timer, timer.moment <= moment { return }
    schedule(session)
  }

  private static func renew() {
    guard depth != Process.forkDepth else { return }
    depth = Process.forkDepth
    all = []
    timer = nil
  }

  private static func schedule(_ session: Session) {
    renew()
    let next = all.map { $0.expire() }.min() ?? .max
    let moment = min(next, Clock.deadline(after: RedisHeart.pause))
    if let timer {
      if timer.moment <= moment { return }
      session.loop.cancel(timer.id)
    }
    if !session.loop.keepsTime { session.loop.keepsTime = true }
    let id = session.loop.addTimer(at: moment) { tick(session) }
    timer = (id, moment)
  }

  private static func tick(_ session: Session) {
    timer = nil
    renew()
    for beating in all {
      _ = beating.expire()
      beating.heart.beat()
    }
    all.removeAll { !$0.heart.isNeeded }
    if all.isEmpty {
      session.loop.keepsTime = false
    } else {
      schedule(session)
    }
  }

  /// At the end of the process: what it holds goes back at once.
  private static func leave(_ session: Session) {
    guard depth == Process.forkDepth else { return }
    for beating in all { beating.handle.letGo(session.waitLimit(300_000_000)) }
    all = []
  }
}
