import Foundation
import TestSupport
import Testing

/// What is promised of the programs of `pool run`, tried: a storm of kills, a full disk, and ends of
/// every kind.
@Suite("Promises about programs as tasks", .serialized)
struct ProgramStormTests {
  private func run(_ script: String, within limit: Duration = .seconds(90)) throws -> Output {
    try runScript(script, within: limit)
  }

  /// A process of its own kills programs at random, while they start, write or end; none ends before
  /// the first was killed, however slow the killer is.
  private static func storm(inputs: Int, flags: String) -> String {
    """
    let main = $pid
    let killer = fork --name killer --daemon {
      var kills = 0
      while true {
        let victims = ps --all |> filter { |p| $p.ppid == $main and (starts-with $p.command "sh -c echo begin") }
        for v in $victims {
          if (random 3) == 0 { try { kill -9 $v.pid; kills += 1; write kills "$kills" } catch { } }
        }
        sleep ((random 4) * 1ms)
      }
    }
    let records = pool run --jobs 4 \(flags) -- sh -c 'echo begin $1; setsid sleep 61.1308 & sleep 0.005; until [ -s kills ]; do sleep 0.01; done; echo end $1' sh ::: ...(range \(inputs))
    terminate $killer
    wait $killer
    var wrong = 0
    for i, r in $records {
      if $r.index != $i or $r.item != "$i" { wrong += 1 }
      if $r.ok {
        if $r.output != "begin $i\\nend $i\\n" { wrong += 1 }
      } else {
        if $r.signal != "KILL" or $r.exit != null { wrong += 1 }
      }
    }
    let lost = len (filter $records { |r| not $r.ok })
    let again = len (filter $records { |r| $r.attempts > 1 })
    print "records" (len $records) "wrong" $wrong "lost" $lost "again" $again "kills" (int (read kills))
    while (any (ps --all) { |p| contains $p.command "61.1308" }) { sleep 5ms }
    print 0
    """
  }

  private func numbers(_ output: Output) throws -> [String: Int] {
    let words = try #require(output.standardOutput.split(separator: "\n").first)
      .split(separator: " ")
    var result: [String: Int] = [:]
    for i in stride(from: 0, to: words.count - 1, by: 2) {
      result[String(words[i])] = Int(words[i + 1])
    }
    return result
  }

  @Test func eachInputHasOneRecordThroughAStormOfKills() throws {
    let inputs = Program.runsLongTests ? 3000 : 300
    let script = ProgramStormTests.storm(inputs: inputs, flags: "--retries 1000")
    let output = try run(script, within: .seconds(Program.runsLongTests ? 600 : 120))
    let found = try numbers(output)
    #expect(found["records"] == inputs, "\(output.standardError)")
    #expect(found["wrong"] == 0)
    #expect(found["lost"] == 0)
    #expect(try #require(found["again"]) > 0)
    #expect(try #require(found["kills"]) > 0)
    #expect(output.standardOutput.hasSuffix("\n0\n"))
    #expect(output.leftBehind.isEmpty)
  }

  @Test func withoutRetriesTheKilledAreReported() throws {
    let output = try run(ProgramStormTests.storm(inputs: 300, flags: "--retries 0"))
    let found = try numbers(output)
    #expect(found["records"] == 300, "\(output.standardError)")
    #expect(found["wrong"] == 0)
    #expect(try #require(found["lost"]) > 0)
    #expect(found["again"] == 0)
    #expect(output.standardOutput.hasSuffix("\n0\n"))
    #expect(output.leftBehind.isEmpty)
  }

  /// The limit for files stands for a full disk, which a test cannot have everywhere.
  @Test func aFullDiskMakesProgramsWaitAndLosesNothing() throws {
    let output = try run(
      """
      ^sh -c 'yes 0123456789abcde | head -c 30000000 > big'
      let own = $pid
      fork --daemon {
        while not (exists message) or (read message) == "" { sleep 5ms }
        ^sh -c "prlimit --pid $own --fsize=unlimited"
      }
      ^sh -c "prlimit --pid $own --fsize=100000:unlimited"
      pool run --jobs 2 -- cat ::: big big > both 2> message
      ^sh -c 'cat big big | cmp - both && echo same'
      print (read message)
      """)
    #expect(
      output.standardOutput == """
        same
        pool run: no room in '/tmp' for the output of tasks (EFBIG); they wait for it


        """, "\(output.standardError)")
  }

  @Test(arguments: ["KILL", "TERM", "HUP", "INT"])
  func nothingOutlivesTheShell(_ signal: String) throws {
    let output = try run(
      """
      let own = $pid
      fork --daemon {
        while (len (filter (ps --all) { |p| contains $p.command "sleep 1309" })) < 4 { sleep 5ms }
        print ...(map (filter (ps --all) { |p| contains $p.command "sleep 1309" }) { |p| $p.pid })
        kill -\(signal) $own
      }
      pool run --jobs 2 -- sh -c "setsid sleep 1309 & exec sleep 1309" ::: ...(range 10)
      """)
    let pids = output.standardOutput.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count >= 4, "\(output.standardOutput)\(output.standardError)")
    #expect(ProcessEntry.living(pids, after: .seconds(3)) == [])
    #expect(output.leftBehind.isEmpty)
  }

  @Test func whatIsDetachedOutlivesTheShell() throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      pool run --detach --results out --jobs 2 -- sh -c 'while ! test -e go; do sleep 0.01; done; echo $1' sh ::: a b
      """, to: "script.brood")
    let output = try TestSupport.run(
      "/bin/sh", ["-c", "setsid \(Program.brood) script.brood"],
      environment: Program.environment(home: place.path), directory: place.path)
    #expect(output.status == .exited(0), "\(output.standardError)")
    try place.write("", to: "go")
    let out = URL(filePath: place.path).appending(path: "out")
    /// The directory of the second program, as `00002-b-1f3c9a2e`.
    func second() -> URL? {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: out.path)) ?? []
      return names.first { $0.hasPrefix("00002-b-") }.map { out.appending(path: $0) }
    }
    #expect(
      waits(.seconds(20)) {
        let last = second()?.appending(path: "record.json").path
        return last.map { FileManager.default.fileExists(atPath: $0) } ?? false
      })
    let text = try String(
      contentsOf: try #require(second()).appending(path: "stdout"), encoding: .utf8)
    #expect(text == "b\n")
  }
}
