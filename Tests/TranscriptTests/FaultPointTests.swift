import Foundation
import TestSupport
import Testing

/// Processes that are killed or stopped at each point of an operation on a channel, by a program that
/// has no shell.
@Suite struct FaultPointTests {
  @Test(arguments: ["put", "large", "courier", "woken"])
  func promisesAreKeptAtEachPoint(_ name: String) throws {
    let program = Program.sourceTree.appending(path: ".build/debug/channel-faults").path
    let place = try TemporaryDirectory()
    let output = try run(
      program, [name], environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(120))
    #expect(output.standardOutput.hasSuffix("all promises kept\n"), "\(output)")
    #expect(output.status == .exited(0))
  }
}
