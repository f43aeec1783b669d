import Foundation
import TestSupport
import Testing

/// The built shell on a terminal: keys, signals and the end of the session.
@Suite struct Prompt {
  private let home: TemporaryDirectory
  private let terminal: Terminal

  init() throws {
    home = try TemporaryDirectory()
    var environment = Program.environment(home: home.path)
    environment["TERM"] = "xterm"
    terminal = try Terminal(Program.brood, environment: environment, directory: home.path)
    try terminal.expectLine("brood> ")
  }

  @Test func resultsAreShown() throws {
    try terminal.enter("6 * 7")
    try terminal.expect("\n42\nbrood> ")
  }

  @Test func oneThreadOnly() throws {
    let tasks = try FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(terminal.child.pid)/task")
    #expect(tasks.count == 1)
  }

  @Test func controlCDropsTheLine() throws {
    try terminal.type("print lost")
    try terminal.expectLine("brood> print lost")
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ")
    try terminal.enter("print kept")
    try terminal.expect("\nkept\nbrood> ")
  }

  @Test(arguments: ["sleep 1000", "^sleep 1000", "wait (fork { sleep 1000 })", "while true { }"])
  func controlCInterrupts(_ command: String) throws {
    try terminal.enter("print up; \(command)")
    try terminal.expect("\nup\n")
    try terminal.press(.control("C"))
    try terminal.expectLine("brood> ", within: .seconds(5))
    try terminal.enter("print alive")
    try terminal.expect("\nalive\nbrood> ")
  }

  @Test func controlDEndsTheSession() throws {
    try terminal.press(.control("D"))
    #expect(try terminal.expectEnd() == .exited(0))
  }

  @Test func aHangupLeavesNothingBehind() throws {
    try terminal.enter("for i in 1..3 { fork { sleep 1000 } }; spawn sleep 1000")
    try terminal.expectLine("brood> ")
    try terminal.enter("print made")
    try terminal.expect("\nmade\nbrood> ")
    #expect(descendants(of: terminal.child.pid).count >= 4)
    let pids = descendants(of: terminal.child.pid).map(\.pid)
    kill(terminal.child.pid, SIGKILL)
    #expect(try terminal.expectEnd() == .killed(SIGKILL))
    let deadline = Deadline(.seconds(5))
    while pids.contains(where: { living($0) }) && !deadline.hasPassed { usleep(10_000) }
    #expect(pids.filter { living($0) } == [])
  }

  private func living(_ pid: pid_t) -> Bool {
    ProcessEntry(pid: pid).map { !"ZX".contains($0.state) } ?? false
  }

  private func descendants(of pid: pid_t) -> [ProcessEntry] {
    let all = ProcessEntry.all()
    var result = all.filter { $0.parent == pid }
    var next = 0
    while next < result.count {
      result += all.filter { $0.parent == result[next].pid }
      next += 1
    }
    return result
  }
}
