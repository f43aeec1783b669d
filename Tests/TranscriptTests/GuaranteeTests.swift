import Foundation
import TestSupport
import Testing

/// What is promised of processes, tried: nothing outlives a session that is killed, and whatever
/// is made and waited for leaves no trace.
@Suite("Promises about processes", .serialized)
struct GuaranteeTests {
  /// Eleven processes of every kind, some in sessions of their own; the last line prints them all.
  private static let family = """
    fork { sleep 1h }
    fork --daemon { sleep 1h }
    fork { signal ignore TERM HUP INT; sleep 1h }
    spawn sleep 1000
    spawn setsid sleep 1001
    spawn env -i setsid sh -c "setsid sleep 1002 & setsid sleep 1003 & wait"
    fork { fork { fork { sleep 1h }; sleep 1h }; sleep 1h }
    fn family(p) {
      var all = []
      for child in (words (read "/proc/$p/task/$p/children")) {
        all += [$child]
        all += (family $child)
      }
      $all
    }
    var all = []
    while (len $all) < 11 {
      sleep 10ms
      all = try { family $pid } catch { [] }
    }
    print ...$all

    """

  private func run(_ script: String) throws -> Output {
    try runScript(script, within: .seconds(120))
  }

  @Test(arguments: ["KILL", "TERM", "HUP"])
  func nothingOutlivesTheSession(_ signal: String) throws {
    let output = try run(GuaranteeTests.family + "kill -\(signal) $pid\nsleep 1h\n")
    let pids = output.standardOutput.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count >= 11, "\(output.standardOutput)\(output.standardError)")
    #expect(ProcessEntry.living(pids, after: .seconds(3)) == [])
    #expect(output.leftBehind.isEmpty)
  }

  @Test func nothingOutlivesASessionThatForksWhileItIsKilled() throws {
    let output = try run(
      """
      let own = $pid
      fork { while true { fork { ^setsid sleep 1004 } ; sleep 1ms } }
      fork { sleep 300ms; kill -KILL $own }
      while true { wait (fork { }) }
      """)
    #expect(output.status == .killed(SIGKILL))
    let left = ProcessEntry.all().filter { $0.commandLine == "sleep 1004" }.map(\.pid)
    #expect(ProcessEntry.living(left, after: .seconds(3)) == [])
  }

  @Test func detachedProcessesStay() throws {
    let output = try run(
      """
      let p = fork --detach { ^sleep 1005 }
      while (len (info $p).children) == 0 { sleep 10ms }
      print ...(info $p).children
      kill -KILL $pid
      """)
    let pids = output.standardOutput.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count == 1)
    #expect(ProcessEntry.living(pids, after: .milliseconds(500)) == pids)
    for pid in pids { kill(pid, SIGKILL) }
  }

  @Test func manyForksLeaveNothing() throws {
    let rounds = Program.runsLongTests ? 100_000 : 3000
    let output = try run(
      """
      fn usage() {
        let status = read "/proc/$pid/status"
        let rss = int (words (first (filter (lines $status) { |l| starts-with $l VmRSS })))[1]
        [rss: $rss, fds: (len (glob "/proc/$pid/fd/*"))]
      }
      for i in 1..200 { wait (fork { $i }) }
      let before = usage
      for i in 1..\(rounds) { wait (fork { $i }) }
      let after = usage
      print ($after.fds - $before.fds) ($after.rss - $before.rss < 2000)
      print (map (ps) { |p| $p.name })
      """)
    #expect(output.standardOutput == "0 true\n[\"brood\"]\n", "\(output.standardError)")
  }

  @Test func pipelinesLeaveNoZombie() throws {
    let output = try run(
      """
      for i in 1..20 { ^echo x | ^cat | { read /dev/stdin } | ^cat > /dev/null }
      print (ok ^false | ^true)
      let states = words (^ps -o state= --ppid $pid)
      print (filter $states { |s| $s == "Z" })
      """)
    #expect(output.standardOutput == "false\n[]\n", "\(output.standardError)")
  }

  @Test func noDescriptorLeaksIntoAProgram() throws {
    let output = try run(
      """
      let p = fork { sleep 1h }
      ^sh -c 'echo /proc/self/fd/*'
      ^sh -c 'echo /proc/self/fd/*' | ^cat
      let q = spawn sh -c 'echo /proc/self/fd/*'
      wait $q
      kill $p
      """)
    let lines = output.standardOutput.split(separator: "\n")
    #expect(lines.count == 3, "\(output.standardError)")
    for line in lines {
      // The shell of the program may hold one more: the directory it is listing.
      let numbers = line.split(separator: " ").compactMap {
        Int($0.split(separator: "/").last ?? "")
      }
      #expect(numbers.allSatisfy { $0 <= 3 }, "\(line)")
    }
  }

  /// With `--long` also at the default limit of 4096.
  @Test(
    arguments: Program.runsLongTests ? [50, 4096] : [50],
    ["fork { bomb }; bomb", "while true { fork { bomb } }"])
  func aForkBombEndsInOneError(_ limit: Int, _ bomb: String) throws {
    let output = try run(
      """
      config limit.processes \(limit)
      fn bomb() { \(bomb) }
      try { bomb } catch e { print $e.kind }
      try { wait --all } catch { }
      while (len (ps)) > 1 { sleep 20ms }
      print "usable: ${(wait (fork { 42 })).value}"
      kill -KILL $pid
      """)
    let complaints = output.standardError.components(separatedBy: "may have no more").count - 1
    #expect(complaints == 1, "\(output.standardError)")
    #expect(output.standardOutput == "limit\nusable: 42\n")
    #expect(output.leftBehind.isEmpty)
  }
}
