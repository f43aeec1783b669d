import Foundation
import TestSupport
import Testing

/// What waiting and keeping cost, measured by the programs of `scripts/bench`.
@Suite("Costs of channels", .serialized)
struct ChannelCostTests {
  /// Runs a program that prints one number.
  private func measure(_ name: String, _ arguments: String...) throws -> Double {
    let place = try TemporaryDirectory()
    let program = Program.sourceTree.appending(path: "scripts/bench.d/\(name).brood")
    let output = try run(
      Program.brood, [program.path] + arguments,
      environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(120))
    let line = output.standardOutput.split(separator: "\n").first ?? ""
    return try #require(Double(line), "\(output.standardOutput)\(output.standardError)")
  }

  /// A few milliseconds in three seconds, of a hundred processes together, would be somebody polling.
  @Test func aHundredWaitersCostNothing() throws {
    #expect(try measure("idle") < 0.02)
  }

  @Test func tenMillionSmallItemsStayUnderFortyBytesEach() throws {
    #expect(try measure("queue-memory", "10000000") < 40)
  }

  /// On an idle machine; where others work too, one of some turns is quiet enough.
  @Test func noTimeoutIsMoreThan20msLate() throws {
    var latest = Double.infinity
    for _ in 1...5 where latest > 0.02 { latest = min(latest, try measure("timeouts")) }
    #expect(latest <= 0.02)
  }
}
