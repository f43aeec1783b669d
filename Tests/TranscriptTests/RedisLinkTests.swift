import Foundation
import TestSupport
import Testing

/// Things on a Redis server of another host, whose link is cut, and which workers of further hosts use.
@Suite(
  .enabled(if: Cluster.hasNetworks, "there are no hosts (scripts/setup --tests=cluster)"),
  .enabled(if: RedisServer.isThere, "there is no redis-server: scripts/setup --tests=cluster"))
struct RedisLinkTests {
  private func run(hosts: Int, _ commands: String) throws -> Output {
    var environment = RedisServer.environment(home: "/")
    environment = ["LIBRARIES": environment["LD_LIBRARY_PATH"] ?? ""]
    environment["SERVER_PROGRAM"] = RedisServer.program ?? ""
    return try Cluster.run(
      hosts: hosts,
      #"""
      # server HOST: starts one there
      server() {
        ssh "$1" "cd $CLUSTER && LD_LIBRARY_PATH=$LIBRARIES $SERVER_PROGRAM --bind 0.0.0.0 \
          --protected-mode no --port 7000 --save '' --appendonly yes --daemonize yes" > /dev/null
        until "$BROOD" -c 'queue new q --on redis://192.0.2.1:7000/0/probe' 2>/dev/null; do
          sleep 0.1
        done
      }

      """# + commands, environment: environment)
  }

  /// No packet says that the connection is gone: what waits asks again when the link is mended, and what
  /// was put meanwhile comes.
  @Test func aWaiterOutlivesALinkThatIsCut() throws {
    let output = try run(
      hosts: 1,
      """
      server node1
      on=redis://192.0.2.1:7000/0/jobs
      "$BROOD" -c "queue new jobs --on $on; print (queue get jobs)" &
      waiter=$!
      sleep 1
      ip link set node1 down
      sleep 8
      ip link set node1 up
      "$BROOD" -c "queue new jobs --on $on; queue put jobs come"
      wait "$waiter"
      """)
    #expect(output.standardOutput == "come\n", "\(output.standardError)")
  }

  /// A holder that cannot be heard of loses its item to one that can, and is told so.
  @Test func aHolderBehindACutLinkLosesItsItem() throws {
    let output = try run(
      hosts: 2,
      """
      server node1
      on=redis://192.0.2.1:7000/0/jobs
      "$BROOD" -c "queue new jobs --on $on; queue put jobs a"
      ssh node2 "cd $CLUSTER && brood -c '
        queue new jobs --on $on
        print (queue get jobs --lease 1h)
        touch taken
        while not (exists \\"mended\\") { sleep 50ms }
        try { queue ack jobs; print acked } catch e { print \\$e.kind }
      '" > holder 2>/dev/null &
      holder=$!
      until [ -e taken ]; do sleep 0.1; done
      # Its network alone is cut; what it prints comes later.
      ip link set node2 down
      "$BROOD" -c "queue new jobs --on $on; print (queue get jobs --lease 1h --timeout 20s); queue ack jobs"
      ip link set node2 up
      touch mended
      wait "$holder"
      cat holder
      """)
    #expect(output.standardOutput == "a\na\nmissing\n", "\(output.standardError)")
  }

  @Test func workersElsewhereReachAQueueThatTheirSessionHas() throws {
    let output = try run(
      hosts: 2,
      """
      server node1
      "$BROOD" -c '
        let jobs = (queue new jobs --on redis://192.0.2.1:7000/0/jobs)
        let count = (shm new count int --on redis://192.0.2.1:7000/0/count)
        for i in 1..10 { queue put jobs $i }
        queue close jobs
        pool new far --via ssh:1/node1,1/node2
        print (sum (pool map { |n| var s = 0; while true { try { s = $s + (queue get $jobs) } catch e: closed { break } }; shm add $count $s; $s } 1..2))
        print (shm get count)
      '
      "$BROOD" -c '
        pool new far --via ssh:1/node1
        let here = (queue new here)
        try { pool map { |x| queue put $here $x } 1..2 } catch e { print $e.message }
      '
      """)
    #expect(
      output.standardOutput == """
        55
        55
        the variable 'here' has a queue, which another machine cannot reach

        """, "\(output.standardError)")
  }

  /// Of a host the name of this one may mean itself.
  @Test func whatIsOnTheSessionsOwnHostIsNamedAsOthersDo() throws {
    let output = try run(
      hosts: 1,
      """
      mkdir here && (cd here && LD_LIBRARY_PATH=$LIBRARIES $SERVER_PROGRAM --bind 0.0.0.0 \\
        --protected-mode no --port 7000 --save '' --appendonly yes --daemonize yes) > /dev/null
      until "$BROOD" -c 'queue new q --on redis://127.0.0.1:7000/0/probe' 2>/dev/null; do sleep 0.1; done
      for host in localhost 127.0.0.1 control; do
        "$BROOD" -c "
          let q = (queue new q --on redis://$host:7000/0/$host)
          pool new far --via ssh:1/node1
          try { pool map { |x| queue put \\$q \\$x } [1] } catch e { print \\$e.message }
          print (queue size q)
        "
      done
      """)
    #expect(
      output.standardOutput == """
        queue 'q' is at redis://localhost:7000, which is another server there
        0
        queue 'q' is at redis://127.0.0.1:7000, which is another server there
        0
        1

        """, "\(output.standardError)")
  }
}
