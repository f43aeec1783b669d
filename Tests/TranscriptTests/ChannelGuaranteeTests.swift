import Foundation
import TestSupport
import Testing

/// What is promised of channels beyond the kill storms: meetings survive their parties, whoever is
/// stopped delays nobody beyond the time that was asked for, and nothing is left behind.
@Suite("Promises about channels", .serialized)
struct ChannelGuaranteeTests {
  /// Keeps one process per name alive, kills one after the other, and sees that work goes on.
  private static let storm = """
    shm new progress int64
    fn storm(names, start) {
      for name in $names { call $start $name }
      for i in 1..300 {
        sleep 1ms
        let name = $names[$i % (len $names)]
        kill -9 $name
        wait $name
        call $start $name
      }
      let before = shm get progress
      while (shm get progress) < $before + 100 { sleep 1ms }
      print "goes on"
      for name in $names { kill -9 $name }
      wait --all
    }

    """

  private func run(_ script: String) throws -> Output {
    try runScript(script, within: .seconds(60))
  }

  @Test func aBarrierOutlivesItsParties() throws {
    let output = try run(
      ChannelGuaranteeTests.storm + """
        barrier new meet 3
        storm [a, b, c] { |name|
          fork --name $name {
            while true {
              try { barrier wait meet; shm add progress 1 } catch e: peer-died { barrier reset meet } \
        catch e: closed { }
            }
          }
        }
        """)
    #expect(output.standardOutput == "goes on\n", "\(output.standardError)")
  }

  @Test func aConditionOutlivesItsWaiters() throws {
    let output = try run(
      ChannelGuaranteeTests.storm + """
        cond new changed
        shm new stock int64
        storm [p1, p2, c1, c2, c3] { |name|
          let change = if (starts-with $name p) { 1 } else { -1 }
          fork --name $name {
            while true {
              cond with changed {
                while $change > 0 and (shm get stock) >= 5 or $change < 0 and (shm get stock) <= 0 {
                  cond wait changed
                }
                shm add stock $change
                cond notify-all changed
              }
              shm add progress 1
            }
          }
        }
        """)
    #expect(output.standardOutput == "goes on\n", "\(output.standardError)")
  }

  /// Writers and readers of messages in lent blocks and memfds are killed at any instant.
  @Test func largeMessagesStayWhole() throws {
    let output = try run(
      ChannelGuaranteeTests.storm + """
        pipe new p
        shm new torn int64
        storm [a, b, c, x, y] { |name|
          fork --name $name {
            if $name in [x, y] {
              while true {
                let m = pipe recv p.a
                if $m != $m[0] * (len $m) { shm add torn 1 }
                shm add progress 1
              }
            }
            var i = 0
            while true {
              i += 1
              pipe send p.b ($name * (60000 + $i * 7919 % 3000000))
            }
          }
        }
        print (shm get torn)
        while (pipe poll p.a) { pipe recv p.a }
        # No killed process has kept a block: the kernel knows of no claim any more.
        let text = (^sh -c "stat -L -c %i /proc/$pid/fd/* 2>&1; true")
        let files = (lines $text)
        print (len (filter (lines (read "/proc/locks")) { |l|
          (contains $l OFDLCK) and (any $files { |i| contains $l ":$i " })
        }))
        """)
    #expect(output.standardOutput == "goes on\n0\n0\n", "\(output.standardError)")
  }

  /// Stopped anywhere, also inside an operation: the others' times hold.
  @Test func theStoppedDelayNobody() throws {
    let output = try run(
      """
      queue new q 20
      let text = pad-right "" 20000 x
      let others = [
        (fork { while true { queue put-many q [$text, $text, $text] } }),
        (fork { while true { queue get-many q 5 } }),
      ]
      var late = 0
      for i in 1..60 {
        sleep 1ms
        for p in $others { stop $p }
        let start = now
        try { while true { queue get q --timeout 50ms } } catch e: timeout { }
        if (float ((now) - $start)) > 5 { late += 1 }
        for p in $others { continue $p }
      }
      print $late
      kill -9 ...$others
      """)
    #expect(output.standardOutput == "0\n", "\(output.standardError)")
  }

  /// What waits for a process that is stopped inside an operation ends at Ctrl-C.
  @Test func waitingForTheStoppedCanBeInterrupted() throws {
    let output = try run(
      """
      queue new q 20
      let own = $pid
      let text = pad-right "" 20000 x
      let busy = fork { while true { queue put q $text; queue get q } }
      for i in 1..30 {
        sleep 1ms
        stop $busy
        try {
          fork --name killer { sleep 5ms; kill -INT $own }
          while true { queue size q; queue get q }
        } catch e: interrupted { }
        wait killer
        continue $busy
      }
      print "interrupted each time"
      kill -9 $busy
      """)
    #expect(output.standardOutput == "interrupted each time\n", "\(output.standardError)")
  }

  @Test func handlesThatComeAgainTakeNoDescriptors() throws {
    let output = try run(
      """
      let p = pipe new p
      let q = queue new q
      fn descriptors() { len (glob "/proc/$pid/fd/*") }
      let echo = fork { while true { pipe send p (pipe recv p) } }
      fn round() { pipe send p [$q, $p.a, (call { |x| $x } $q)]; pipe recv p }
      for i in 1..10 { round }
      let before = descriptors
      for i in 1..1000 { round }
      print ((descriptors) - $before)
      kill -9 $echo
      """)
    #expect(output.standardOutput == "0\n", "\(output.standardError)")
  }

  @Test func aKilledSessionLeavesNothing() throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      queue new q 50
      pipe new p
      pipe new r --raw
      shm new n int64 --count 100000
      lock new l
      sem new s 2
      cond new c
      let text = pad-right "" 200000 x
      let all = [
        (fork { while true { queue put q $text } }),
        (fork { while true { queue get q --lease 1m; queue ack q } }),
        (fork { while true { pipe send p $text } }),
        (fork { while true { lock with l { sem with s { shm add n 0 1 } } } }),
        (fork { while true { try { cond wait c --timeout 1ms } catch e: timeout { } } }),
      ]
      print ...(map $all { |p| $p.pid })
      while (queue info q).gets < 100 { sleep 1ms }
      kill -9 $pid
      """, to: "script.brood")
    let shared = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
    var environment = Program.environment(home: place.path)
    environment["TMPDIR"] = place.path
    let output = try TestSupport.run(
      Program.brood, ["script.brood"], environment: environment, directory: place.path,
      within: .seconds(60))
    let pids = output.standardOutput.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count == 5, "\(output.standardError)")
    #expect(ProcessEntry.living(pids, after: .seconds(3)) == [])
    // The black box stands in the state directory.
    let rest = try FileManager.default.contentsOfDirectory(atPath: place.path)
    #expect(Set(rest).subtracting([".local"]) == ["script.brood"])
    let now = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
    #expect(Set(now).subtracting(shared) == [])
  }
}
