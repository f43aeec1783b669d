import Foundation
import TestSupport
import Testing

/// Programs that get standard input in blocks: `brood run --pipe`.
@Suite("Blocks of standard input") struct RunPipeTests {
  private func bash(_ script: String, within limit: Duration = .seconds(30)) throws -> Output {
    try runBash(script, within: limit)
  }

  /// Every byte goes to one program, in order, from a file and from a pipe, kept for attempts or not.
  @Test(arguments: [
    "--pipe %@ < in", "--pipepart in %@", "--pipe %@ --retries 1 < in", "PIPE --pipe %@",
    "PIPE --pipe %@ --retries 1",
  ])
  func noByteIsLost(_ form: String) throws {
    for size in ["--block 1B", "--block 70001B", "--block 1MB", "--block 30MB", "--lines 1000"] {
      let flags = form.replacing("%@", with: size)
      // Few lines where there is a program for each.
      let input = size == "--block 1B" ? "seq 40" : "seq 200000; printf '\\0\\377\\n\\nend'"
      let line =
        flags.hasPrefix("PIPE ")
        ? "cat in | brood run \(flags.dropFirst(5)) -- cat"
        : "brood run \(flags.replacing(" < in", with: "")) -- cat"
      let output = try bash(
        "{ \(input); } > in; \(line) \(flags.hasSuffix("< in") ? "< in" : "") > out; cmp in out && echo same"
      )
      #expect(output.standardOutput == "same\n", "\(flags): \(output.standardError)")
    }
  }

  @Test func recordsAreWholeInEachBlock() throws {
    let output = try bash(
      """
      python3 -c 'for i in range(3000): print(">" + str(i) + "\\n" + "ACGT" * (i % 50))' > in
      for form in '< in' '--cat'; do
        { [ "$form" = --cat ] && cat in | brood run --pipe --recstart '>' --block 5kB -- \
            sh -c 'head -c 1; grep -c "^>"' ||
          brood run --pipe --recstart '>' --block 5kB -- sh -c 'head -c 1; grep -c "^>"' < in; } |
          awk '{ n += substr($0, 2) + 1; if (substr($0, 1, 1) != ">") bad++ } END { print n, bad + 0 }'
      done
      """)
    #expect(output.standardOutput == "3000 0\n3000 0\n", "\(output.standardError)")
  }

  @Test func aRecordThatIsLongerThanABlockGoesToOneProgram() throws {
    let output = try bash(
      """
      { head -c 30000000 /dev/zero | tr '\\0' x; echo; echo short; } |
        brood run --pipe --block 1kB -- wc -lc
      """)
    let numbers = output.standardOutput.split(whereSeparator: \.isWhitespace)
    #expect(numbers == ["1", "30000001", "1", "6"], "\(output.standardError)")
  }

  /// Marks of records are found however the input comes.
  @Test func inputThatComesByteByByte() throws {
    let output = try bash(
      """
      feed() { python3 -c '
      import os, sys
      for byte in b"ab\\r\\ncd\\r\\n\\r\\nef": os.write(1, bytes([byte]))'; }
      feed | brood run --pipe --recend '\\r\\n' --lines 1 -- sh -c 'od -An -c | tr -d " \\n"; echo'
      """)
    #expect(
      output.standardOutput == "ab\\r\\n\ncd\\r\\n\n\\r\\n\nef\n", "\(output.standardError)")
  }

  @Test func theFirstProgramBeginsBeforeTheInputEnds() throws {
    let output = try bash(
      """
      mkfifo back
      { echo one; read answer < back; echo "$answer"; } |
        brood run --pipe -- sh -c 'read x; echo "got $x" > back; cat'
      """)
    #expect(output.standardOutput == "got one\n", "\(output.standardError)")
  }

  /// Two programs work at once, though the first takes nothing.
  @Test func aProgramThatReadsSlowlyKeepsNoOtherWaiting() throws {
    let output = try bash(
      """
      mkfifo go
      seq 100000 | brood run -j 2 --pipe --block 300kB -- \
        sh -c 'if [ $1 = 1 ]; then read x < go; wc -c; else wc -c; [ $1 = 2 ] && echo x > go; fi
          exit 0' sh {#}
      """)
    #expect(
      output.standardOutput.split(separator: "\n").count == 2, "\(output.standardError)")
  }

  @Test func programsThatReadNothingDoNotFail() throws {
    let output = try bash(
      "seq 300000 | brood run --pipe --block 100kB -- true; echo $?; seq 300000 > in; "
        + "brood run --pipe --block 100kB -- true < in; echo $?; "
        + "seq 300000 | brood run --pipe --round-robin --block 100kB -- true; echo $?")
    #expect(output.standardOutput == "0\n0\n0\n", "\(output.standardError)")
  }

  @Test func theReaderOfTheOutputMayGo() throws {
    let output = try bash(
      "seq 3000000 | brood run --pipe --block 1MB -- cat | head -n 1; echo ${PIPESTATUS[1]}")
    #expect(output.standardOutput == "1\n141\n", "\(output.standardError)")
  }

  @Test func aBlockIsHandedOverAgain() throws {
    for source in ["seq 100000 | brood run --pipe", "brood run --pipepart in"] {
      let output = try bash(
        """
        seq 100000 > in
        \(source) --block 200kB --retries 2 -j 2 -- \
          sh -c 'head -c 10 > /dev/null; if mkdir "d$1" 2> /dev/null; then kill -9 $$; fi
            cat | tail -n 1' sh {#} 2> /dev/null
        """)
      // Attempts are the same, so each begins where the first one did.
      #expect(output.standardOutput.hasSuffix("100000\n"), "\(output.standardOutput)")
      #expect(output.standardOutput.split(separator: "\n").count == 3)
    }
  }

  @Test func roundRobinHandsOutEachBlockOnce() throws {
    for source in ["cat in | brood run --pipe", "brood run --pipe < in", "brood run --pipepart in"]
    {
      let (before, after) =
        source.hasSuffix("< in") ? (String(source.dropLast(5)), "< in") : (source, "")
      let output = try bash(
        """
        seq 200000 > in
        \(before) -j 3 --round-robin --block 10kB -- cat \(after) | sort -n | cmp - in && echo same
        """)
      #expect(output.standardOutput == "same\n", "\(output.standardError)")
    }
  }

  @Test func interruptionEndsAll() throws {
    let output = try bash(
      """
      (sleep 600 & echo $! > feeder; seq 10; wait) | (exec brood run --pipe -- \
        sh -c 'echo $$ > child; exec cat') & run=$!
      until [ -s child ]; do sleep 0.02; done
      kill -TERM $run; kill $(cat feeder)
      wait $run; echo "status $?"
      kill -0 $(cat child) 2> /dev/null && echo alive || echo gone
      """)
    #expect(output.standardOutput.contains("gone"), "\(output.standardOutput)")
  }

  /// What was read of a file by a run is not read again by what comes after it.
  @Test func theRestOfAFileIsLeftToOthers() throws {
    let output = try bash("seq 6 > in; { head -c 0; brood run --pipe -- tail -n 1; cat; } < in")
    #expect(output.standardOutput == "6\n", "\(output.standardError)")
  }

  @Test func memoryIsBounded() throws {
    let output = try bash(
      """
      head -c 400000000 /dev/zero | tr '\\0' '\\n' |
        /usr/bin/env python3 -c '
      import resource, subprocess
      subprocess.run(["brood", "run", "-j", "2", "--pipe", "--", "wc", "-c"],
        stdout=subprocess.DEVNULL)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)'
      """, within: .seconds(60))
    let used = Int(output.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .max
    #expect(used < 120, "\(used) MiB")
  }
}
