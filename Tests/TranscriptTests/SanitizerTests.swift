import Foundation
import TestSupport
import Testing

/// CPosix under sanitizers.
@Suite(.enabled(if: Program.runsLongTests)) struct SanitizerTests {
  @Test func cPosixIsClean() throws {
    let place = try TemporaryDirectory()
    let script = Program.sourceTree.appending(path: "scripts/sanitize").path
    let output = try run(
      "/bin/bash", [script], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(300))
    #expect(output.standardOutput.hasSuffix("nothing found\n"), "\(output)")
    #expect(output.status == .exited(0))
  }
}
