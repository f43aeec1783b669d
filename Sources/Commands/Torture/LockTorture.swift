import Channels
import Language
import Posix
import Processes
import Session

/// `lock torture` and `sem torture`.
enum LockTorture {
  static let lock = Command(
    "lock torture", "Kill holders of a lock, and those who wait for it, at random instants",
    details: """
      Some processes take a lock, work a little on what it guards, and give it back, while one of \
      them is killed every fraction of a millisecond. Yields a record: kills, inside (deaths while \
      the lock's inner lock was held), acquired, inherited (taken over from a holder that died), \
      violations (two inside at once, or half-done work without a word), stall, elapsed, ok.
      """,
    flags: [.kills, .seconds, Flag("workers", .int.within(2...64), "4 if it is left out")],
    traits: .reports,
    examples: [
      Example("let r = (lock torture --kills 50)\nprint $r.ok $r.violations", "true 0")
    ]
  ) { call in
    let workers = call.count("workers", standard: 4)
    return try run(call, workers: workers, test: LockTest(call.session))
  }

  static let semaphore = Command(
    "sem torture", "Kill holders of permits, and those who wait for one, at random instants",
    details: """
      As `lock torture`, with --permits N permits for --workers processes. `violations` counts how \
      often more than N living processes held a permit, and `left` is what is there in the end.
      """,
    flags: [
      .kills, .seconds, Flag("workers", .int.within(2...64), "4 if it is left out"),
      Flag("permits", .int.within(1...64), "2 if it is left out"),
    ],
    traits: .reports,
    examples: [
      Example("let r = (sem torture --kills 50)\nprint $r.ok $r.left", "true 2")
    ]
  ) { call in
    let workers = call.count("workers", standard: 4)
    let permits = call.count("permits", standard: 2)
    return try run(
      call, workers: workers,
      test: SemaphoreTest(call.session, permits: permits, workers: workers))
  }

  private static func run(
    _ call: borrowing Call, workers: Int, test: any HoldingTest
  ) throws -> Value {
    let limits = try call.tortureLimits()
    let roles = (0..<workers).map { i in
      TortureRig.Role(name: "worker") { _ in try test.work(i) }
    }
    let rig = TortureRig(call, roles: roles, flags: test.flags, progress: { test.acquired })
    call.session.share(test.channels)
    defer { call.session.endSharing(test.channels) }
    let outcome = try rig.run(kills: limits.kills, until: limits.deadline) {}
    return try test.report(outcome)
  }
}

/// What workers do under a lock, and what is counted.
private protocol HoldingTest {
  var flags: SharedArray { get }
  var channels: [Channel] { get }
  var acquired: Int { get }
  func work(_ index: Int) throws
  func report(_ outcome: TortureRig.Outcome) throws -> Value
}

private final class LockTest: HoldingTest {
  private let lock: Lock
  let flags: SharedArray
  /// What the lock guards, and what is counted.
  private let cells: SharedArray
  private let session: Session

  private enum Cell: Int, CaseIterable {
    case inside, first, second, acquired, inherited, violations
  }

  init(_ session: Session) throws {
    self.session = session
    lock = try Lock()
    flags = try SharedArray(.int64, count: 1)
    cells = try SharedArray(.int64, count: Cell.allCases.count)
  }

  var channels: [Channel] { [lock, flags, cells] }
  var acquired: Int { cells.load(Cell.acquired.rawValue) }

  private func add(_ cell: Cell, _ amount: Int = 1) -> Int {
    cells.add(cell.rawValue, amount) ?? 0
  }

  func work(_ index: Int) throws {
    var generator = SplitMix(seed: UInt64(index))
    while flags.load(0) == 0 {
      if try lock.acquire(session.waitLimit()) != nil {
        // The last holder died: its work is half done, as we were told.
        _ = add(.inherited)
        cells.store(Cell.inside.rawValue, 0)
        cells.store(Cell.second.rawValue, cells.load(Cell.first.rawValue))
      }
      if add(.inside) != 1 { _ = add(.violations) }
      let first = cells.load(Cell.first.rawValue)
      if first != cells.load(Cell.second.rawValue) { _ = add(.violations) }
      cells.store(Cell.first.rawValue, first + 1)
      var rest = generator.next() % 300
      while rest > 0 { rest -= 1 }
      cells.store(Cell.second.rawValue, first + 1)
      _ = add(.acquired)
      _ = add(.inside, -1)
      try lock.release(session.waitLimit())
    }
  }

  func report(_ outcome: TortureRig.Outcome) -> Value {
    let violations = cells.load(Cell.violations.rawValue)
    return .record([
      "kills": .int(outcome.kills),
      "inside": .int(lock.repairs),
      "acquired": .int(acquired),
      "inherited": .int(cells.load(Cell.inherited.rawValue)),
      "violations": .int(violations),
      "stall": .duration(Int(outcome.longestStall)),
      "elapsed": .duration(Int(outcome.elapsed)),
      "ok": .bool(violations == 0 && !outcome.isStuck),
    ])
  }
}

private final class SemaphoreTest: HoldingTest {
  private let semaphore: Semaphore
  let flags: SharedArray
  /// Who is inside: a pid or 0 for each worker.
  private let inside: SharedArray
  private let counts: SharedArray
  private let session: Session
  private let permits: Int
  private let workers: Int

  init(_ session: Session, permits: Int, workers: Int) throws {
    self.session = session
    self.permits = permits
    self.workers = workers
    semaphore = try Semaphore(permits: permits)
    flags = try SharedArray(.int64, count: 1)
    inside = try SharedArray(.int64, count: workers)
    counts = try SharedArray(.int64, count: 2)
  }

  var channels: [Channel] { [semaphore, flags, inside, counts] }
  var acquired: Int { counts.load(0) }

  func work(_ index: Int) throws {
    let own = Int(Process.pid)
    while flags.load(0) == 0 {
      try semaphore.acquire(session.waitLimit())
      inside.store(index, own)
      check()
      _ = counts.add(0, 1)
      inside.store(index, 0)
      try semaphore.release(session.waitLimit())
    }
  }

  // A process killed inside stays on the list until another takes its place there.
  private func check() {
    let pids = (0..<workers).map { inside.load($0) }.filter { $0 != 0 }
    guard pids.count > permits else { return }
    let reader = session.reader
    let living = pids.filter { pid in
      guard let stat = reader.stat(Int32(truncatingIfNeeded: pid)) else { return false }
      return !stat.hasEnded
    }
    let again = Set((0..<workers).map { inside.load($0) })
    if living.filter({ again.contains($0) }).count > permits { _ = counts.add(1, 1) }
  }

  func report(_ outcome: TortureRig.Outcome) throws -> Value {
    let violations = counts.load(1)
    let left = try semaphore.value(session.waitLimit())
    return .record([
      "kills": .int(outcome.kills),
      "inside": .int(semaphore.repairs),
      "acquired": .int(acquired),
      "left": .int(left),
      "violations": .int(violations),
      "stall": .duration(Int(outcome.longestStall)),
      "elapsed": .duration(Int(outcome.elapsed)),
      "ok": .bool(violations == 0 && left == permits && !outcome.isStuck),
    ])
  }
}
