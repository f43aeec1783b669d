import Foundation
import TestSupport
import Testing

/// `scripts/install` puts Brood where a system looks for it, and takes it away again.
@Suite struct InstallTests {
  private static let script = Program.sourceTree.appending(path: "scripts/install").path
  private static let files = [
    "bin/brood", "share/bash-completion/completions/brood",
    "share/fish/vendor_completions.d/brood.fish", "share/zsh/site-functions/_brood",
  ]

  private func install(_ place: TemporaryDirectory, _ words: [String]) throws -> Output {
    try run(
      InstallTests.script, words, environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(60))
  }

  private func installed(_ place: TemporaryDirectory, below prefix: String) -> [String] {
    InstallTests.files.filter {
      FileManager.default.fileExists(atPath: "\(place.path)/\(prefix)/\($0)")
    }
  }

  @Test func whatIsInstalledRunsAndGoesAgain() throws {
    let place = try TemporaryDirectory()
    let words = ["--from", Program.brood, "--prefix", "\(place.path)/usr"]
    let output = try install(place, words)
    #expect(output.status == .exited(0), "\(output)")
    #expect(output.standardOutput.contains("is not in your PATH"))
    #expect(installed(place, below: "usr") == InstallTests.files)
    let program = "\(place.path)/usr/bin/brood"
    let said = try run(
      program, ["-c", "print hello"], environment: Program.environment(home: place.path),
      directory: place.path)
    #expect(said.standardOutput == "hello\n", "\(said)")
    // Again, over what is there.
    #expect(try install(place, words).status == .exited(0))

    let removal = try install(place, ["--uninstall", "--prefix=\(place.path)/usr"])
    #expect(removal.status == .exited(0), "\(removal)")
    #expect(installed(place, below: "usr") == [])
    #expect(try install(place, ["--uninstall", "--prefix=\(place.path)/usr"]).status == .exited(2))
  }

  @Test func aPackagerHasItsOwnRoot() throws {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["DESTDIR"] = "\(place.path)/root"
    let output = try run(
      InstallTests.script, ["--from", Program.brood, "--prefix", "/usr"], environment: environment,
      directory: place.path, within: .seconds(60))
    #expect(output.status == .exited(0), "\(output)")
    #expect(installed(place, below: "root/usr") == InstallTests.files)
  }

  @Test(arguments: [["--prefix"], ["--from", "/no/such"], ["--form", "x"], ["extra"]])
  func aWrongLineIsTold(_ words: [String]) throws {
    let place = try TemporaryDirectory()
    let output = try install(place, words)
    #expect(output.status == .exited(2), "\(output)")
    #expect(output.standardError.hasPrefix("scripts/install: "), "\(output)")
    #expect(place.contents() == [])
  }
}
