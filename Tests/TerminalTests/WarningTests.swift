import TestSupport
import Testing

/// What `--check` warns of is told when a script runs at a terminal, too.
@Suite("Warnings at a terminal", .serialized)
struct WarningTests {
  private static let lost = """
    var n = 0
    wait (fork { n = 5 })
    print $n ?? "none"
    print end

    """
  private let operatorWarning = "the '??' is a word like any other"
  private let lossWarning = "this assignment to 'n' happens in the child and is lost"

  private func screen(
    _ text: String, environment extra: [String: String] = [:], files: [String: String] = [:]
  ) throws -> String {
    let home = try TemporaryDirectory()
    for (name, text) in files { try home.write(text, to: name) }
    try home.write(text, to: "script.brood")
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    environment.merge(extra) { $1 }
    let terminal = try Terminal(
      Program.brood, ["script.brood"], environment: environment, directory: home.path,
      columns: 100, rows: 40)
    let status = try terminal.expectEnd()
    #expect(status == .exited(0))
    return terminal.screen.text
  }

  @Test func aRunTellsThem() throws {
    let shown = try screen(WarningTests.lost)
    #expect(shown.contains(lossWarning))
    #expect(shown.contains(operatorWarning))
    #expect(shown.contains("end"))
  }

  @Test func hidingAloneIsNotTold() throws {
    let shown = try screen("let pid = 5\nprint $pid\nprint end\n")
    #expect(!shown.contains("warning"))
    #expect(shown.contains("end"))
  }

  @Test func thoseOfASourcedFileAreTold() throws {
    let shown = try screen("source lost.brood\n", files: ["lost.brood": WarningTests.lost])
    #expect(shown.contains(operatorWarning))
    #expect(shown.contains("lost.brood:3:"))
    #expect(shown.contains("end"))
    let quiet = try screen(
      "source lost.brood\n", files: ["lost.brood": WarningTests.lost + "config warnings off\n"])
    #expect(!quiet.contains("warning"))
  }

  @Test func theyCanBeTurnedOff() throws {
    let shown = try screen(WarningTests.lost, environment: ["BROOD_WARNINGS": "off"])
    #expect(!shown.contains("warning"))
    #expect(shown.contains("end"))
  }

  @Test func theTextCanTurnThemOff() throws {
    let shown = try screen(WarningTests.lost + "config warnings off\n")
    #expect(!shown.contains("warning"))
    #expect(shown.contains("end"))
  }

  @Test func withoutATerminalTheyAreNotTold() throws {
    let output = try runScript(WarningTests.lost, within: .seconds(20))
    #expect(output.standardError == "")
  }
}
