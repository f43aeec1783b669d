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
}
