import Foundation
import TestSupport
import Testing

/// Orders of locks that can deadlock are warned of before they do, and others are not.
@Suite("The order of locks", .serialized) struct LockOrderTests {
  private static let rounds = Program.runsLongTests ? 100 : 6
  private static let warning = "these two deadlock if both come at once"

  /// Runs a script with reports of stuck processes; yields what it wrote to standard error.
  private func errors(_ script: String, _ mode: String = "report") throws -> String {
    let place = try TemporaryDirectory()
    try place.write(script, to: "demo.brood")
    var environment = Program.environment(home: place.path)
    environment["BROOD_STUCK"] = mode
    let output = try run(
      Program.brood, ["demo.brood"], environment: environment, directory: place.path,
      within: .seconds(60))
    #expect(output.status == .exited(0), "\(output.standardError)")
    #expect(output.standardOutput.hasSuffix("done\n"), "\(output.standardError)")
    return output.standardError
  }

  /// The second one begins when the first one has let go, so that no run hangs.
  private static let crossed = """
    lock new a; lock new b; event new first
    let p = fork --name p { lock with a { lock with b { } }; event set first }
    let q = fork --name q { event wait first; lock with b { lock with a { } } }
    wait $p $q
    print done
    """

  @Test func crossedLocksAreWarnedOfInEachRun() throws {
    for _ in 0..<Self.rounds {
      let text = try errors(Self.crossed)
      #expect(
        text == """
          warning: lock a was taken while holding b (demo.brood:3), and b while holding a \
          (demo.brood:2): these two deadlock if both come at once

          """)
    }
  }

  /// Whichever comes first, and whether or not one is over before the other begins.
  @Test func crossedLocksWithoutAnyOrderOfTime() throws {
    for _ in 0..<Self.rounds {
      let text = try errors(
        """
        lock new a; lock new b
        let p = fork { lock with a { try { lock acquire b; lock release b } catch e: deadlock { ^sh -c "echo hung >&2" } } }
        let q = fork { lock with b { try { lock acquire a; lock release a } catch e: deadlock { ^sh -c "echo hung >&2" } } }
        wait $p $q
        print done
        """, "throw")
      // In one that hangs the second lock was never taken.
      #expect(text.contains(Self.warning) || text.contains("hung"), "\(text)")
    }
  }

  @Test func memoryAndPermitsCountToo() throws {
    let text = try errors(
      """
      shm new n int; sem new s 1; event new first
      let p = fork { shm lock n { sem with s { } }; event set first }
      let q = fork { event wait first; sem with s { shm lock n { } } }
      wait $p $q
      print done
      """)
    #expect(
      text.contains(
        "shm n was taken while holding sem s (demo.brood:3), and sem s while holding shm n"),
      "\(text)")
  }

  @Test func aRingOfThree() throws {
    let text = try errors(
      """
      let locks = map 0..2 { |i| lock new "l$i" }
      barrier new met 3
      let all = map 0..2 { |i|
        fork {
          for turn in 0..2 {
            if $turn == $i { lock with $locks[$i] { lock with $locks[($i + 1) % 3] { } } }
            barrier wait met
          }
        }
      }
      wait ...$all
      print done
      """)
    #expect(text.contains("these three deadlock if all come at once"), "\(text)")
  }

  @Test(arguments: [
    // Under a common lock.
    """
    lock new a; lock new b; lock new g; event new first
    let p = fork { lock with g { lock with a { lock with b { } } }; event set first }
    let q = fork { event wait first; lock with g { lock with b { lock with a { } } } }
    wait $p $q
    """,
    // By one process.
    """
    lock new a; lock new b
    lock with a { lock with b { } }
    lock with b { lock with a { } }
    """,
    // By two that never live at once.
    """
    lock new a; lock new b
    wait (fork { lock with a { lock with b { } } })
    wait (fork { lock with b { lock with a { } } })
    """,
    // With a time limit on one side.
    """
    lock new a; lock new b; event new first
    let p = fork { lock with a { lock with b { } }; event set first }
    let q = fork { event wait first; lock with b { lock with a --timeout 5s { } } }
    wait $p $q
    """,
    // Everywhere in the same order; several permits.
    """
    lock new a; lock new b; sem new s 2; event new first
    let p = fork { lock with a { lock with b { sem with s { } } }; event set first }
    let q = fork { event wait first; sem with s { lock with a { lock with b { } } } }
    wait $p $q
    """,
    // One after the other, not one in the other.
    """
    lock new a; lock new b; event new first
    let p = fork { lock with a { }; lock with b { }; event set first }
    let q = fork { event wait first; lock with b { }; lock with a { } }
    wait $p $q
    """,
    // A lock that its holder takes again.
    """
    lock new a --reentrant; lock new b; event new first
    let p = fork { lock with a { lock with b { lock with a { } } }; event set first }
    let q = fork { event wait first; lock with a { lock with b { } } }
    wait $p $q
    """,
  ])
  func isNotWarnedOf(_ script: String) throws {
    #expect(try errors(script + "\nprint done") == "")
  }

  @Test func nothingIsNotedWhereItIsOff() throws {
    #expect(try errors(Self.crossed, "off") == "")
  }

  @Test func bitsComeBackWithTheProcessesThatUsedThem() throws {
    let text = try errors(
      """
      for i in 1..60 {
        wait (fork { lock new x; lock new y; lock with x { lock with y { } } })
      }
      lock new a; lock new b; event new first
      let p = fork { lock with a { lock with b { } }; event set first }
      let q = fork { event wait first; lock with b { lock with a { } } }
      wait $p $q
      print done
      """)
    #expect(text.contains(Self.warning) && !text.contains("more than"), "\(text)")
  }

  @Test func beyondSixtyFourItSaysThatItStopsLooking() throws {
    let text = try errors(
      """
      let locks = map 1..70 { |i| lock new "l$i" }
      for l in $locks { lock acquire $l }
      for l in $locks { lock release $l }
      for l in $locks { lock acquire $l }
      print done
      """)
    #expect(
      text == """
        warning: more than 64 locks are taken while others are held: whether their order can \
        deadlock is not looked at any more

        """)
  }
}
