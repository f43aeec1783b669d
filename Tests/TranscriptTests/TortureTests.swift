import TestSupport
import Testing

/// Kill storms over channels, by the commands that any user can run.
@Suite("Kill storms over channels", .serialized)
struct TortureTests {
  private static let kills = Program.runsLongTests ? 100_000 : 1000

  /// - Parameter kills: of the whole run; fewer where each costs more.
  private func storm(_ command: String, kills: Int = TortureTests.kills) throws {
    let place = try TemporaryDirectory()
    let script = """
      let r = (\(command) --kills \(kills))
      print $r
      if not $r.ok or $r.kills < \(kills) or $r.inside == 0 or $r.stall > 1s { exit 1 }
      """
    let output = try run(
      Program.brood, ["-c", script], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(Program.runsLongTests ? 3000 : 240))
    #expect(
      output.status == .exited(0), "\(command): \(output.standardOutput)\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  /// None lost, duplicated, corrupt or out of order; at most the one in hand is missing.
  @Test func queueKeepsEveryMessage() throws { try storm("queue torture") }

  /// With leases none is missing.
  @Test func queueLendsEveryMessage() throws { try storm("queue torture --lease") }

  /// Large items are written and read outside the lock.
  @Test func queueKeepsLargeMessages() throws {
    try storm("queue torture --lease --bytes 200KiB", kills: max(200, TortureTests.kills / 20))
  }

  @Test func lockIsHeldByOne() throws { try storm("lock torture") }

  @Test func permitsComeBack() throws { try storm("sem torture") }
}
