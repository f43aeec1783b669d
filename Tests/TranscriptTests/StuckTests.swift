import Foundation
import TestSupport
import Testing

/// Processes that can never go on are told of unasked, and others are not.
@Suite("Stuck, unasked", .serialized) struct StuckTests {
  @Test(arguments: cases + further)
  func isToldWithNamesAndLines(_ one: StuckCase) throws {
    let subject = try StuckSubject(one.script, "report")
    func isComplete() -> Bool {
      let text = subject.errors
      return one.wanted.allSatisfy(text.contains)
    }
    #expect(waits(.seconds(60), until: isComplete), "\(subject.errors)")
    // Once for each set.
    let count = subject.errors.components(separatedBy: "\n\(one.wanted[0].dropFirst())").count - 1
    #expect(count == 1, "\(subject.errors)")
  }

  @Test func theSessionsOwnProcessThrowsIfItIsInTheRing() throws {
    let subject = try StuckSubject(
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
    let subject = try StuckSubject(
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
    let subject = try StuckSubject(
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
    let subject = try StuckSubject(
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
    let subject = try StuckSubject(
      """
      let c = fork --name c { sleep 1h }
      stop $c
      wait $c
      """, "nonsense")
    #expect(
      waits(.seconds(30)) { subject.errors.contains("c is stopped, and brood waits for it") },
      "\(subject.errors)")
  }

  @Test(arguments: [true, false]) func ctrlCTellsWhatWasWaitedFor(_ isForAll: Bool) throws {
    let subject = try StuckSubject(
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
    let subject = try StuckSubject("print ready\nsleep 1h", "report")
    #expect(waits(.seconds(30)) { subject.output == "ready\n" })
    kill(subject.child.pid, SIGINT)
    #expect(subject.child.wait(until: Deadline(.seconds(30))) == .killed(SIGINT))
    #expect(subject.errors == "\n")
  }
}
