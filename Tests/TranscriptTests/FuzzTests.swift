import Foundation
import TestSupport
import Testing

/// The fuzzer is a program of its own beside the shell, so that a crash does not end the test run.
@Suite("Fuzzing the language")
struct FuzzTests {
  @Test func noTextCrashes() throws {
    let examples = try ["scripts/examples", "scripts/examples/classics", "Tests/Fuzz/Corpus"]
      .flatMap { folder in
        try FileManager.default.contentsOfDirectory(
          at: Program.sourceTree.appending(path: folder), includingPropertiesForKeys: nil
        ).filter { !$0.hasDirectoryPath }
      }
    try fuzz(
      count: Program.runsLongTests ? 1_000_000 : 6000, files: examples.map(\.path).sorted(),
      success: "texts, no crash")
  }

  @Test func noMessageCrashes() throws {
    try fuzz(
      count: Program.runsLongTests ? 1_000_000 : 6000, mode: ["--wire"],
      success: "messages, no crash")
  }

  private func fuzz(
    count: Int, mode: [String] = [], files: [String] = [], success: String
  ) throws {
    let seed = UInt64.random(in: 1...UInt64(UInt32.max))
    let fuzzer = URL(filePath: Program.brood).deletingLastPathComponent()
      .appending(path: "language-fuzz").path
    let directory = try TemporaryDirectory()
    let last = directory.path + "/last"
    var environment = Program.environment(home: directory.path)
    environment["BROOD_FUZZ_LAST"] = last
    let output = try run(
      fuzzer, mode + [String(count), String(seed)] + files, environment: environment,
      directory: directory.path, within: .seconds(Program.runsLongTests ? 3600 : 120))
    let culprit = (try? Data(contentsOf: URL(filePath: last))) ?? Data()
    let shown = String(decoding: culprit, as: UTF8.self)
    #expect(
      output.status == .exited(0),
      """
      seed \(seed): \(output.standardError)
      the last one:
      \(shown)
      \(culprit.prefix(2000).map { String($0, radix: 16) }.joined(separator: " "))
      """)
    #expect(output.standardOutput.hasSuffix("\(count) \(success)\n"))
  }
}
