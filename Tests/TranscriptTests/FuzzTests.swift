import Foundation
import TestSupport
import Testing

/// The fuzzer is a program of its own beside the shell, so that a crash does not end the test run.
@Suite("Fuzzing the language")
struct FuzzTests {
  @Test func noTextCrashes() throws {
    let count = Program.runsLongTests ? 1_000_000 : 6000
    let seed = UInt64.random(in: 1...UInt64(UInt32.max))
    let fuzzer = URL(filePath: Program.brood).deletingLastPathComponent()
      .appending(path: "language-fuzz").path
    let examples = try ["scripts/examples", "Tests/Fuzz/Corpus"].flatMap { folder in
      try FileManager.default.contentsOfDirectory(
        at: Program.sourceTree.appending(path: folder), includingPropertiesForKeys: nil)
    }
    let directory = try TemporaryDirectory()
    let last = directory.path + "/last.brood"
    var environment = Program.environment(home: directory.path)
    environment["BROOD_FUZZ_LAST"] = last
    let output = try run(
      fuzzer, [String(count), String(seed)] + examples.map(\.path).sorted(),
      environment: environment, directory: directory.path,
      within: .seconds(Program.runsLongTests ? 3600 : 120))
    let culprit = (try? String(contentsOfFile: last, encoding: .utf8)) ?? "no text"
    #expect(
      output.status == .exited(0),
      "seed \(seed): \(output.standardError)\nthe last text:\n\(culprit)")
    #expect(output.standardOutput.hasSuffix("\(count) texts, no crash\n"))
  }
}
