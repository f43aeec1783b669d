import Foundation
import TestSupport
import Testing

/// What is left of a session that was killed at any moment.
@Suite("Recordings") struct RecordingTests {
  /// Two processes that do something all the time, and write a line before each operation.
  private static let script = """
    record on
    queue new q 4
    let p = fork --name putter { while true { queue put q 1 } }
    let r = fork --name getter { while true { queue get q } }
    while (queue info q).gets == 0 { sleep 1ms }
    print ready
    wait --all
    """

  private static var kills: Int { Program.runsLongTests ? 200 : 20 }

  @Test func aSessionKilledAtAnyMomentLeavesABox() throws {
    for kill in 0..<Self.kills { try leavesABox(after: kill, guardianToo: false) }
  }

  @Test func soDoesOneThatIsKilledWithItsGuardian() throws {
    for kill in 0..<Self.kills / 2 { try leavesABox(after: kill, guardianToo: true) }
  }

  private func leavesABox(after step: Int, guardianToo: Bool) throws {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    // Sessions of other tests collect what they find.
    environment["XDG_RUNTIME_DIR"] = place.path
    let session = try Child(
      recording: Program.brood, ["-c", Self.script], environment: environment,
      directory: place.path)
    let start = Deadline(.seconds(20))
    func isReady() -> Bool {
      (try? String(contentsOfFile: "\(place.path)/out", encoding: .utf8)) == "ready\n"
    }
    while !isReady() && !start.hasPassed {}
    #expect(isReady())
    // Somewhere in the next milliseconds, another moment each time.
    let moment = Deadline(.microseconds(step * 197))
    while !moment.hasPassed {}
    if guardianToo {
      // Both at once: the guardian has no time to do its work.
      let guardian = Self.children(of: session.pid).first { Self.name($0) == "brood-guardian" }
      kill(session.pid, SIGSTOP)
      if let guardian { kill(guardian, SIGKILL) }
    }
    kill(session.pid, SIGKILL)
    #expect(session.wait(until: Deadline(.seconds(10))) != nil)
    for pid in session.livingMembers().map(\.pid) where guardianToo { kill(pid, SIGKILL) }
    var output: Output?
    let limit = Deadline(.seconds(20))
    // The guardian writes the box when it has seen the end.
    while output?.status != .exited(0) && !limit.hasPassed {
      output = try run(
        Program.brood, ["blackbox", "--json"], environment: environment, directory: place.path)
    }
    let text = output?.standardOutput ?? ""
    let boxes = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
    guard let box = boxes?.first(where: { $0["session"] as? Int == Int(session.pid) }) else {
      Issue.record("no box of \(session.pid): \(text)")
      return
    }
    let processes = box["processes"] as? [[String: Any]] ?? []
    let names = Set(processes.compactMap { $0["name"] as? String })
    #expect(names.isSuperset(of: ["brood", "putter", "getter"]), "\(text)")
    #expect(box["events"] as? Int ?? 0 > 4)
  }

  private static func children(of pid: Int32) -> [Int32] {
    let path = "/proc/\(pid)/task/\(pid)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { Int32($0) }
  }

  private static func name(_ pid: Int32) -> String {
    let text = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
    return text?.trimmingCharacters(in: .newlines) ?? ""
  }
}
