import Foundation
import TestSupport
import Testing

/// Starting programs, running them again, and what a refused system call does to a run.
@Suite("Starts, retries and refused calls of runs") struct RunStartTests {
  private func bash(_ script: String, within limit: Duration = .seconds(20)) throws -> Output {
    try runBash(script, within: limit)
  }

  // MARK: Again

  @Test func aProgramThatIsKilledRunsOnce() throws {
    let output = try bash(
      """
      brood run -- sh -c 'echo x >> done; kill -9 $$' sh ::: a 2>/dev/null; echo "status $?"
      brood -c "pool run -- sh -c 'echo x >> done; kill -9 \\$\\$' sh ::: a" 2>/dev/null
      cat done
      """)
    #expect(output.standardOutput == "status 1\nx\nx\n", "\(output.standardError)")
  }

  /// A task whose attempts 1 and 2 fail.
  private static let flaky = """
    brood run --retries 2 --results r -- sh -c '
      echo x >> tries
      echo "output $(wc -l < tries)"
      echo "reason $(wc -l < tries)" >&2
      test $(wc -l < tries) -ge 3' sh ::: a
    """

  @Test func anotherAttemptIsTold() throws {
    let output = try bash(RunStartTests.flaky + " 2>err >/dev/null; grep -v reason err")
    #expect(output.standardOutput.split(separator: "\n").count == 2, "\(output)")
  }

  @Test func whatFailedAttemptsWroteIsShown() throws {
    let output = try bash(RunStartTests.flaky + " 2>err; grep -o 'reason .' err")
    #expect(
      output.standardOutput == "output 1\noutput 2\noutput 3\nreason 1\nreason 2\nreason 3\n",
      "\(output.standardError)")
  }

  @Test func whatFailedAttemptsWroteIsKept() throws {
    let output = try bash(
      RunStartTests.flaky + """
         >/dev/null 2>&1
        for text in "output 1" "output 2" "output 3" "reason 1" "reason 2" "reason 3"; do
          grep -rl "$text" r | wc -l
        done
        grep -rlE "output|reason" --exclude=record.json r | sort -u | wc -l
        """)
    #expect(output.standardOutput == "1\n1\n1\n1\n1\n1\n6\n", "\(output.standardError)")
  }

  // MARK: Starts that are refused

  @Test(arguments: [(64, 90), (64, 20), (256, 300)])
  func aRunWaitsForDescriptors(_ limit: Int, _ jobs: Int) throws {
    let output = try bash(
      """
      ulimit -n \(limit)
      seq \(jobs + 10) | brood run -j \(jobs) -- sh -c 'sleep 0.1; echo "$1"' sh 2>err | wc -l
      echo "${PIPESTATUS[1]}"; cat err
      """)
    #expect(output.standardOutput == "\(jobs + 10)\n0\n", "\(output.standardError)")
  }

  /// The errors that a start may meet, and in which call.
  private static let refusals = [
    ("vfork", "EAGAIN"), ("vfork", "ENOMEM"), ("pipe2", "EMFILE"), ("pipe2", "ENFILE"),
    ("pidfd_open", "EMFILE"),
  ]

  @Test(.enabled(if: Program.hasStrace, "there is no strace"), arguments: refusals)
  func aRefusedStartWaitsForOneThatRuns(_ call: String, _ error: String) throws {
    let output = try bash(
      """
      strace -o /dev/null -e inject=\(call):error=\(error):when=3..4 \
        "$(command -v brood)" run -j 3 -- echo ::: 1 2 3 4 5 6 7 8
      """, within: .seconds(5))
    #expect(
      output.standardOutput == "1\n2\n3\n4\n5\n6\n7\n8\n", "\(output.standardError)")
    #expect(output.status == .exited(0))
  }

  @Test(.enabled(if: Program.hasStrace, "there is no strace"))
  func whereNoneCanStartTheRunEndsWithOneError() throws {
    let output = try bash(
      """
      seq 100 | strace -o /dev/null -e inject=vfork:error=EAGAIN \
        "$(command -v brood)" run -j 3 --results r -- echo 2>err
      echo "status $?"
      grep -c EAGAIN err
      ls r | wc -l
      """, within: .seconds(5))
    #expect(output.standardOutput == "status 1\n1\n0\n", "\(output.standardError)")
  }

  @Test(arguments: ["no-such-program", "./directory", "./no-x-bit", "./no-program"])
  func aProgramThatCannotRunEndsTheRunAtOnce(_ name: String) throws {
    let output = try bash(
      """
      mkdir directory; printf 'echo hi\\n' > no-x-bit; printf '\\1\\2\\3' > no-program
      chmod +x no-program
      yes | brood run --results r -- \(name) 2>err
      echo "status ${PIPESTATUS[1]}"
      [ "$(ls r | wc -l)" -le 1 ] && echo "one at most was tried"
      brood -c 'try { pool run --inputs (range 20000) -- \(name) } catch e { print $e.kind }' >kind
      wc -l < kind
      """, within: .seconds(3))
    #expect(
      output.standardOutput.wholeMatch(of: /status [12]\none at most was tried\n1\n/) != nil,
      "\(output.standardOutput)\(output.standardError)")
  }

  @Test func aFileWithoutTheXBitIsNamedSo() throws {
    let output = try bash(
      """
      printf 'echo hi\\n' > tool
      brood run -- ./tool ::: a
      """)
    #expect(output.standardError.contains("chmod +x"), "\(output.standardError)")
    #expect(!output.standardError.contains("there is no program"))
  }

  @Test func aRateDoesNotWaitAfterTheLastStart() throws {
    let output = try bash("brood run --rate 0.01 -- echo ::: only; echo $?", within: .seconds(3))
    #expect(output.standardOutput == "only\n0\n")
  }

  // MARK: Refused calls

  /// A run that may fail, but must come to its end.
  private func expectEnd(_ call: String, _ number: Int, _ command: String) throws {
    let output = try bash(
      """
      cat > map.brood <<'END'
      pool new 2
      print (pool map --chunk 1 { |x| $x } 1..4)
      END
      strace -o /dev/null -e inject=\(call):error=ENOMEM:when=\(number) \
        "$(command -v brood)" \(command)
      """, within: .seconds(2))
    #expect(output.status != nil, "number \(number) of \(call): \(output.standardError)")
  }

  @Test(.enabled(if: Program.hasStrace, "there is no strace"), arguments: [1, 4])
  func oneRefusedWatchDoesNotMakeARunSleepForEver(_ number: Int) throws {
    try expectEnd("epoll_ctl", number, "run -j 2 -- true ::: 1 2 3")
  }

  @Test(.enabled(if: Program.hasStrace, "there is no strace"), arguments: [1, 4])
  func oneRefusedMessageDoesNotMakeAMapSleepForEver(_ number: Int) throws {
    try expectEnd("recvmsg", number, "map.brood")
  }
}
