import Channels
import Foundation
import TestSupport
import Testing
import Waits

/// Long runs: no false alarm among processes that wait for each other all the time, and no wrong look
/// at processes that die or stop in the middle of writing down what they wait for.
@Suite("No false alarm, long runs", .serialized) struct NoAlarmLongTests {
  /// How long all runs together take (s); `BROOD_ALARM_SECONDS` in the environment says otherwise.
  private static let seconds: Double =
    ProcessInfo.processInfo.environment["BROOD_ALARM_SECONDS"].flatMap(Double.init)
    ?? (Program.runsLongTests ? 3600 : 0)

  /// Computes for ever, so that those that are woken do not run at once.
  private static func busyLoop() throws -> Child {
    try Child(
      silently: "/bin/sh", ["-c", "while :; do :; done"], environment: [:], directory: "/")
  }

  private static func isAlarm(_ text: String) -> Bool {
    ["stuck: ", "deadlock", "can never end"].contains(where: text.contains)
  }

  /// Runs a script with `config stuck throw`; yields how long it took (s).
  private func runs(_ one: StuckCase, seconds: Int, isNice: Bool = false) throws -> Double {
    let script = one.script.replacingOccurrences(of: "SECONDS", with: "\(seconds)s")
    let began = Date()
    let subject = try StuckSubject(script, "throw", isNice: isNice)
    let end = subject.child.wait(until: Deadline(.seconds(120 + 10 * seconds)))
    let text = subject.errors
    #expect(end == .exited(0), "\(one.name): \(text)")
    #expect(subject.output.hasSuffix("done\n"), "\(one.name): \(text)")
    #expect(!Self.isAlarm(text), "\(one.name): \(text)")
    return Date().timeIntervalSince(began)
  }

  @Test(arguments: Classics.all) func aShortRun(_ one: StuckCase) throws {
    _ = try runs(one, seconds: 2)
  }

  /// One after the other, beside two busy loops; each time with other lengths.
  @Test func anHourOfTheClassicsAndStorms() throws {
    let loops = try (0..<2).map { _ in try Self.busyLoop() }
    defer { for loop in loops { loop.end() } }
    let end = Date(timeIntervalSinceNow: Self.seconds)
    var count = 0
    while Date() < end {
      for one in Classics.all where Date() < end {
        _ = try runs(one, seconds: [3, 8, 20][count % 3], isNice: count % 4 == 3)
        count += 1
      }
      for storm in Classics.storms where Date() < end {
        let script = "let r = (\(storm) --kills 300); if not $r.ok { exit 1 }\nprint done"
        _ = try runs(StuckCase(name: storm, script: script, wanted: []), seconds: 60)
        count += 1
      }
    }
    if count > 0 { print("no false alarm in \(count) runs of \(Int(Self.seconds)) s") }
  }

  /// A woken process that has not had a CPU for long is not asleep.
  @Test(.enabled(if: Program.runsLongTests)) func whoIsWokenAndHasNoTurn() throws {
    let loops = try (0..<8).map { _ in try Self.busyLoop() }
    defer { for loop in loops { loop.end() } }
    for one in Classics.all { _ = try runs(one, seconds: 5, isNice: true) }
  }

  /// Writers of wait records are killed and stopped at random instants while looks go on.
  @Test func writersThatDieAndStop() throws {
    let subject = try SessionLookTests.Subject(
      """
      queue new q 1
      let feeder = fork --name feeder { while true { queue put q 1; sleep 200us } }
      while true {
        let w = fork --name writer { while true { queue get q; try { queue get q --timeout 1ms } catch e: timeout { } } }
        wait $w
      }
      """)
    let wanted = Program.runsLongTests ? 400 : 40
    var (done, looks, longest) = (0, 0, 0.0)
    var random = SystemRandomNumberGenerator()
    let end = Date(timeIntervalSinceNow: Program.runsLongTests ? 600 : 60)
    while done < wanted, Date() < end {
      guard let memory = try? SessionMemory.of(subject.pid) else {
        // Looked for again until the deadline.
        usleep(10_000)
        continue
      }
      let began = Date()
      let first = SessionLook(memory)
      let writer = first.graph().processes.values.first { $0.name == "writer" }?.pid
      // The instant is what is tried: any will do.
      usleep(UInt32.random(in: 0...3000, using: &random))
      let stops = done % 2 == 0
      if let writer { kill(writer, stops ? SIGSTOP : SIGKILL) }
      if writer != nil { done += 1 }
      // The two looks of the rule are so far apart.
      usleep(50_000)
      let graph = SessionLook(memory).graph(since: first)
      looks += 2
      longest = max(longest, Date().timeIntervalSince(began))
      for set in graph.stuckSets() {
        #expect(set.verdict == .stuckUntilContinued, "\(set)")
      }
      // The feeder is held up by a stopped writer for a while, and nothing else.
      for process in graph.processes.values {
        for target in process.sleep?.targets ?? [] where target.object.kind == .queue {
          #expect(graph.objects[target.object]?.name == "queue q")
        }
      }
      if let writer, stops { kill(writer, SIGCONT) }
    }
    #expect(done == wanted)
    #expect(longest < 5, "a look took \(longest) s")
  }
}
