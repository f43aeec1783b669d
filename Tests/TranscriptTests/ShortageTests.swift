import Foundation
import TestSupport
import Testing

/// Too few descriptors, processes or memory, a full disk, no /proc: each is an error that is told,
/// and nothing else is lost by it.
@Suite("Shortages", .serialized)
struct ShortageTests {
  /// Runs a script behind lines for a shell, as `ulimit -n 80`.
  private func run(
    _ script: String, after setting: String, redirected: String = "",
    within limit: Duration = .seconds(60)
  ) throws -> Output {
    let place = try TemporaryDirectory()
    try place.write(script, to: "script.brood")
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    return try TestSupport.run(
      "/bin/bash", ["-c", "\(setting)\nexec \"$BROOD\" script.brood \(redirected)"],
      environment: environment, directory: place.path, within: limit)
  }

  // MARK: Descriptors

  @Test(arguments: [32, 37, 42, 47, 52, 57, 62, 67, 72, 77, 80, 85])
  func aPoolThatCouldNotBeMadeLeavesNothing(_ files: Int) throws {
    let output = try run(
      """
      queue new q
      try { pool new w 100 } catch e { print $e.kind }
      try { pool new w2 1 } catch e { print $e.kind }
      try { queue get q --timeout 200ms } catch e { }
      try { pool new w3 2; pool map { |x| $x } [1, 2] } catch e { }
      sleep 20ms
      print end
      """, after: "ulimit -n \(files)")
    #expect(output.status == .exited(0), "\(output)")
    #expect(output.standardOutput.hasPrefix("limit\n"), "\(output)")
    #expect(output.standardOutput.hasSuffix("end\n"), "\(output)")
  }

  @Test(arguments: stride(from: 32, to: 96, by: 7).map { $0 })
  func whatCouldNotBeMadeLeavesNothing(_ files: Int) throws {
    let output = try run(
      """
      fn attempt(what) { try { call $what } catch e: limit, system, failed, peer-died { } }
      attempt { pool new w 3; pool map { |x| $x } 1..9 }
      attempt { for x in (pool imap { |x| $x } 1..50) { if $x > 5 { break } } }
      attempt { pool run --jobs 20 -- echo {} ::: ...(map 1..20 { |x| "$x" }) > /dev/null }
      attempt { (^echo a | ^cat | ^cat | ^cat) }
      attempt { wait (fork { 7 }) }
      attempt { terminate (spawn sleep 5) --grace 50ms }
      for i in 1..20 {
        attempt { queue new "q$i"; pipe new "p$i"; lock new "l$i"; event new "e$i"; shm new "s$i" int }
      }
      attempt { select { exit (fork { }) { }; after 2s { } } }
      sleep 20ms
      print end
      """, after: "ulimit -n \(files)")
    #expect(output.status == .exited(0), "\(output)")
    #expect(output.standardOutput.hasSuffix("end\n"), "\(output)")
  }

  @Test(.enabled(if: getuid() == 0), arguments: [3, 4, 6])
  func aPoolWithTooFewProcessesLeavesNothing(_ processes: Int) throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      try { pool new w 100 } catch e { print $e.kind }
      try { queue new q; queue get q --timeout 200ms } catch e { }
      print end
      """, to: "script.brood")
    // Under a user who has no other processes.
    let user = ["--reuid=64123", "--regid=64123", "--clear-groups"]
    let line =
      "cp \"$1\" brood && chmod -R a+rwX . && exec setpriv \"${@:2}\""
      + " bash -c 'ulimit -u \(processes); exec ./brood script.brood'"
    let output = try TestSupport.run(
      "/bin/bash", ["-c", line, "bash", Program.brood] + user,
      environment: Program.environment(home: place.path), directory: place.path)
    #expect(output.status == .exited(0), "\(output)")
    #expect(output.standardOutput == "limit\nend\n", "\(output)")
  }

  // MARK: Arguments

  @Test func argumentsAreObeyedWithoutAFreeDescriptor() throws {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    let fill = "ulimit -n 64; for i in {3..63}; do eval \"exec $i</dev/null\"; done"
    for (words, text) in [("-c 'print hi; exit 5'", "hi\n"), ("run --none", "")] {
      let output = try TestSupport.run(
        "/bin/bash", ["-c", "\(fill); exec \"$BROOD\" \(words)"],
        input: "print \"standard input was run\"\n", environment: environment,
        directory: place.path)
      // A program that is not static does not even begin.
      if output.standardError.contains("shared libraries") { return }
      #expect(output.standardOutput == text, "\(output)")
      #expect(output.status != .exited(0), "\(output)")
    }
  }

  @Test(.enabled(if: getuid() == 0)) func withoutProcItSaysSo() throws {
    let place = try TemporaryDirectory()
    try place.write("lock new m\nlock with m { print inside }\n", to: "script.brood")
    let output = try TestSupport.run(
      "/usr/bin/unshare",
      ["-m", "sh", "-c", "umount -l /proc; exec \"$0\" script.brood", Program.brood],
      environment: Program.environment(home: place.path), directory: place.path)
    #expect(output.status == .exited(1), "\(output)")
    #expect(output.standardError.contains("/proc"), "\(output)")
    #expect(output.standardError.split(separator: "\n").count == 1, "\(output)")
  }

  // MARK: Output

  @Test func whatAChildCannotWriteIsAFailure() throws {
    let output = try run(
      """
      let r = wait (fork { print hello; exit 0 } > /dev/full)
      print $r.exit $r.ok
      let s = wait (fork { print hello; 5 } > /dev/full)
      print $s.exit $s.value
      """, after: "")
    #expect(output.standardOutput == "1 false\n1 null\n", "\(output)")
    #expect(output.standardError.contains("cannot write"), "\(output)")
  }

  @Test func whatATaskCannotWriteIsItsFailure() throws {
    let output = try run(
      """
      pool new w 1
      try { pool map { |x| print $x; 7 } [1] } catch e { echo $e.kind $e.message | ^cat 1>&2 }
      """, after: "", redirected: "> /dev/full")
    #expect(output.standardError.contains("system cannot write"), "\(output)")
  }

  @Test(arguments: ["> /dev/full", ">&-"])
  func whatASessionCannotWriteIsAFailure(_ redirected: String) throws {
    let output = try run(
      """
      let r = wait (fork { print hello; 5 })
      write kept "exit ${$r.exit}"
      ^cat kept 1>&2
      on-exit { print last }
      """, after: "", redirected: redirected)
    #expect(output.status == .exited(1), "\(output)")
    #expect(output.standardError.contains("exit 1"), "\(output)")
    #expect(output.standardError.contains("cannot write to standard output"), "\(output)")
  }

  // MARK: Memory

  /// Each takes more and more, in another way.
  static let hungry = [
    "var t = \"ab\"\nwhile true { t = \"$t$t\" }",
    "var t = \"ab\"\nwhile true { t += $t }",
    "var xs = []\nwhile true { xs += [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"] }",
    "var xs = []\nvar n = 0\nwhile true { xs += [[$n, \"text number $n\"]]; n += 1 }",
    "let xs = map 1..20000 { |x| pad-left x 1000 }\nvar all = []\nwhile true { all += [(join $xs \",\")] }",
    "var xs = [1, 2, 3]\nwhile true { xs = [...$xs, ...$xs] }",
    "let t = \"abcdefghij\" * 12000000\njson-text [$t, $t]",
    "let json = \"[\" + (join (map 1..300000 { |x| \"[[1]]\" }) \",\") + \"]\"\n"
      + "var all = []\nwhile true { all += [(json-parse $json)] }",
    "^truncate -s 1G big\nlet t = read big",
    "^truncate -s 1G big\nlet t = read big --bytes",
    "let t = (^head -c 1000000000 /dev/zero)",
    "var m = [:]\nvar n = 0\nwhile true { m[\"key $n\"] = $n; n += 1 }",
    "map 1..10 { |x| pad-left x 100000000 }",
    "map 1..100000000 { |x| $x } |> len",
    "sort (map (range 100000000) { |x| -$x })",
    "var all = []\nwhile true { all += [[a: 1, b: 2, c: 3]] }",
    "let t = \"x\" * 100000\nvar xs = [$t]\n"
      + "while true { xs = [$xs, $xs, $xs, $xs]; print $xs > /dev/null }",
    "let m = to-map (map 1..200000 { |x| [$x, 1] })\nvar all = []\nwhile true { all += [(keys $m)] }",
    "let xs = range 400000\nvar all = []\nwhile true { all += [(reverse $xs)] }",
    "group-by (range 1500000) { |x| \"key $x\" }",
    "var m = [a: 1]\nvar all = []\nwhile true { all += [(map (range 1000) { |x| [a: $x, b: \"$x\"] })] }",
  ]

  @Test(arguments: hungry)
  func tooMuchMemoryIsAnError(_ program: String) throws {
    let output = try run(
      """
      print before
      on-exit { print "on-exit ran" }
      try {
        \(program)
      } catch e {
        print "caught" $e.kind
        print $e.help
      } finally {
        print "finally ran"
      }
      print after
      """, after: "ulimit -v 300000", within: .seconds(120))
    let lines = output.standardOutput.split(separator: "\n").map(String.init)
    #expect(lines.first == "before", "\(output)")
    #expect(lines.dropFirst().first == "caught limit", "\(output)")
    #expect(lines.suffix(3) == ["finally ran", "after", "on-exit ran"], "\(output)")
    #expect(output.standardOutput.contains("ulimit -v"), "\(output)")
    #expect(output.status == .exited(0), "\(output)")
  }
}
