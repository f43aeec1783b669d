import Foundation
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

  @Test func xargsAndParallelPointToPoolsOnce() throws {
    let shell = try PromptShell(columns: 100, rows: 40)
    try shell.enter("^echo a | xargs echo", expecting: "'pool run' does what xargs does")
    try shell.enter("^echo second | xargs echo", expecting: "second")
    let text = shell.terminal.screen.text
    #expect(text.components(separatedBy: "does what xargs does").count == 2, "\(text)")
    #expect(!(try screen("^echo a | xargs echo\n")).contains("pool run"))
  }

  /// A person would type the inputs for nothing.
  @Test func aMissingProgramIsToldBeforeInputsAreRead() throws {
    let shell = try PromptShell(columns: 100, rows: 20)
    try shell.enter("pool run -- no-such-program", expecting: "there is no program 'no-such-")
    #expect(!shell.terminal.screen.text.contains("reading inputs"))
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

  /// The entry fails at once, so a warning would say the same before; a script may not come there.
  @Test func atThePromptANumberOutOfBoundsIsToldOnce() throws {
    let shell = try PromptShell()
    try shell.enter("queue new q")
    try shell.enter("queue get-many q 0", expecting: "error: ")
    #expect(!shell.terminal.screen.text.contains("warning"))
    // Other warnings stay.
    try shell.enter("let pid = 5", expecting: "warning: ")
    _ = try shell.leave()
    let shown = try screen("queue new q\nif false { queue get-many q 0 }\nprint end\n")
    #expect(shown.contains("warning: "))
    #expect(shown.contains("end"))
  }

  /// Without the right to raise the limit again there is no mark, and what follows is told.
  @Test func aLimitOfFileLocksIsTold() throws {
    let home = try TemporaryDirectory()
    var launcher = ["bash", "-c", "ulimit -x 1000; exec \"$@\"", "bash"]
    if geteuid() == 0 { launcher = ["setpriv", "--bounding-set=-sys_resource"] + launcher }
    let text = "wait (fork { })\nwait (fork { })\nprint end"
    let terminal = try Terminal(
      "/usr/bin/env", launcher + [Program.brood, "-c", text],
      environment: Program.environment(home: home.path), directory: home.path, columns: 200,
      rows: 10)
    #expect(try terminal.expectEnd() == .exited(0))
    let shown = terminal.screen.text
    #expect(shown.contains("the limit of file locks (ulimit -x) is set here"), "\(shown)")
    #expect(shown.split(separator: "ulimit").count == 2, "\(shown)")
    #expect(shown.contains("end"))
  }

  @Test func withoutATerminalTheyAreNotTold() throws {
    let output = try runScript(WarningTests.lost, within: .seconds(20))
    #expect(output.standardError == "")
  }
}
