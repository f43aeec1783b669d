import TestSupport
import Testing

/// Where no descriptor is free, nobody living is taken for dead: nothing is taken from a holder, no
/// wait gives up before its time or goes on after it, and none turns in circles.
@Suite("Without free descriptors", .serialized)
struct DescriptorLackTests {
  /// A process that has no descriptor left when it does `body`.
  ///
  /// It is told what it may open from outside, once it sleeps: so it has all that it needs to sleep.
  private static let lacking = """
    queue new lacking-begins
    fn lacking(body) {
      let p = fork --name lacking {
        queue get lacking-begins
        try { ^true; print "descriptors are free" } catch e: limit { }
        let start = now
        try { print (call $body) } catch e { print $e.kind }
        let took = (now) - $start
        if $took > 2s { print took $took }
      }
      while (len (queue info lacking-begins).getting) == 0 or (state $p) != "S waiting" { sleep 1ms }
      ^prlimit --pid $p.pid --nofile=3
      queue put lacking-begins 1
      let r = wait $p
      if $r.cpu > 500ms { print cpu $r.cpu }
    }

    """

  private func expect(_ script: String, prints expected: String) throws {
    let output = try runScript(DescriptorLackTests.lacking + script, within: .seconds(40))
    #expect(output.standardOutput == expected, "\(output.standardError)")
    #expect(output.status == .exited(0), "\(output.standardError)")
  }

  /// What is held by a process that lives, and how another one tries to get it.
  static let holders = [
    ("lock new m", "lock acquire m", "lock release m", "lock acquire m --timeout 300ms"),
    ("sem new m 1", "sem acquire m", "sem release m", "sem acquire m --timeout 300ms"),
    ("shm new m int", "shm get m", "shm lock m { }", "shm update m { |v| $v + 1 } --timeout 300ms"),
    ("cond new m", "cond acquire m", "cond release m", "cond acquire m --timeout 300ms"),
    (
      "queue new m\nqueue put m 1", "queue get m --lease 1h", "queue ack m",
      "queue get m --timeout 300ms"
    ),
  ]

  @Test(arguments: holders)
  func nothingIsTakenFromTheLiving(
    _ make: String, _ take: String, _ give: String, _ other: String
  ) throws {
    let isMemory = make.hasPrefix("shm")
    let holding = isMemory ? "shm lock m { event set held; event wait end }" : "\(take)"
    let script = """
      \(make)
      event new held
      event new end
      let holder = fork --name holder {
        \(holding)
        event set held
        event wait end
        \(give)
        print kept
      }
      event wait held
      lacking { \(other) }
      event set end
      wait $holder
      """
    try expect(script, prints: "timeout\nkept\n")
  }

  @Test func itWaitsForWhoCouldAnswer() throws {
    let script = """
      queue new q
      queue new told
      let producer = fork --name producer { queue get told; queue put q late }
      lacking { queue put told 1; queue get q }
      wait --all
      """
    try expect(script, prints: "late\n")
  }

  /// Every wait that looks for somebody who could answer: none says that nobody is left.
  static let waits = [
    ("pipe new x", "pipe recv x --timeout 200ms"), ("sem new x 1\nsem acquire x", "sem acquire x"),
    ("cond new x", "cond wait x --timeout 200ms"), ("barrier new x 2", "barrier wait x"),
    ("queue new x 1\nqueue put x 1", "queue put x 2"), ("event new x", "event wait x"),
    ("queue new x", "select { queue x { true }; after 200ms { \"timeout\" } }"),
    ("pipe new x", "select { pipe x { true }; after 200ms { \"timeout\" } }"),
  ]

  @Test(arguments: waits)
  func noWaitGivesUpBeforeItsTime(_ make: String, _ wait: String) throws {
    let isTimed = wait.contains("200ms")
    let script = """
      \(make)
      let witness = fork { sleep 1h }
      lacking { \(wait)\(isTimed ? "" : " --timeout 200ms") }
      kill $witness
      wait $witness
      """
    // An error that names the lack is as good.
    let output = try runScript(DescriptorLackTests.lacking + script, within: .seconds(40))
    #expect(
      ["timeout\n", "limit\n", "false\n"].contains(output.standardOutput),
      "\(wait): \(output.standardOutput)\(output.standardError)")
  }

  /// That processes cannot be looked at is no list without them, and no tree of one process.
  @Test(arguments: [
    "ps", "tree $witness", "info $witness", "kill --tree $witness", "terminate --tree $witness",
    "sessions",
  ])
  func whatCannotBeSeenIsNotMissing(_ look: String) throws {
    let script = """
      let witness = fork { fork { sleep 1h }; sleep 1h }
      fn asleep() { len (tree $witness |> filter { |p| $p.state == "S" }) }
      while (asleep) < 2 { sleep 5ms }
      lacking { \(look) }
      print (asleep)
      kill --tree $witness
      wait $witness
      """
    try expect(script, prints: "limit\n2\n")
  }

  /// The dead are found nevertheless.
  @Test func whatTheDeadHeldComesBack() throws {
    let script = """
      lock new m
      sem new s 1
      queue new q
      queue put q lent
      event new held
      let holder = fork --name holder {
        lock acquire m; sem acquire s; queue get q --lease 1h
        event set held
        sleep 1h
      }
      event wait held
      queue new tell
      let killer = fork --daemon { queue get tell; kill -9 $holder }
      lacking {
        queue put tell 1
        lock acquire m --timeout 5s
        sem acquire s --timeout 5s
        queue get q --timeout 5s
      }
      wait $holder
      """
    let output = try runScript(DescriptorLackTests.lacking + script, within: .seconds(40))
    #expect(output.standardOutput == "lent\n", "\(output.standardError)")
  }

  /// Under a small limit of the whole session, as `ulimit -n` sets it: the times are kept, and
  /// nothing turns in circles.
  @Test func aTimeIsKeptUnderASmallLimit() throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      sem new m 1
      event new held
      let holder = fork --name holder {
        sem acquire m
        event set held
        sleep 1h
      }
      event wait held
      let waiter = fork --name waiter {
        try { pool new w 100 } catch e: limit { }
        try { sem acquire m --timeout 300ms; print stolen } catch e: timeout, limit { print kept }
      }
      let r = wait $waiter
      if $r.cpu > 1s or $r.elapsed > 10s { print $r.cpu $r.elapsed }
      kill $holder
      """, to: "script.brood")
    let output = try TestSupport.run(
      "/bin/bash", ["-c", "ulimit -n 80; exec \"\(Program.brood)\" script.brood"],
      environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(40))
    #expect(output.standardOutput == "kept\n", "\(output.standardError)")
  }
}
