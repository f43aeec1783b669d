import Foundation
import TestSupport
import Testing

/// Processes that stand still for a while are not taken for stuck.
@Suite("No false alarm", .serialized) struct NoAlarmTests {
  /// Scripts that stand still for a while and go on.
  static let free: [StuckCase] = [
    StuckCase(
      name: "an alarm is pending",
      script: """
        sem new s 0 --counter
        signal on ALRM { sem release s }
        alarm 2s
        sem acquire s
        print done
        """, wanted: []),
    StuckCase(
      name: "a time limit",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork { lock acquire a; barrier wait met; try { lock acquire b --timeout 2s } catch e: timeout { }; lock release a }
        let q = fork { lock acquire b; barrier wait met; try { lock acquire a --timeout 3s } catch e: timeout { }; lock release b }
        wait $p $q
        print done
        """, wanted: []),
    StuckCase(
      name: "a daemon has the queue",
      script: """
        queue new q
        fork --daemon { sleep 2s; queue put q 1 }
        let c = fork { queue get q }
        wait $c
        print done
        """, wanted: []),
    StuckCase(
      name: "a grandchild whose parent has ended",
      script: """
        queue new q
        let p = fork { fork { sleep 2s; queue put q 1 } }
        let c = fork { queue get q }
        wait $c
        print done
        """, wanted: []),
    StuckCase(
      name: "a program has the end",
      script: """
        let p = pipe new --raw
        spawn sh -c "sleep 2; echo done" > $p.w
        pipe close $p.w
        print (pipe read $p.r --line)
        """, wanted: []),
    StuckCase(
      name: "a stopped process that another one continues",
      script: """
        lock new a; event new got
        let h = fork --name h { lock acquire a; event set got; sleep 10ms; lock release a }
        event wait got
        stop $h
        let other = fork { sleep 2s; continue $h }
        lock acquire a
        print done
        """, wanted: []),
    StuckCase(
      name: "questions and answers",
      script: """
        queue new ask; queue new answer
        let end = (now) + 2s
        let ps = map (1..3) { |i|
          fork { while true { let v = (queue get ask); if $v == 0 { break }; queue put answer $v } }
        }
        while (now) < $end { queue put ask 1; queue get answer }
        for i in 1..3 { queue put ask 0 }
        wait ...$ps
        print done
        """, wanted: []),
    StuckCase(
      name: "a pool",
      script: """
        pool new 2
        pool map [1, 2, 3] { |x| sleep 1s; $x }
        print done
        """, wanted: []),
    StuckCase(
      name: "an alarm that survives the change into a program",
      script: """
        let p = pipe new --raw; let q = pipe new --raw
        let c = fork { pipe close $p.w; pipe close $q.r; alarm 3s; exec cat < $p.r > $q.w }
        pipe close $p.r; pipe close $q.w
        try { pipe read $q.r --line } catch e { }
        print done
        """, wanted: []),
    StuckCase(
      name: "an end that is on its way",
      script: """
        queue new jobs; let p = pipe new --raw
        queue put jobs $p.w
        let late = fork { sleep 3s; let w = (queue get jobs); pipe write $w "x\n" }
        pipe close $p.w
        pipe read $p.r --line
        print done
        """, wanted: []),
    StuckCase(
      name: "a select with a time limit, and one that a signal ends",
      script: """
        queue new q; let own = $pid
        let a = fork { select { queue q { |v| 1 }; after 2s { 2 } } }
        let b = fork { sleep 3s; kill -USR1 $own }
        wait $a
        select { queue q { |v| 1 }; signal USR1 { 2 } }
        print done
        """, wanted: []),
    StuckCase(
      name: "a select that a daemon, or a task, ends",
      script: """
        queue new q; event new go; pool new w 1
        fork --daemon { sleep 2s; queue put q 1 }
        select { queue q { |v| 1 }; event go { 2 } }
        let f = pool submit { sleep 2s; event set go }
        select { queue q { |v| 1 }; event go { 2 } }
        pool result $f
        print done
        """, wanted: []),
    StuckCase(
      name: "tasks that wait for later tasks of the pool",
      script: """
        event new go; pool new w 2
        pool map [1, 2, 3] { |x| if $x == 1 { event wait go } else { sleep 1s; if $x == 3 { event set go } } }
        print done
        """, wanted: []),
    StuckCase(
      name: "a task that is tried again after a while",
      script: """
        shm new n int; pool new w 1
        pool map [1] --retries 1 --backoff 2s { |x| if (shm add n 1) < 2 { throw no } }
        print done
        """, wanted: []),
    StuckCase(
      name: "a program with an inherited end, and a queue",
      script: """
        let p = pipe new --raw
        let c = fork --name c { pipe close $p.w; try { pipe read $p.r --line } catch e: closed { } }
        spawn sleep 2 > $p.w
        pipe close $p.w
        wait $c
        print done
        """, wanted: []),
  ]

  @Test(arguments: free)
  func isNoAlarm(_ one: StuckCase) throws {
    let subject = try StuckSubject(one.script, "throw")
    #expect(subject.child.wait(until: Deadline(.seconds(60))) != nil)
    #expect(subject.output.hasSuffix("done\n"), "\(subject.errors)")
    let text = subject.errors
    for word in ["\nstuck:", "deadlock", "stuck-unless-you-act", "never end"] {
      #expect(!text.contains(word), "\(text)")
    }
  }
}
