import Foundation
import TestSupport
import Testing

/// What agents, hosts and other users can do to a session: as little as may be.
@Suite struct FarTrustTests {
  /// Runs a script; its pool's agents go through a program that changes what they send, as often as
  /// `broken` says, and are whole then.
  private func run(_ how: String, broken: Int = 6, seed: Int = 1, _ script: String) throws -> Output
  {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["BROOD_TEST_FAR_SPEED"] = "10"
    environment["MANGLE"] = Program.sourceTree.appending(path: "Tests/Cluster/mangle").path
    try place.write(
      """
      n=$(cat count 2>/dev/null || echo 0)
      echo $((n + 1)) > count
      [ "$n" -ge \(broken) ] && exec "$BROOD" --worker
      exec "$MANGLE" \(how) $((n + \(seed))) "$BROOD" --worker
      """, to: "launch")
    return try TestSupport.run(
      Program.brood, ["-c", script], environment: environment, directory: place.path,
      within: .seconds(90))
  }

  /// Values may be others, since their bytes were; the session goes on, whatever comes.
  @Test(arguments: [0, 100, 200, 300]) func messagesThatMeanNothingCostTheirAgent(_ seed: Int)
    throws
  {
    let output = try run(
      "bytes", seed: seed,
      """
      pool new far 2 --lost 100 --via 'sh launch #'
      try { pool map { |x| sleep 10ms; print "task"; [$x, "value $x"] } 1..100 --chunk 3 } catch e { }
      print alive (pool map { |x| $x } 1..3)
      """)
    #expect(output.status == .exited(0), "\(output.standardError)")
    #expect(output.standardOutput.hasSuffix("alive [1, 2, 3]\n"), "\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  @Test(arguments: [0, 100]) func likewiseOfPrograms(_ seed: Int) throws {
    let output = try run(
      "bytes", seed: seed,
      """
      let via = 'sh launch #'
      try {
        pool run --jobs 2 --lost 100 --via $via -- sh -c 'sleep 0.01; seq 100' ::: ...(1..60)
      } catch e { }
      print alive
      """)
    #expect(output.status == .exited(0), "\(output.standardError)")
    #expect(output.standardOutput.hasSuffix("alive\n"), "\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  @Test(arguments: ["length", "endless"]) func whatIsTooLargeCostsItsAgent(_ how: String) throws {
    let output = try run(
      how, broken: 2,
      """
      pool new far 2 --lost 100 --via 'sh launch #'
      print (pool map { |x| sleep 10ms; $x } 1..20)
      """)
    #expect(output.standardOutput == "\(Array(1...20))\n", "\(output.standardError)")
  }

  @Test(arguments: [
    "-oProxyCommand=touch made", "4/-oProxyCommand=touch made", "x@-oLocalCommand=x",
  ])
  func aHostThatLooksLikeAnOptionIsRefused(_ host: String) throws {
    let place = try TemporaryDirectory()
    let output = try TestSupport.run(
      Program.brood, ["-c", "pool new far --via 'ssh:\(host)'\npool map { 1 } [1]"],
      environment: Program.environment(home: place.path), directory: place.path)
    #expect(output.status == .exited(1) && output.standardError.contains("--via: "))
    #expect(place.contents().isEmpty)
  }
}

/// The same on hosts.
@Suite(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
struct FarHostTrustTests {
  /// A pool that works at a task on node1 until there is a file `done`.
  private static let busy = """
    SECRET=s3cret BROOD_REDIS_PASSWORD=s3cret "$BROOD" -c '
      pool new far --via ssh:2/node1 --env TZ
      let f = pool submit { sh -c "until [ -e done ]; do sleep 0.1; done" }
      print (sort (pool apply { keys $env }))
      write ready ""
      pool result $f
    ' &
    session=$!
    until [ -e ready ]; do sleep 0.05; done

    """

  @Test func anotherUserNeitherReadsNorConnects() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      sockets() {
        ssh node1 "awk '\\$4 == \\"0A\\"' /proc/net/tcp /proc/net/tcp6; grep ' 00010000 ' /proc/net/unix" \\
          | wc -l
      }
      before=$(sockets)

      """ + Self.busy + """
        # Nothing is listened at that was not before.
        [ "$(sockets)" = "$before" ] && echo "no socket"
        ssh node1 "pgrep -f 'brood --wor[k]er'" > pids
        [ "$(wc -l < pids)" -ge 3 ] && echo "agent and workers"
        ssh guest@node1 "
          for pid in $(tr '\\n' ' ' < pids); do
            ls /proc/\\$pid/fd /proc/\\$pid/map_files
            head -c 1 /proc/\\$pid/mem /proc/\\$pid/environ /proc/\\$pid/fd/10
            kill -STOP \\$pid && echo stopped
          done 2>/dev/null; id -u"
        touch done
        wait "$session"
        """, environment: ["TZ": "UTC"])
    #expect(
      output.standardOutput.hasSuffix("no socket\nagent and workers\n1234\n"),
      "\(output.standardOutput)\(output.standardError)")
  }

  /// Neither a variable of the session nor the password of Redis, in no process of the host and no file.
  @Test func whatTheSessionHasArrivesNowhere() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.busy + """
        ssh node1 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | grep -ac s3cre[t]'
        # ssh has what programs of the session have.
        for pid in $(pgrep -x ssh); do
          tr '\\0' '\\n' < /proc/$pid/environ | grep -c REDIS_PASS; tr '\\0' ' ' < /proc/$pid/cmdline
        done | grep -c '^[1-9]\\|s3cre[t]'
        touch done
        wait "$session"
        grep -rl s3cre[t] --exclude-dir=proc "$CLUSTER" | wc -l
        """, environment: ["TZ": "UTC"])
    #expect(
      output.standardOutput
        == "[\"HOME\", \"LANG\", \"PATH\", \"SHELL\", \"TZ\", \"USER\"]\n0\n0\n0\n",
      "\(output.standardError)")
  }
}
