import Foundation
import TestSupport
import Testing

/// Processes that can never go on are told of unasked, and others are not.
@Suite("Stuck, unasked", .serialized) struct StuckTests {
  /// A script, and what the report of it says.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let script: String
    let wanted: [String]
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "two locks crossed",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
        let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
        wait $p $q
        """,
      wanted: [
        "\nstuck: p and q wait for each other", "wants lock b, held by q (",
        "script.brood:2: lock acquire b",
        "wants lock a, held by p (", "script.brood:3: lock acquire a", "waits for p (",
        "script.brood:4: wait p q", "to go on: kill ", "lock b is free then, and p goes on",
        "in the text: take both locks in the same order everywhere",
      ]),
    Case(
      name: "three locks in a ring",
      script: """
        lock new a; lock new b; lock new c; barrier new met 3
        let one = fork --name one { lock acquire a; barrier wait met; lock acquire b }
        let two = fork --name two { lock acquire b; barrier wait met; lock acquire c }
        let three = fork --name three { lock acquire c; barrier wait met; lock acquire a }
        wait $one $two $three
        """,
      wanted: [
        "\nstuck: a ring of 3: one → lock b → two → lock c → three → lock a → one",
        "script.brood:2: lock acquire b", "script.brood:3: lock acquire c",
        "script.brood:4: lock acquire a",
      ]),
    Case(
      name: "both write to full pipes",
      script: """
        let p = pipe new --raw; let q = pipe new --raw
        let big = pad-right "" 100000 x
        let c = fork --name child { pipe close $p.w; pipe close $q.r; pipe write $q.w $big; len (pipe read $p.r --bytes 100000) }
        pipe close $p.r; pipe close $q.w
        pipe write $p.w $big
        """,
      wanted: [
        "\nstuck: brood and child wait for each other", "which is full",
        "script.brood:3: pipe send",
        "script.brood:5: pipe send",
      ]),
    Case(
      name: "a reader that has the only end to write to",
      script: """
        let p = pipe new --raw
        pipe read $p.r --line
        """,
      wanted: ["\nstuck: brood waits for itself", "only itself by descriptor", "script.brood:2"]),
    Case(
      name: "a lock and a wait",
      script: """
        lock new a
        lock acquire a
        let child = fork --name child { lock acquire a }
        wait $child
        """,
      wanted: [
        "\nstuck: brood and child wait for each other", "script.brood:3: lock acquire a",
        "script.brood:4: wait child",
      ]),
    Case(
      name: "a permit and a queue",
      script: """
        sem new s 1; queue new jobs; event new taken
        let p = fork --name p { sem acquire s; event set taken; queue get jobs }
        let q = fork --name q { event wait taken; sem acquire s; queue put jobs 1 }
        wait $p $q
        """,
      wanted: [
        "\nstuck: ", "waits for a value of queue jobs", "wants a permit of sem s, held by p (",
        "script.brood:2: queue get jobs", "script.brood:3: sem acquire s",
      ]),
    Case(
      name: "a barrier and an event",
      script: """
        barrier new met 3; event new go
        let a = fork --name anna { barrier wait met }
        let c = fork --name carl { barrier wait met }
        let d = fork --name dora { event wait go; barrier wait met }
        wait $a $c $d
        """,
      wanted: [
        "\nstuck: ", "waits at barrier met, which lacks 1 more",
        "waits for event go, which is not set",
        "script.brood:4: event wait go", "script.brood:5: wait anna carl dora",
      ]),
    Case(
      name: "a holder that is stopped long after the last wait began",
      script: """
        lock new m; event new got
        let holder = fork --name holder { lock acquire m; event set got; sleep 1h }
        event wait got
        let p = fork --name p { lock acquire m }
        sleep 1500ms
        stop $holder
        wait $p
        """,
      wanted: [
        "\nstuck until a stopped process is continued: holder is stopped",
        "wants lock m, held by holder", "to go on: kill -CONT",
      ]),
    Case(
      name: "a wait for a stopped child",
      script: """
        let c = fork --name frozen { sleep 1h }
        stop $c
        kill -TERM $c
        wait $c
        """,
      wanted: [
        "\nstuck until a stopped process is continued: frozen is stopped, and brood waits for it",
        "TERM is pending", "to go on: kill -CONT",
      ]),
    Case(
      name: "a handler that could release",
      script: """
        lock new a
        lock acquire a
        signal on USR1 { lock release a }
        let child = fork --name child { lock acquire a }
        wait $child
        """,
      wanted: ["\nstuck unless a signal comes: brood and child wait for each other"]),
    Case(
      name: "a program and a block",
      script: """
        let p = pipe new --raw; let q = pipe new --raw
        let c = spawn --name copier cat < $p.r > $q.w
        pipe close $p.r; pipe close $q.w
        print (pipe read $q.r --line)
        """,
      wanted: [
        "\nprobably stuck: brood and copier wait for each other", "reads its standard input",
        "script.brood:4",
      ]),
    Case(
      name: "the session's process computes, two others are stuck",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
        let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
        while true { }
        """,
      wanted: ["\nstuck: p and q wait for each other", "script.brood:2: lock acquire b"]),
  ]

  /// A script that runs while its errors are read.
  private final class Subject {
    let child: Child
    private let place: TemporaryDirectory

    init(_ script: String, _ mode: String) throws {
      place = try TemporaryDirectory()
      try place.write(script, to: "script.brood")
      var environment = Program.environment(home: place.path)
      environment["BROOD_STUCK"] = mode
      child = try Child(
        recording: Program.brood, ["script.brood"], environment: environment,
        directory: place.path)
    }

    var errors: String {
      "\n" + ((try? String(contentsOfFile: "\(place.path)/err", encoding: .utf8)) ?? "")
    }
    var output: String { (try? String(contentsOfFile: "\(place.path)/out", encoding: .utf8)) ?? "" }

    deinit { child.end() }
  }

  @Test(arguments: cases)
  func isToldWithNamesAndLines(_ one: Case) throws {
    let subject = try Subject(one.script, "report")
    func isComplete() -> Bool {
      let text = subject.errors
      return one.wanted.allSatisfy(text.contains)
    }
    #expect(waits(.seconds(30), until: isComplete), "\(subject.errors)")
    // Once for each set.
    let count = subject.errors.components(separatedBy: "\n\(one.wanted[0].dropFirst())").count - 1
    #expect(count == 1, "\(subject.errors)")
  }

  /// Scripts that stand still for a while and go on.
  static let free: [Case] = [
    Case(
      name: "an alarm is pending",
      script: """
        sem new s 0 --counter
        signal on ALRM { sem release s }
        alarm 2s
        sem acquire s
        print done
        """, wanted: []),
    Case(
      name: "a time limit",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork { lock acquire a; barrier wait met; try { lock acquire b --timeout 2s } catch e: timeout { }; lock release a }
        let q = fork { lock acquire b; barrier wait met; try { lock acquire a --timeout 3s } catch e: timeout { }; lock release b }
        wait $p $q
        print done
        """, wanted: []),
    Case(
      name: "a daemon has the queue",
      script: """
        queue new q
        fork --daemon { sleep 2s; queue put q 1 }
        let c = fork { queue get q }
        wait $c
        print done
        """, wanted: []),
    Case(
      name: "a grandchild whose parent has ended",
      script: """
        queue new q
        let p = fork { fork { sleep 2s; queue put q 1 } }
        let c = fork { queue get q }
        wait $c
        print done
        """, wanted: []),
    Case(
      name: "a program has the end",
      script: """
        let p = pipe new --raw
        spawn sh -c "sleep 2; echo done" > $p.w
        pipe close $p.w
        print (pipe read $p.r --line)
        """, wanted: []),
    Case(
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
    Case(
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
    Case(
      name: "a pool",
      script: """
        pool new 2
        pool map [1, 2, 3] { |x| sleep 1s; $x }
        print done
        """, wanted: []),
  ]

  @Test(arguments: free)
  func isNoAlarm(_ one: Case) throws {
    let subject = try Subject(one.script, "throw")
    #expect(subject.child.wait(until: Deadline(.seconds(60))) != nil)
    #expect(subject.output.hasSuffix("done\n"), "\(subject.errors)")
    let text = subject.errors
    for word in ["\nstuck:", "deadlock", "stuck-unless-you-act", "never end"] {
      #expect(!text.contains(word), "\(text)")
    }
  }

  @Test func theSessionsOwnProcessThrowsIfItIsInTheRing() throws {
    let subject = try Subject(
      """
      lock new a; lock new b; barrier new met 2
      let p = fork --name p { lock acquire b; barrier wait met; lock acquire a; print "p went on" }
      lock acquire a
      barrier wait met
      try { lock acquire b } catch e: deadlock { print "caught" $e.kind (len $e.set) }
      lock release a
      wait $p
      """, "throw")
    #expect(subject.child.wait(until: Deadline(.seconds(60))) == .exited(0), "\(subject.errors)")
    #expect(subject.output == "caught deadlock 2\np went on\n", "\(subject.errors)")
  }

  @Test func elseTheYoungestThrowsAndTheOthersGoOn() throws {
    let subject = try Subject(
      """
      lock new a; lock new b; barrier new met 2
      let p = fork --name p { lock acquire a; barrier wait met; lock acquire b; print p }
      sleep 30ms
      let q = fork --name q { lock acquire b; barrier wait met; try { lock acquire a } catch e: deadlock { print q threw } finally { lock release b } }
      wait $p $q
      """, "throw")
    #expect(subject.child.wait(until: Deadline(.seconds(60))) == .exited(0), "\(subject.errors)")
    #expect(subject.output == "q threw\np\n", "\(subject.errors)")
  }

  @Test func aScriptThatEndsByItEndsTheRestOfTheSet() throws {
    let subject = try Subject(
      """
      lock new a
      lock acquire a
      let child = fork --name child { lock acquire a; sleep 1h }
      wait $child
      """, "throw")
    #expect(subject.child.wait(until: Deadline(.seconds(60))) == .exited(1), "\(subject.errors)")
    #expect(subject.errors.contains("this wait can never end: brood and child"))
  }

  @Test func aFinishedScriptTellsForWhomItWaits() throws {
    let subject = try Subject(
      """
      lock new a; event new got
      let p = fork --name p { lock acquire a; event set got; sleep 1h }
      event wait got
      let q = fork --name q { lock acquire a }
      """, "report")
    #expect(
      waits(.seconds(30)) { subject.errors.contains("\nbrood: waiting for 'p' (") },
      "\(subject.errors)")
    #expect(subject.errors.contains("in sleep 1h (script.brood:2)"), "\(subject.errors)")
    #expect(subject.errors.contains("in lock acquire a (script.brood:4)"), "\(subject.errors)")
  }

  @Test func aWaitForAStoppedChildIsTold() throws {
    let subject = try Subject(
      """
      let c = fork --name c { sleep 1h }
      stop $c
      wait $c
      """, "nonsense")
    #expect(
      waits(.seconds(30)) { subject.errors.contains("waiting for process 'c' (") },
      "\(subject.errors)")
  }

  @Test(arguments: [true, false]) func ctrlCTellsWhatWasWaitedFor(_ isForAll: Bool) throws {
    let subject = try Subject(
      """
      lock new a; lock new b; barrier new met 2; event new ready
      let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
      let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
      let r = fork --name r { print ready; sleep 1h }
      wait $p $q
      """, "report")
    // All of them stand still then.
    #expect(waits(.seconds(30)) { subject.errors.contains("\nstuck: ") }, "\(subject.errors)")
    kill(isForAll ? -subject.child.pid : subject.child.pid, SIGINT)
    #expect(subject.child.wait(until: Deadline(.seconds(30))) == .killed(SIGINT))
    let text = subject.errors
    let lines = text.components(separatedBy: "\n")
    let first = try #require(lines.firstIndex { $0.hasPrefix("brood: interrupted") })
    // The end of those for whom it waits may come to it first.
    if !isForAll { #expect(lines[first].hasSuffix(" in wait p q (script.brood:5)"), "\(text)") }
    let rest = lines[first...].dropFirst().joined(separator: "\n")
    #expect(rest.contains(/p \(\d+\), in lock acquire b \(script.brood:2\)/), "\(text)")
    #expect(rest.contains(/q \(\d+\), in lock acquire a \(script.brood:3\)/), "\(text)")
    // Of one that only slept, nothing may be left by then.
    if !isForAll {
      #expect(rest.contains(/r \(\d+\), in sleep 1h \(script.brood:4\)/), "\(text)")
    }
  }

  @Test func ctrlCTellsNothingWhereNothingWaitsForOthers() throws {
    let subject = try Subject("print ready\nsleep 1h", "report")
    #expect(waits(.seconds(30)) { subject.output == "ready\n" })
    kill(subject.child.pid, SIGINT)
    #expect(subject.child.wait(until: Deadline(.seconds(30))) == .killed(SIGINT))
    #expect(subject.errors == "\n")
  }
}
