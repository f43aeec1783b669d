import Foundation
import TestSupport
import Testing

/// The same small program in Brood and in Python, which calls the kernel through `os`: both must
/// print the same.
@Suite("Brood against Python")
struct DifferentialTests {
  static let directory = Program.sourceTree.appending(path: "Tests/Differential")

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".brood") }.map { String($0.dropLast(6)) }.sorted()
  }()

  @Test(arguments: names) func agree(_ name: String) throws {
    let place = try TemporaryDirectory()
    let environment = Program.environment(home: place.path)
    let base = DifferentialTests.directory.appending(path: name).path
    let brood = try run(
      Program.brood, [base + ".brood"], environment: environment, directory: place.path)
    let python = try run(
      "/usr/bin/env", ["python3", base + ".py"], environment: environment, directory: place.path)
    #expect(python.status == .exited(0), "\(python.standardError)")
    #expect(brood.status == .exited(0), "\(brood.standardError)")
    #expect(brood.standardOutput == python.standardOutput)
  }

  /// Random expressions, whose values a generator in Python computes beside them.
  @Test func generatedExpressionsAgree() throws {
    for _ in 0..<(Program.runsLongTests ? 100 : 1) {
      try compareExpressions(seed: UInt32.random(in: 1...UInt32.max), count: 600)
    }
  }

  private func compareExpressions(seed: UInt32, count: Int) throws {
    let place = try TemporaryDirectory()
    let environment = Program.environment(home: place.path)
    let generator = DifferentialTests.directory.appending(path: "generators/values.py").path
    let python = try run(
      "/usr/bin/env", ["python3", generator, "\(seed)", "\(count)", "program.brood", "expected"],
      environment: environment, directory: place.path)
    #expect(python.status == .exited(0), "seed \(seed): \(python.standardError)")
    let brood = try run(
      Program.brood, ["program.brood"], environment: environment, directory: place.path)
    #expect(brood.status == .exited(0), "seed \(seed): \(brood.standardError)")
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOf: URL(filePath: "\(place.path)/\(name)"), encoding: .utf8).split(
        separator: "\n")
    }
    let found = brood.standardOutput.split(separator: "\n")
    let (program, expected) = (try lines("program.brood"), try lines("expected"))
    #expect(found.count == expected.count, "seed \(seed)")
    let differing = zip(program, zip(expected, found)).filter { $0.1.0 != $0.1.1 }
    for (line, (wanted, got)) in differing.prefix(5) {
      Issue.record("seed \(seed): \(line)\n  wanted: \(wanted)\n  found:  \(got)")
    }
  }
}
