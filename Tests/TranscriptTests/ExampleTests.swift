import Foundation
import TestSupport
import Testing

/// Every `scripts/examples/NAME.brood` is run and gives `Tests/Transcripts/examples/NAME.out`.
///
/// So are those of `classics`, the textbook's problems of synchronization. A `NAME.in` beside that is its standard input.
@Suite struct Examples {
  @Test(arguments: examples())
  func example(_ name: String) throws {
    let expectations = Program.sourceTree.appending(path: "Tests/Transcripts/examples")
    let expectedFile = expectations.appending(path: "\(name).out")
    let input = try? String(
      contentsOf: expectations.appending(path: "\(name).in"), encoding: .utf8)
    let directory = try TemporaryDirectory()
    // What a learner may have where the example is run.
    for file in ["texts/mine", "flaky/mine", "out/mine", "work", "done"] {
      try directory.write("mine", to: file)
    }
    let before = directory.contents()
    var environment = Program.environment(home: directory.path)
    environment["TMPDIR"] = try directory.temporaries()
    let output = try run(
      Program.brood, ["\(Self.directory.path)/\(name).brood"], input: input ?? "",
      environment: environment, directory: directory.path, within: .seconds(60))
    #expect(directory.contents() == before, "it changes files that are not its own")
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.temporaries())
    #expect(left.isEmpty, "temporary files were left behind")

    // A status other than 0 stands in the first line, in the way of the session files.
    var lines = (try? String(contentsOf: expectedFile, encoding: .utf8))?
      .components(separatedBy: "\n")
    if lines?.last == "" { lines?.removeLast() }
    let hasStatus = lines?.first.map(ExpectedOutput.isStart) ?? false
    let expected = ExpectedOutput(hasStatus ? lines ?? [] : ["---"] + (lines ?? []))

    if Program.updatesTranscripts {
      var updated = expected.updated(to: output)
      if updated.first == "---" { updated.removeFirst() }
      try Data(updated.map { $0 + "\n" }.joined().utf8).write(to: expectedFile)
      return
    }
    if lines == nil {
      Issue.record("there is no \(name).out: check what it does, then scripts/test --update")
    } else if let difference = expected.difference(from: output) {
      Issue.record(Comment(rawValue: difference), sourceLocation: location(expectedFile, 1))
    }
    let leftBehind = output.leftBehind.map(\.description)
    #expect(leftBehind.isEmpty, "processes were left behind")
  }

  /// An example that was interrupted leaves nothing, and works the next time.
  @Test func anInterruptedExampleCanBeRunAgain() throws {
    let file = "\(Self.directory.path)/pool-flaky.brood"
    let output = try runBash(
      """
      export TMPDIR=$PWD/.tmp; mkdir .tmp
      set -m
      brood \(file) >/dev/null 2>&1 &
      until [ -e flaky/journal ] || ls .tmp/*/journal; do sleep 0.01; done >/dev/null 2>&1
      kill -INT $!
      wait $!
      echo "status $?"
      ls; ls .tmp
      """, within: .seconds(20))
    #expect(output.standardOutput == "status 130\n", "\(output.standardError)")
  }

  /// Small ones of the classics have one outcome: all orders are tried where these are few.
  ///
  /// `mini-shell` runs programs, and jobs of `round-robin` compute without an end.
  @Test(arguments: [
    ("bounded-buffer", "1"), ("sieve", "4"), ("merge-sort", "4"), ("barber", "2"),
    ("philosophers", "order"),
  ]) func classicHasOneOutcome(_ name: String, _ size: String) throws {
    try #expect(explore(name, size, "--for 100s") == "value; complete true\n")
  }

  /// Those with more orders: all of them, or two thousand, by the long tests only.
  @Test(arguments: [
    ("philosophers", "seats", true), ("santa", "1", true), ("h2o", "1", true),
    ("readers-writers", "1", false), ("river", "4", false), ("smokers", "1", false),
  ]) func largeClassicHasOneOutcome(_ name: String, _ size: String, _ isSmall: Bool) throws {
    let isWhole = Program.runsLongTests && isSmall
    let limit = isWhole ? "" : "--preemptions 2 --runs \(Program.runsLongTests ? 2000 : 20)"
    try #expect(explore(name, size, limit) == "value; complete \(isWhole)\n")
  }

  @Test func philosophersOnTheLeftCanStarve() throws {
    try #expect(explore("philosophers", "left", "") == "value, deadlock; complete true\n")
  }

  /// The kinds of all outcomes of a classic, and whether no other one is possible.
  private func explore(_ name: String, _ size: String, _ limit: String) throws -> String {
    let place = try TemporaryDirectory()
    let path = Self.directory.appending(path: "classics/\(name).brood").path
    let text = """
      let found = explore \(limit) $args[0] $args[1]
      print "${(join (map $found.outcomes { |o| $o.kind }) ", ")}; complete ${$found.complete}"
      """
    let output = try run(
      Program.brood, ["-c", text, path, size], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(Program.runsLongTests ? 1200 : 120))
    return output.standardOutput + output.standardError
  }

  /// Each example with a death before each operation: an answer comes in time, and where all was seen nobody
  /// is left waiting for ever.
  @Test(.enabled(if: Program.runsLongTests), arguments: examples())
  func noDeathLeavesOthersWaiting(_ name: String) throws {
    let place = try TemporaryDirectory()
    let path = Self.directory.appending(path: "\(name).brood").path
    let text = """
      try {
        let r = explore --kill 1 --for 5s --steps 1000 --ignore output $args[0]
        print (if $r.complete { "seen" } else { "cut" }) (if $r.stuck > 0 { "stuck" } else { "free" })
      } catch e: type { print refused }
      """
    let output = try run(
      Program.brood, ["-c", text, path], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(120))
    let lines = output.standardOutput.split(separator: "\n")
    // How much is seen before the time is over depends on the machine.
    var answers = ["seen free", "cut free", "cut stuck", "refused"]
    if Self.canStick.contains(name) { answers.append("seen stuck") }
    #expect(lines.count == 1 && lines.allSatisfy { answers.contains(String($0)) }, "\(output)")
    #expect(output.leftBehind.isEmpty)
  }

  /// Examples in which one waits for what only the one brings that died, or who else could waits for both:
  /// outside of `explore` that wait ends with an error after a second, as a barrier breaks; a raw pipe's does
  /// not while the reader has the other end, too.
  private static let canStick = [
    "barrier", "end-of-file", "printer", "queue-between", "shared-text", "classics/barber",
    "classics/h2o", "classics/river",
  ]

  private static let directory = Program.sourceTree.appending(path: "scripts/examples")

  private static func examples() -> [String] {
    ["", "classics/"].flatMap { folder in
      let path = directory.appending(path: folder).path
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.filter { $0.hasSuffix(".brood") }.map { folder + $0.dropLast(6) }.sorted()
    }
  }
}
