import Foundation
import TestSupport
import Testing

/// What `as python` and `as c` write does what the block does.
@Suite(.serialized) struct Notation {
  private static let blocks = [
    """
    let p = fork --name kid { print "in the child"; exit 3 }
    print "exit" (wait $p).exit
    """,
    """
    var total = 0
    for i in 1..4 { if $i % 2 == 0 { total += $i } else { total -= 1 } }
    while $total < 20 { total = $total * 2 }
    print "total is $total"
    """,
    """
    fn square(x) { $x * $x }
    let n = 7
    print (square $n) ($n // 2)
    """,
    """
    let n = shm new int 5
    let p = fork { shm add $n 37 }
    wait $p
    print (shm get $n)
    """,
    """
    let p = fork { sleep 100 }
    kill $p
    wait $p
    print ended
    """,
    """
    let l = lock new
    lock with $l { print inside }
    """,
    """
    let q = queue new jobs 5
    let p = fork { for i in 1..3 { queue put jobs ($i * 10) }; queue put jobs 0 }
    var n = queue get $q
    while $n != 0 { print $n; n = queue get jobs }
    wait $p
    print (queue size jobs)
    """,
    """
    let q = queue new 4
    let p = fork { print "got" (queue get $q) }
    queue put $q "hello"
    wait $p
    queue close $q
    """,
    """
    event new go
    let p = fork { event wait go; print started }
    event set go
    wait $p
    """,
    """
    cond new c
    shm new n int
    let p = fork { cond with c { while (shm get n) == 0 { cond wait c }; print "n is" (shm get n) } }
    cond with c { shm set n 7; cond notify-all c }
    wait $p
    """,
    """
    barrier new both 2
    let p = fork { barrier wait both }
    barrier wait both
    wait $p
    print together
    """,
    """
    let door = socket listen door unix:@brood-notation
    let p = fork { let guest = socket accept $door; socket send $guest ((socket recv $guest) * 2); socket close $guest }
    let c = socket connect unix:@brood-notation
    socket send $c 21
    print (socket recv $c)
    socket close $c
    wait $p
    socket close $door
    """,
    """
    fn square(n) { $n * $n }
    let p = pool new 3
    let squares = pool map square [1, 2, 3, 4]
    print $squares
    for s in $squares { print $s }
    print (pool map { |n| $n + 1 } 1..3)
    pool close $p
    pool join $p
    """,
    """
    var n = 3
    while (wait (fork { exit 0 })).exit == 0 and $n > 0 { print $n; n -= 1 }
    if $n > 5 { print many } else if (wait (fork { exit 3 })).exit == 3 { print three }
    """,
  ]

  /// Time limits, tasks, whatever comes first, several children.
  private static let limits = [
    """
    let m = lock new
    lock acquire $m
    let p = fork { try { lock acquire $m --timeout 100ms; print got } catch e: timeout { print late } }
    wait $p
    lock release $m
    lock with $m --timeout 1s { print inside }
    """,
    """
    queue new q 1
    queue put q 1
    try { queue put q 2 --no-wait; print room } catch e: full { print full }
    print (queue get q)
    try { print (queue get q --timeout 50ms) } catch e: timeout { print late }
    try { print (queue get q --no-wait) } catch e: empty { print empty }
    """,
    """
    sem new s 0 --counter
    try { sem acquire s --timeout 50ms } catch e: timeout { print "no permit" }
    event new go
    if (event wait go --timeout 50ms) { print set } else { print "not set" }
    event set go
    if (event wait go --timeout 50ms) { print set } else { print "not set" }
    cond new c
    cond with c { try { cond wait c --timeout 50ms } catch e: timeout { print "not notified" } }
    """,
    """
    let p = fork { sleep 60 }
    try { wait $p --timeout 100ms } catch e: timeout { print "still there" }
    kill $p
    wait $p
    print gone
    """,
    """
    fn square(n) { $n * $n }
    let p = pool new 2
    let f = pool submit square 7
    let g = pool submit { |a, b| $a + $b } 3 4
    print (pool result $f) (pool result $g)
    print (pool apply square 9)
    let slow = pool submit { sleep 60; 1 }
    try { print (pool result $slow --timeout 100ms) } catch e: timeout { print late }
    pool terminate $p
    """,
    """
    let p = pipe new
    try { print (pipe recv $p.b --timeout 50ms) } catch e: timeout { print nothing }
    let c = fork { pipe send $p.a 5 }
    print (pipe recv $p.b)
    wait $c
    """,
    """
    queue new q 3
    let p = fork { queue put q 7; exit 3 }
    select { queue q { |v| print got $v }; after 10s { print late } }
    select { exit $p { |r| print ended $r.exit }; after 10s { print late } }
    select { queue q { |v| print got $v }; after 50ms { print nothing } }
    """,
    """
    let kids = map 1..3 { |i| fork { exit $i } }
    wait ...$kids
    let more = map 1..2 { |i| fork { sleep 60 } }
    kill ...$more
    wait ...$more
    for i in 1..3 { fork { sleep 10ms } }
    wait --all
    print done
    """,
    """
    fn work(n) { print working $n }
    let w = process new worker --target work --args [3]
    process start $w
    process join $w
    print joined
    """,
    """
    signal on ALRM { print ring }
    alarm 100ms
    sleep 300ms
    signal block USR1
    try { signal wait USR1 --timeout 50ms } catch e: timeout { print none }
    """,
    """
    try { print before; throw "oops" } catch e { print caught $e.message }
    """,
  ]

  /// Only Python has values that travel.
  private static let values = [
    """
    let q = queue new 5
    let p = fork { for i in 1..3 { queue put $q $i } }
    for i in 1..3 { print (queue get $q) }
    wait $p
    """,
    """
    let p = pipe new
    let c = fork { pipe send $p.b "hello" }
    print (pipe recv $p.a)
    wait $c
    """,
    """
    let squares = map [1, 2, 3] { |x| $x * $x }
    print (len $squares) (sum $squares)
    """,
  ]

  @Test(arguments: blocks + limits + values) func pythonDoesTheSame(_ block: String) throws {
    try compare(block, "python") { text, place in
      try place.write(text, to: "t.py")
      return ("python3", ["t.py"])
    }
  }

  /// What has no short form is said.
  @Test(arguments: [
    ("c", "barrier new b 2; barrier wait b --timeout 1s", "barrier wait b --timeout 1s"),
    ("c", "queue new q; queue get q --lease 1s", "queue get q --lease 1s"),
    ("c", "event new e; select { event e { print set } }", "select { event e { print set } }"),
    ("python", "pool new 1; pool submit { 1 } --timeout 1s", "pool submit { 1 } --timeout 1s"),
  ]) func whatIsMissingIsSaid(_ notation: String, _ block: String, _ line: String) throws {
    let place = try TemporaryDirectory()
    let text = try run(
      Program.brood, ["-c", "as \(notation) { \(block) }"],
      environment: Program.environment(home: place.path), directory: place.path)
    #expect(text.standardOutput.contains("in Brood only: \(line)"), "\(text.standardOutput)")
  }

  @Test(arguments: blocks + limits) func cDoesTheSame(_ block: String) throws {
    try compare(block, "c") { text, place in
      try place.write(text, to: "t.c")
      return (
        "sh", ["-c", "(cc -Wall -o t t.c -pthread || clang -Wall -o t t.c -pthread) 2>&1 && ./t"]
      )
    }
  }

  private func compare(
    _ block: String, _ notation: String,
    _ program: (String, TemporaryDirectory) throws -> (String, [String])
  ) throws {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["PATH"] = ProcessInfo.processInfo.environment["PATH"]
    func output(_ program: String, _ arguments: [String]) throws -> Output {
      // A compiler takes its time on a busy machine.
      try run(
        program, arguments, environment: environment, directory: place.path, within: .seconds(120))
    }
    let own = try output(Program.brood, ["-c", block])
    let text = try output(Program.brood, ["-c", "as \(notation) { \(block) }"])
    #expect(text.status == .exited(0), "\(text.standardError)")
    #expect(!text.standardOutput.contains("in Brood only"), "\(text.standardOutput)")
    let (name, arguments) = try program(text.standardOutput, place)
    let other = try output("/usr/bin/env", [name] + arguments)
    #expect(
      other.standardOutput == own.standardOutput,
      "\(text.standardOutput)\n\(other.standardError)")
  }
}
