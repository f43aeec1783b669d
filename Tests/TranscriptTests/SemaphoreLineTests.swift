import Foundation
import TestSupport
import Testing

/// `brood sem`: a semaphore that scripts share by its name.
@Suite("brood sem", .serialized)
struct SemaphoreLineTests {
  /// No other run's.
  private let name = "test-\(UUID().uuidString)"

  /// Runs a script of sh in a new directory, in which `sem` is `brood sem` with this test's name.
  private func sh(_ script: String, within limit: Duration = .seconds(60)) throws -> Output {
    let place = try TemporaryDirectory()
    let head = """
      sem() { "$BROOD" sem --name "$NAME" "$@"; }
      until_true() { until "$@"; do sleep 0.02; done; }

      """
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["NAME"] = name
    return try TestSupport.run(
      "/bin/sh", ["-c", head + script], environment: environment, directory: place.path,
      within: limit)
  }

  @Test(arguments: [1, 3]) func noMoreThanThePermitsRun(_ count: Int) throws {
    let output = try sh(
      """
      for i in 1 2 3 4 5 6 7 8; do
        sem -j \(count) -- sh -c 'echo + >> log; sleep 0.1; echo - >> log'
      done
      sem --wait
      cat log
      """)
    var (running, most, ended) = (0, 0, 0)
    for line in output.standardOutput.split(separator: "\n") {
      running += line == "+" ? 1 : -1
      most = max(most, running)
      ended += line == "-" ? 1 : 0
    }
    #expect(ended == 8 && running == 0, "\(output)")
    #expect(most <= count)
    #expect(count == 1 || most > 1)
  }

  @Test func statuses() throws {
    let output = try sh(
      """
      sem --fg -- sh -c 'exit 7'; echo $?
      sem --fg -- sh -c 'kill -TERM $$'; echo $?
      sem --fg -- true; echo $?
      sem -- sh -c 'exit 7'; echo $?
      sem --wait; echo $?
      sem -- nosuchprogram; echo $?
      sem; echo $?
      sem -j 0 -- true; echo $?
      sem --wait -- true; echo $?
      sem -- sleep 60
      sem --timeout 0.1 --fg -- echo never; echo $?
      sem --timeout 0.1 --wait; echo $?
      """)
    #expect(
      output.standardOutput.split(separator: "\n") == [
        "7", "143", "0", "0", "0", "1", "2", "2", "2", "124", "124",
      ], "\(output)")
    #expect(output.leftBehind.count > 0, "the program in the background goes on")
  }

  @Test func whenItsProcessIsKilledTheProgramIsEndedAndThePermitFree() throws {
    let output = try sh(
      """
      sem --fg -- sh -c 'echo $$ > program; exec sleep 600' &
      until_true test -s program
      kill -9 $(ps -o ppid= -p $(cat program))
      sem --fg --timeout 20 -- echo free
      until_true sh -c '! kill -0 $(cat program) 2> /dev/null'
      echo ended
      """)
    #expect(output.standardOutput == "free\nended\n", "\(output)")
  }

  @Test func whenTheProgramIsKilledThePermitIsFreeWhateverItHasLeft() throws {
    let output = try sh(
      """
      sem -- sh -c 'sleep 600 & echo $! > child; echo $$ > program; wait'
      until_true test -s program
      kill -9 $(cat program)
      sem --fg --timeout 20 -- echo free
      kill -0 $(cat child) && echo child lives
      kill $(cat child)
      """)
    #expect(output.standardOutput == "free\nchild lives\n", "\(output)")
  }

  @Test func aWaiterThatIsKilledKeepsNoOtherOff() throws {
    let output = try sh(
      """
      sem -j 2 -- sh -c 'until test -e go; do sleep 0.02; done'
      sem -j 2 -- sh -c 'until test -e go; do sleep 0.02; done'
      "$BROOD" sem --name "$NAME" -j 2 --fg -- echo first & first=$!
      until_true sh -c "ps --ppid $first -o args= | grep -q ."
      "$BROOD" sem --name "$NAME" -j 2 --fg -- echo second & second=$!
      until_true sh -c "ps --ppid $second -o args= | grep -q ."
      kill -9 $first
      touch go
      wait $second
      sem --fg --timeout 20 -- echo third
      """)
    #expect(output.standardOutput == "second\nthird\n", "\(output)")
  }

  @Test func anInterruptEndsAWait() throws {
    let output = try sh(
      """
      sem -- sh -c 'until test -e go; do sleep 0.02; done'
      "$BROOD" sem --name "$NAME" --fg -- echo never & waiter=$!
      until_true sh -c "ps --ppid $waiter -o args= | grep -q ."
      kill -TERM $waiter
      wait $waiter; echo $?
      touch go
      sem --fg -- echo free
      """)
    #expect(output.standardOutput == "143\nfree\n", "\(output)")
  }

  @Test func namesAreAnyText() throws {
    let output = try sh(
      """
      "$BROOD" sem --name 'a/b ü ..' --fg -- echo "$NAME"
      "$BROOD" sem --name "$(printf %0300d 1)" --fg -- true; echo $?
      "$BROOD" sem --name '' --fg -- true; echo $?
      """)
    #expect(output.standardOutput == "\(name)\n2\n2\n", "\(output)")
  }
}
