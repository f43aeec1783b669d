import Foundation
import TestSupport
import Testing

/// Servers that are away, stopped or full, and whom they and their users trust.
@Suite(.enabled(if: RedisServer.isThere, "there is no redis-server: scripts/setup --tests=cluster"))
struct RedisServerTests {
  // MARK: Servers in trouble

  /// A holder keeps its item while the server is in trouble, with another process waiting.
  private static let trouble = """
    queue new q --on $env.SERVER
    queue put q x
    event new has
    event new go
    let holder = fork {
      queue get q --lease 1h
      event set has
      event wait go
      print (queue ack q)
    }
    event wait has
    let waiter = fork {
      try { queue get q --timeout (duration $env.PATIENCE); print taken } catch e: timeout { print kept }
    }
    print ready > ready
    wait $waiter
    event set go
    wait $holder
    print (queue size q)

    """

  /// - Parameters:
  ///   - time: how long the server is in trouble (s).
  ///   - cause: what that is; told the time.
  private func trouble(
    _ options: [String] = [], lasting time: Int = 8,
    _ cause: @escaping @Sendable (RedisServer, Duration) -> Void
  ) throws {
    let server = try RedisServer(options)
    let place = server.directory.path
    let causing = Thread {
      guard waits(.seconds(20), until: { FileManager.default.fileExists(atPath: "\(place)/ready") })
      else { return }
      cause(server, .seconds(time))
    }
    causing.start()
    let output = try server.script(
      Self.trouble.replacing("> ready", with: "> $env.READY"),
      environment: ["READY": "\(place)/ready", "PATIENCE": "\(time + 6)s"],
      within: .seconds(time + 60))
    #expect(output.standardOutput == "kept\n1\n0\n", "\(output.standardError)")
  }

  @Test func theServerIsAway() throws {
    try trouble(lasting: Program.runsLongTests ? 60 : 8) { server, time in
      server.kill()
      _ = waits(time) { false }
      try? server.start()
    }
  }

  /// What was held is given back when the server answers again, though no variable has it any more.
  @Test(arguments: [
    "let q = (queue new jobs --on $env.SERVER); queue put $q 1; queue get $q --lease 1h; stop; queue drop $q",
    "let l = (lock new turn --on $env.SERVER); lock acquire $l; stop; lock drop $l",
    "let s = (sem new room 2 --on $env.SERVER); sem acquire $s; stop; sem drop $s",
  ]) func whatIsDroppedWhileItDoesNotAnswer(_ work: String) throws {
    let server = try RedisServer()
    let output = try server.script(
      """
      fn stop() { kill -STOP $env.SERVER_PID }
      fn work() { \(work) }
      work
      # Beats go on meanwhile.
      sleep 3s
      kill -CONT $env.SERVER_PID
      sleep 1500ms
      print alive
      """, environment: ["SERVER_PID": "\(server.pid)"])
    #expect(output.status == .exited(0), "\(output.standardError)")
    #expect(output.standardOutput.hasSuffix("alive\n"), "\(output.standardError)")
  }

  /// One that is there and slow is waited for, also the first time; one that is not there is not.
  @Test func aServerThatIsSlowAtFirst() throws {
    let server = try RedisServer()
    let place = server.directory.path
    server.stop()
    let causing = Thread {
      guard waits(.seconds(20), until: { FileManager.default.fileExists(atPath: "\(place)/ready") })
      else { return }
      // Longer than a server may take to be reached.
      _ = waits(.seconds(5)) { false }
      server.goOn()
    }
    causing.start()
    let output = try server.script(
      """
      print ready > $env.READY
      queue new q --on $env.SERVER
      lock new l --on $env.SERVER
      print made
      let start = now
      try { queue new other --on $env.NONE } catch e { print $e.kind }
      print (((now) - $start) < 8s)
      """, environment: ["READY": "\(place)/ready", "NONE": "\(server.address).none"])
    #expect(output.standardOutput == "made\ntimeout\ntrue\n", "\(output.standardError)")
  }

  /// Likewise at the end of the process.
  @Test func aProcessEndsWhileItDoesNotAnswer() throws {
    let server = try RedisServer()
    let output = try server.script(
      """
      fn work() {
        let l = (lock new turn --on $env.SERVER)
        lock acquire $l
        kill -STOP $env.SERVER_PID
        lock drop $l
      }
      work
      print end
      """, environment: ["SERVER_PID": "\(server.pid)"])
    server.goOn()
    #expect(output.status == .exited(0), "\(output.standardError)")
    #expect(output.standardOutput == "end\n")
  }

  @Test func theServerIsStopped() throws {
    try trouble(lasting: 10) { server, time in
      server.stop()
      _ = waits(time) { false }
      server.goOn()
    }
  }

  @Test func theMemoryIsFull() throws {
    try trouble(["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]) { server, _ in
      for size in [200_000, 10_000, 100] {
        for i in 0..<20 {
          let words = String(repeating: "x", count: size)
          guard let said = try? server.ask("SET", "fill\(size).\(i)", words), said.contains("OK")
          else { break }
        }
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can make a small disk"))
  func theDiskIsFull() throws {
    let server = try RedisServer(disk: "1m")
    let place = server.directory.path
    let causing = Thread {
      guard waits(.seconds(20), until: { FileManager.default.fileExists(atPath: "\(place)/ready") })
      else { return }
      for i in 0..<30 {
        let said = try? server.ask("SET", "fill\(i)", String(repeating: "x", count: 120_000))
        if said?.contains("OK") != true { break }
      }
      _ = FileManager.default.createFile(atPath: "\(place)/full", contents: nil)
    }
    causing.start()
    let output = try server.script(
      Self.trouble.replacing("> ready", with: "> $env.READY").replacing(
        "  print (queue ack q)",
        with: "  print (try { queue ack q } catch e { print $e.kind; 'later' })"
      ).replacing(
        "  try { queue get q --timeout (duration $env.PATIENCE); print taken } catch e: timeout { print kept }",
        with: """
            let end = (now) + 10s
            while (now) < $end or not (exists $env.FULL) { try { queue get q --timeout 1s; print taken } catch e { sleep 100ms } }
            print kept
          """),
      environment: ["READY": "\(place)/ready", "FULL": "\(place)/full"])
    #expect(output.standardOutput == "kept\nsystem\nlater\n0\n", "\(output.standardError)")
  }

  // MARK: Trust

  @Test func settingsAreAskedFor() throws {
    let server = try RedisServer(["--appendonly", "no"])
    let output = try server.script(
      """
      try { queue new q --on $env.SERVER } catch e { print $e.kind $e.help }
      queue new q --volatile --on $env.SERVER
      print (queue info q).durability
      """)
    #expect(
      output.standardOutput == """
        failed set there: appendonly yes; or allow it with --volatile
        none: what is there goes with the server

        """, "\(output.standardError)")
    try server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    let other = try server.script("queue new q --volatile --on $env.SERVER")
    #expect(other.standardError.contains("maxmemory-policy noeviction"))
  }

  /// MAX and --attempts are those of its first maker; a password's file is nobody else's.
  @Test func aQueueIsThatOfItsFirstMaker() throws {
    let server = try RedisServer(["--requirepass", "s3cret"])
    let output = try server.script(
      """
      let on = "${$env.SERVER}#0/jobs"
      write pw "s3cret"
      ^chmod 600 pw
      queue new q 3 --attempts 2 --on $on --password-file pw
      queue put q 1
      queue new same --on $on --password-file pw
      print (queue size same) (queue info same).max (queue info same).attempts
      try { queue new other 4 --on $on --password-file pw } catch e { print $e.kind $e.message }
      try {
        queue new other 3 --attempts 7 --on $on --password-file pw
      } catch e { print $e.kind $e.message }
      try { queue put same { 1 } } catch e { print $e.kind }
      ^chmod 640 pw
      try { queue new other --on $on --password-file pw } catch e { print $e.message }
      """)
    #expect(
      output.standardOutput == """
        1 3 2
        type cannot make queue 'other': it is there already, and its MAX is 3, not 4
        type cannot make queue 'other': it is there already, and its --attempts is 2, not 7
        type
        others may read the password in pw

        """, "\(output.standardError)")
  }

  /// A server that only this machine has by that name would be another one elsewhere.
  @Test func workersElsewhereAreRefusedWhatOnlyThisMachineReaches() throws {
    let server = try RedisServer()
    let output = try server.script(
      """
      let q = (queue new q --on $env.SERVER)
      let via = 'sh -c "exec $BROOD --worker" #'
      pool new far 1 --via $via
      try { pool map { |x| queue put $q $x } [1] } catch e { print $e.kind $e.message; print $e.help }
      try { pool map { |q| queue put $q 1 } [$q] } catch e { print $e.kind $e.message }
      try { pool new other 1 --init { queue size $q } --via $via } catch e { print $e.kind }
      print (queue size q)
      """, environment: ["BROOD": Program.brood])
    let message = "type queue 'q' is at \(server.address), which is another server there"
    #expect(
      output.standardOutput == """
        \(message)
        name the server's host as other machines do: --on redis://HOST/0
        \(message)
        type
        0

        """, "\(output.standardError)")
  }

  @Test func aQueueIsAnArmOfSelect() throws {
    let output = try RedisServer().script(
      """
      queue new q --on $env.SERVER
      queue new here
      fn next() { select { queue q { |v| "server $v" }; queue here { |v| "here $v" }; after 300ms { "late" } } }
      queue put q 1
      print (next)
      queue put here 2
      print (next) (next)
      let putter = fork { sleep 50ms; queue put q 3 }
      print (select { queue q { |v| $v }; after 10s { "late" } })
      wait $putter
      queue close q
      queue put here 4
      print (next)
      print (queue size q)
      """)
    #expect(
      output.standardOutput == "server 1\nhere 2 late\n3\nhere 4\n0\n", "\(output.standardError)")
  }

  @Test func thePasswordGoesNowhere() throws {
    let server = try RedisServer(["--requirepass", "s3cret"])
    let output = try server.script(
      """
      queue new q --on $env.SERVER
      print (wait (fork { queue put q 1; queue get q })).value
      sh -c '(env; cat /proc/self/environ) | grep -c s3cret; true'
      spawn --name s sh -c 'env | grep -c BROOD_REDIS; true'
      wait s
      pool new p 1
      print (pool map --pool p { |x| queue put q $x; queue get q } [5])
      try { print $env.BROOD_REDIS_PASSWORD } catch e { print unknown }
      """, environment: ["BROOD_REDIS_PASSWORD": "s3cret"])
    #expect(!output.standardOutput.contains("s3cret"))
    #expect(
      output.standardOutput == "1\n0\n0\n[5]\nunknown\n",
      "\(output.standardOutput)\(output.standardError)")
  }

  /// Through ssh: the way ends with the session, and so does its socket.
  @Test(.enabled(if: Cluster.hasHosts, "there is no sshd: scripts/setup --tests=cluster"))
  func aTunnelLeadsThroughAHost() throws {
    let server = try RedisServer()
    try server.directory.write(
      """
      queue new q --on \(server.address) --via ssh:node1
      queue put q 1
      print (queue get q --lease 1m) (queue ack q)
      print (wait (fork { queue put q 2; queue get q })).value
      """, to: "tunnel.brood")
    let output = try Cluster.run(
      hosts: 1,
      "$BROOD \(server.directory.path)/tunnel.brood; ls /tmp/brood-*.sock 2> /dev/null | wc -l")
    #expect(output.standardOutput == "1 1\n2\n0\n", "\(output.standardError)")
  }

  /// A login that takes its time is waited for, as that of a host; one that fails says so at once, and
  /// Ctrl-C ends both.
  @Test(.enabled(if: Cluster.hasHosts, "there is no sshd: scripts/setup --tests=cluster"))
  func aTunnelMayTakeItsTime() throws {
    let server = try RedisServer()
    try server.directory.write(
      """
      queue new q --on \(server.address) --via ssh:node1
      queue put q 1
      print (queue get q)
      """, to: "tunnel.brood")
    let output = try Cluster.run(
      hosts: 1,
      """
      set -m
      mv bin/ssh bin/ssh.plain
      ssh_does() { printf '#!/bin/sh\\n%s\\nexec "%s/bin/ssh.plain" "$@"\\n' "$1" "$CLUSTER" > bin/ssh; chmod +x bin/ssh; }
      ssh_does 'sleep 6'
      $BROOD \(server.directory.path)/tunnel.brood
      ssh_does 'echo "alice@node1: Permission denied (publickey)." >&2; exit 255'
      began=$SECONDS
      $BROOD \(server.directory.path)/tunnel.brood
      echo "status $? $((SECONDS - began < 5))"
      ssh_does 'exec sleep 1000'
      $BROOD \(server.directory.path)/tunnel.brood 2> err &
      session=$!
      until grep -qs 'ssh logs in' err; do sleep 0.05; done
      kill -INT "$session"
      wait "$session"
      echo "status $?"
      until ! pgrep -f 'sleep 100[0]' > /dev/null; do sleep 0.05; done
      """)
    #expect(
      output.standardOutput == "1\nstatus 1 1\nstatus 130\n",
      "\(output.standardOutput)\(output.standardError)")
    #expect(output.standardError.contains("brood: ssh logs in to node1, the way to"))
    #expect(output.standardError.contains("ssh node1: alice@node1: Permission denied"))
    let help = "log in once by hand, which must ask for nothing: ssh node1"
    #expect(output.standardError.contains(help))
  }

  @Test func pythonReadsIt() throws {
    let readme = try String(
      contentsOf: Program.sourceTree.appending(path: "README.md"), encoding: .utf8)
    let start = try #require(readme.range(of: "```python\nimport msgpack, redis"))
    let rest = readme[start.lowerBound...].dropFirst("```python\n".count)
    let end = try #require(rest.range(of: "```"))
    let server = try RedisServer()
    let program = rest[..<end.lowerBound].replacing(
      "redis.Redis()", with: "redis.Redis(unix_socket_path='\(server.socket)')")
    let made = try server.script(
      """
      queue new jobs --on $env.SERVER
      queue put jobs [name: anna, n: 1]
      queue put jobs two
      """)
    #expect(made.status == .exited(0), "\(made.standardError)")
    let place = try TemporaryDirectory()
    try place.write(String(program), to: "read.py")
    let output = try run(
      "/usr/bin/python3", ["read.py"], environment: RedisServer.environment(home: place.path),
      directory: place.path)
    #expect(output.standardOutput == "{'name': 'anna', 'n': 1}\ntwo\n", "\(output.standardError)")
    let after = try server.script(
      """
      queue new jobs --on $env.SERVER
      print (queue get jobs --timeout 5s) (queue size jobs)
      """)
    #expect(after.standardOutput == "[done: 2] 0\n", "\(after.standardError)")
  }
}
