import Foundation
import TestSupport
import Testing

/// What is promised of queues, values and locks on a Redis server: whatever is killed, stopped, full or
/// lost on the way, no living holder loses an item, and none is lost or done twice.
@Suite(
  "Promises about Redis",
  .enabled(if: RedisServer.isThere, "there is no redis-server: scripts/setup --tests=cluster"))
struct RedisTests {
  private func lines(_ output: Output) -> [String] {
    output.standardOutput.split(separator: "\n").map(String.init)
  }

  // MARK: Storms

  /// Producers, and consumers that are killed all the time; `seen` and `acked` tell what came of it.
  private static let storm = """
    let total = int $env.TOTAL
    queue new jobs 20 --on $env.SERVER
    let producers = map 1..(int $env.SIDES) { |p| fork { for i in 1..$total { queue put jobs "$p.$i" } } }
    fn consumer(name) {
      fork --name $name {
        while true {
          let job = try { queue get jobs --lease 1h } catch e: closed { exit 0 }
          print $job >> seen
          queue ack jobs
          print $job >> acked
        }
      }
    }
    let names = map 1..(int $env.SIDES) { |n| "consumer$n" }
    for name in $names { consumer $name }
    for i in 1..(int $env.KILLS) {
      sleep 30ms
      let name = random $names
      kill -9 $name
      wait $name
      consumer $name
    }
    wait ...$producers
    queue close jobs
    wait --all
    print (queue size jobs) (queue info jobs).leased
    for file in [seen, acked] { cat $file | ^sort | uniq -c | awk '{ n++; if ($1 > 1) d++ } \
    END { print n + 0, d + 0 }' }
    """

  private func storm(
    _ server: RedisServer, sides: Int = 4, each total: Int, kills: Int,
    mayForget: Bool = false, within limit: Duration
  ) throws {
    let output = try server.script(
      Self.storm,
      environment: ["SIDES": "\(sides)", "TOTAL": "\(total)", "KILLS": "\(kills)"], within: limit)
    let lines = lines(output)
    try #require(lines.count == 3, "\(output.standardOutput)\(output.standardError)")
    #expect(lines[0] == "0 0")
    if mayForget {
      let seen = try #require(lines[1].split(separator: " ").first.flatMap { Int($0) })
      #expect((sides * total / 2...sides * total).contains(seen))
      #expect(output.leftBehind.isEmpty)
      return
    }
    // All were seen, some of them twice; none was acknowledged twice.
    #expect(lines[1].hasPrefix("\(sides * total) "))
    #expect(lines[2].hasSuffix(" 0"))
    #expect(output.leftBehind.isEmpty)
  }

  @Test func consumersAreKilled() throws {
    if Program.runsLongTests {
      try storm(try RedisServer(), sides: 10, each: 10_000, kills: 200, within: .seconds(900))
    } else {
      try storm(try RedisServer(), each: 200, kills: 20, within: .seconds(120))
    }
  }

  /// With everysec the server answers before it has written while its last fsync(2) takes long: then
  /// a kill takes up to 2 seconds of answers.
  @Test(arguments: ["always", "everysec"])
  func theServerIsKilled(_ fsync: String) throws {
    let server = try RedisServer(["--appendfsync", fsync])
    let isOver = Flag()
    let killer = Thread {
      for _ in 0..<5 {
        _ = waits(.milliseconds(500)) { isOver.isSet }
        if isOver.isSet { return }
        server.kill()
        try? server.start()
      }
      isOver.set()
    }
    killer.start()
    let isLong = Program.runsLongTests
    try storm(
      server, each: isLong ? 5000 : 500, kills: 5, within: .seconds(isLong ? 900 : 120))
    isOver.set()
  }

  /// A word that two threads of a test share.
  private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false
    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
  }

  // MARK: Answers that are lost

  private static let operations = """
    queue new q 3 --attempts 2 --on $env.SERVER
    queue put q 1
    queue put-many q [2, 3]
    print (queue get q --lease 1h) (queue ack q)
    print (queue get q) (queue size q)
    print (queue get q --lease 1h) (queue nack q)
    print (queue get q --lease 1h) (queue nack q)
    print (queue size q) (queue dead q)[0].value
    queue put q 4
    queue close q
    print (queue peek q) (queue get-many q 5)
    try { queue get q } catch e { print $e.kind }
    shm new n int --on $env.SERVER
    print (shm add n 5) (shm add n 2) (shm cas n 7 9) (shm update n { |v| $v + 1 }) (shm get n)
    lock new l --on $env.SERVER
    for i in 1..2 { lock with l { |fence| print $fence } }
    sem new s 2 --on $env.SERVER
    sem with s { sem with s { print (sem value s) } }
    print (sem value s)
    event new e --on $env.SERVER
    event set e
    print (event wait e)
    """

  private static let results = """
    1 1
    2 1
    3 1
    3 1
    0 3
    4 [4]
    closed
    5 7 true 10 10
    1
    2
    0
    2
    true

    """

  /// Runs the operations through a proxy that loses something of one request; how many there were.
  private func operations(losing which: Int) throws -> Int {
    let server = try RedisServer()
    let place = server.directory.path
    let proxy = try Child(
      recording: "/usr/bin/python3",
      [
        Program.sourceTree.appending(path: "Tests/Redis/proxy").path, server.socket,
        "\(place)/proxy.sock", "\(which)",
      ], environment: Program.environment(home: place), directory: place)
    defer { proxy.end() }
    try #require(waits(.seconds(60)) { RedisServer.answers(at: "\(place)/proxy.sock") })
    let output = try server.script(
      Self.operations, environment: ["SERVER": "redis+unix:\(place)/proxy.sock"])
    #expect(
      output.standardOutput == Self.results,
      "lost was \(which): \(output.standardOutput)\(output.standardError)")
    let trouble = try String(contentsOfFile: "\(place)/err", encoding: .utf8)
    #expect(trouble.isEmpty, "the proxy has ended")
    let said = try String(contentsOfFile: "\(place)/out", encoding: .utf8)
    return said.split(separator: "\n").count
  }

  /// Nothing is lost or doubled, whichever answer is lost, and whichever request.
  @Test func eachAnswerIsLostOnce() throws {
    let count = try operations(losing: 0)
    #expect(count > 30)
    // The first ones make things; of the others each is tried, in two orders.
    for which in 1...count {
      _ = try operations(losing: which)
      if Program.runsLongTests { _ = try operations(losing: -which) }
    }
  }

  // MARK: Holders

  @Test func aKilledHolderLosesItsItem() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue put q x
      event new has
      let holder = fork { queue get q --lease 1h; event set has; sleep 1h }
      event wait has
      kill -9 $holder
      let start = now
      print (queue get q --lease 1h --timeout 20s) (((now) - $start) < 8s) (queue ack q)
      """)
    #expect(output.standardOutput == "x true 1\n", "\(output.standardError)")
  }

  @Test func aStoppedHolderIsRefused() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue put q x
      event new has
      event new go
      let holder = fork {
        queue get q --lease 1h
        event set has
        event wait go
        try { queue ack q } catch e: missing { print refused }
      }
      event wait has
      kill -STOP $holder
      let start = now
      print (queue get q --lease 1h --timeout 20s) (((now) - $start) < 8s)
      kill -CONT $holder
      event set go
      wait $holder
      print (queue ack q) (queue size q)
      """)
    #expect(output.standardOutput == "x true\nrefused\n1 0\n", "\(output.standardError)")
  }

  /// A holder computes, runs programs and sleeps; a waiter is stopped and goes on.
  @Test func aLivingHolderKeepsItsItem() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue put q x
      event new has
      event new go
      let holder = fork {
        queue get q --lease 1h
        event set has
        let end = (now) + 7s
        var n = 0
        while (now) < $end { n += 1 }
        sleep 1s
        sh -c 'sleep 1'
        event wait go
        print (queue ack q)
      }
      event wait has
      let waiter = fork {
        try { queue get q --timeout 12s; print taken } catch e: timeout { print kept }
      }
      sleep 2s
      kill -STOP $waiter
      sleep 6s
      kill -CONT $waiter
      wait $waiter
      event set go
      wait $holder
      """)
    #expect(output.standardOutput == "kept\n1\n", "\(output.standardError)")
  }

  /// One call of a built-in that takes longer than others wait for a beat.
  @Test func aHolderThatComputesForLongKeepsItsItem() throws {
    let server = try RedisServer()
    let output = try server.script(
      """
      queue new q --on $env.SERVER
      queue put q 1
      queue get q --lease 1h
      let waiter = fork { queue get q --lease 1h; print "taken by another"; queue ack q }
      fn cube(n) {
        let row = map 1..$n { 1 }
        let square = map 1..$n { $row }
        map 1..$n { $square }
      }
      var size = 60
      var took = 0s
      # As large as it has to be to take so long here.
      while $took < 8s {
        let a = cube $size
        let b = cube $size
        let start = now
        let same = $a == $b
        took = (now) - $start
        size = $size * 3 // 2
      }
      queue ack q
      print kept
      kill $waiter
      wait $waiter
      """, within: .seconds(180))
    #expect(output.standardOutput == "kept\n", "\(output.standardError)")
  }

  @Test func aLeaseEndsAtItsTime() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue put q x
      queue get q --lease 200ms
      print (wait (fork { queue get q --timeout 5s })).value
      try { queue ack q } catch e: missing { print missing }
      """)
    #expect(output.standardOutput == "x\nmissing\n", "\(output.standardError)")
  }

  @Test func anOrderlyEndGivesBack() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      lock new l --on $env.SERVER
      queue put q x
      wait (fork { queue get q --lease 1h; lock acquire l })
      print (queue get q --timeout 1s) (lock acquire l --timeout 1s)
      """)
    #expect(output.standardOutput == "x 2\n", "\(output.standardError)")
  }

  /// A process that has become a program holds its item as long as that runs.
  @Test func aProgramHoldsWhatItsShellTook() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue put q x
      event new has
      let holder = fork { queue get q --lease 1h; event set has; exec sleep 8 }
      event wait has
      let start = now
      print (queue get q --lease 1h --timeout 30s) (((now) - $start) > 8s)
      wait $holder
      """)
    #expect(output.standardOutput == "x true\n", "\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  /// A holder that was taken for gone leaves its block at the next statement.
  @Test func aLostLockLeavesTheBlock() throws {
    let output = try RedisServer().script(
      """
      lock new l --on $env.SERVER
      event new has
      let holder = fork {
        try {
          lock with l { |n|
            print "has $n"
            event set has
            while true { sleep 10ms }
          }
        } catch e: peer-died { print "lost it" }
      }
      event wait has
      kill -STOP $holder
      lock with l --timeout 20s { |n| print "other has $n" }
      kill -CONT $holder
      wait $holder
      """)
    #expect(output.standardOutput == "has 1\nother has 2\nlost it\n", "\(output.standardError)")
  }
}
