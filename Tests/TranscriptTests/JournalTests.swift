import Foundation
import TestSupport
import Testing

/// Journals: whatever ends a run, and wherever a crash cuts the file, the next run does what is left.
@Suite("Journals", .serialized)
struct JournalTests {
  private let place: TemporaryDirectory

  init() throws { place = try TemporaryDirectory() }

  /// Runs a bash script that calls Brood as "$BROOD".
  private func bash(_ script: String, within limit: Duration = .seconds(90)) throws -> Output {
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    return try run(
      "/bin/bash", ["-c", script], environment: environment, directory: place.path, within: limit)
  }

  private func file(_ name: String) -> URL { URL(filePath: place.path).appending(path: name) }

  private func lines(_ name: String) throws -> [String] {
    try String(contentsOf: file(name), encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// The lines of the journal, each of which must be JSON.
  private func events() throws -> [[String: Any]] {
    let data = try Data(contentsOf: file("j"))
    #expect(data.last == 0x0A)
    return try data.split(separator: 0x0A).map { line in
      try #require(JSONSerialization.jsonObject(with: line) as? [String: Any])
    }
  }

  private func count(_ event: String) throws -> Int {
    try events().count { $0["event"] as? String == event }
  }

  /// A program that appends its input to a file.
  private static let work = "printf '%s\\n' 'echo \"$1\" >> done' > work\n"

  // MARK: Crashes

  @Test func aCrashAtAnyByteOfTheLastLinesIsMended() throws {
    let begin = try bash(
      JournalTests.work + "\"$BROOD\" run -j 1 --journal j -- sh work ::: a b c d")
    #expect(begin.status == .exited(0), "\(begin.standardError)")
    let whole = try Data(contentsOf: file("j"))
    let ends = whole.indices.filter { whole[$0] == 0x0A }.map { $0 + 1 }
    // The end of the last task, its beginning, and the end of the one before.
    let first = ends[ends.count - 4]
    let cuts = stride(from: first, to: whole.count, by: Program.runsLongTests ? 1 : 13)
    for cut in Set(cuts).union(ends).union(ends.map { $0 - 1 }).union([0, 1, 20]).sorted() {
      try whole[..<cut].write(to: file("j"))
      try Data().write(to: file("done"))
      let again = try bash("\"$BROOD\" run -j 2 --journal j --rerun missing -- sh work ::: d c b a")
      #expect(again.status == .exited(0), "cut at \(cut): \(again.standardError)")
      // Only lines that have their ends count.
      let known = ends.indices.count { index in
        let start = index == 0 ? 0 : ends[index - 1]
        let line = String(decoding: whole[start..<ends[index]], as: UTF8.self)
        return ends[index] <= cut && line.contains("\"event\":\"ended\"")
      }
      let isTorn = cut > 0 && !ends.contains(cut)
      let done = try lines("done")
      #expect(done.count == 4 - known, "cut at \(cut): \(done)")
      #expect(Set(done).count == done.count, "cut at \(cut): \(done)")
      #expect(again.standardError.contains("torn") == isTorn, "cut at \(cut)")
      let keys = Set(
        try events().compactMap { $0["ok"] as? Bool == true ? $0["key"] as? String : nil })
      #expect(keys.count == 4, "cut at \(cut)")
    }
  }

  @Test func aSessionThatIsKilledLosesNothing() throws {
    let output = try bash(
      JournalTests.work + """
        ended() { grep -c '"event":"ended"' j 2>/dev/null || true; }
        for goal in 30 60 90 120; do
          "$BROOD" run -j 3 --journal j --rerun missing -- sh work ::: $(seq 200) 2>/dev/null &
          until [ "$(ended)" -ge $goal ]; do sleep 0.005; done
          kill -9 $!
          wait $! 2>/dev/null
        done
        "$BROOD" run -j 3 --journal j --rerun missing -- sh work ::: $(seq 200) 2>news
        echo "status $?"
        sort -un done | wc -l
        """)
    #expect(output.standardOutput == "status 0\n200\n", "\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
    let succeeded = Set(
      try events().compactMap { $0["ok"] as? Bool == true ? $0["key"] as? String : nil })
    #expect(succeeded.count == 200)
    #expect(try lines("news").last?.contains("skipped, done earlier") == true)
    // At most what was in hand, or shown just then, was done twice.
    #expect(try lines("done").count <= 300)
  }

  @Test func aPoolsSessionThatIsKilledLosesNothing() throws {
    try place.write(
      """
      pool new 3
      let r = pool map --chunk 1 --journal j --rerun missing 1..200 { |x|
        # So that each session is killed before it has done all.
        if $x > 60 { while not (exists killed20) { sleep 5ms } }
        if $x > 130 { while not (exists killed80) { sleep 5ms } }
        append done "$x\\n"
        sleep 2ms
        [twice: $x * 2, text: "<$x>", time: 1s * $x]
      }
      print (len $r) (sum (map $r { |t| $t.twice })) $r[199].time
      """, to: "map.brood")
    let output = try bash(
      """
      ended() { grep -c '"event":"ended"' j 2>/dev/null || true; }
      for goal in 20 80; do
        "$BROOD" map.brood 2>/dev/null &
        until [ "$(ended)" -ge $goal ]; do sleep 0.005; done
        kill -9 $!
        wait $! 2>/dev/null
        touch killed$goal
      done
      "$BROOD" map.brood 2>news; echo "status $?"
      "$BROOD" map.brood 2>/dev/null; echo "status $?"
      sort -un done | wc -l
      """)
    #expect(
      output.standardOutput == """
        200 40200 3m20s
        status 0
        200 40200 3m20s
        status 0
        200

        """, "\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
    // A worker has a few in hand, or done and not yet reported, when its session goes.
    #expect(try lines("done").count <= 200 + 2 * 3 * 4)
  }

  @Test func damagedLinesAreIgnored() throws {
    let output = try bash(
      JournalTests.work + """
        "$BROOD" run -j 1 --journal j -- sh work ::: a b c
        # As a power failure leaves it: a block of zeros, and half a line with an end.
        sed -i '4s/.*/{"event":"ended","key":"12/' j
        head -c 30 /dev/zero >> j; echo >> j
        "$BROOD" run -j 1 --journal j --rerun missing -- sh work ::: a b c
        echo "status $?"
        cat done
        """)
    #expect(output.standardOutput == "status 0\na\nb\nc\na\n", "\(output.standardError)")
    #expect(output.standardError.contains("line 4 is damaged and is ignored"))
  }

  @Test func anotherFileIsLeftAsItIs() throws {
    for text in ["precious", "precious\nwords\n", "{\"a\": 1}\n", "{\"journal\":\"broo"] {
      try place.write(text, to: "notes")
      let output = try bash("\"$BROOD\" run --journal notes --rerun all -- true ::: 1")
      let isOurs = text.hasSuffix("broo")
      #expect(output.status == .exited(isOurs ? 0 : 2), "\(text): \(output.standardError)")
      if !isOurs {
        #expect(output.standardError.contains("'notes' is not a journal"))
        #expect(try String(contentsOf: file("notes"), encoding: .utf8) == text)
      }
    }
  }

  @Test func aFileThatCannotGrowEndsTheRun() throws {
    let output = try bash(
      "ulimit -f 4; exec \"$BROOD\" run -j 1 --journal j -- sh -c ': \"$1\"' sh ::: $(seq 100)")
    #expect(output.status == .exited(1))
    #expect(output.standardError.contains("cannot write the journal 'j': File too large"))
    // No part of a line is left.
    let data = try Data(contentsOf: file("j"))
    #expect(data.last == 0x0A)
    #expect(try events().count > 4)
  }

  @Test func aFileThatCannotGrowEndsAMap() throws {
    try place.write(
      "pool new 2\npool map { |x| sleep 1ms; $x } 1..10000 --journal j", to: "map.brood")
    let output = try bash("ulimit -f 20; exec \"$BROOD\" map.brood")
    #expect(output.status == .exited(1))
    #expect(output.standardError.contains("cannot write the journal 'j': File too large"))
    #expect((50..<1000).contains(try count("ended")))
  }

  // MARK: Ends of other kinds

  @Test(arguments: ["TERM", "INT"])
  func aSignalEndsAllAndTheJournalIsWhole(_ signal: String) throws {
    try place.write(
      """
      if [ ! -e go ]; then
        setsid sleep 1321 & echo $! >> pids
        echo $$ >> pids
        exec sleep 1322
      fi
      """, to: "work")
    let output = try bash(
      """
      set -m
      "$BROOD" run -j 2 --journal j -- sh work ::: 1 2 3 &
      until [ "$(wc -l 2>/dev/null < pids)" = 4 ]; do sleep 0.01; done
      kill -\(signal) $!
      wait $!
      echo "status $?"
      cat pids
      touch go
      "$BROOD" run -j 2 --journal j --rerun missing -- sh work ::: 1 2 3
      echo "status $?"
      """)
    let numbers = output.standardOutput.split(whereSeparator: \.isWhitespace)
    let status = ["TERM": "143", "INT": "130"][signal]
    #expect(numbers.prefix(2).map(String.init) == ["status", status])
    #expect(numbers.suffix(2) == ["status", "0"])
    let pids = numbers.dropFirst(2).dropLast(2).compactMap { pid_t($0) }
    #expect(pids.count == 4)
    #expect(ProcessEntry.living(pids, after: .seconds(3)) == [])
    #expect(output.leftBehind.isEmpty)
    #expect(try count("interrupted") == 2)
    #expect(try count("ended") == 3)
    #expect(output.standardError.contains("'1' runs again: it was interrupted at "))
  }

  @Test func aReaderThatLeavesEndsTheRun() throws {
    let output = try bash(
      """
      "$BROOD" run -j 2 --journal j -- seq 100000 1 ::: 300000 300001 300002 | head -1
      echo "${PIPESTATUS[0]}"
      """)
    #expect(output.standardOutput == "100000\n141\n")
    #expect(output.standardError == "")
    #expect(try count("ended") == 0)
  }

  @Test func twoRunsExcludeEachOther() throws {
    let output = try bash(
      """
      "$BROOD" run --journal j -- sh -c 'touch begun; until [ -e go ]; do sleep 0.01; done' ::: 1 &
      until [ -e begun ]; do sleep 0.01; done
      "$BROOD" run --journal j --rerun missing -- true ::: 2 2>err
      echo "status $?"
      grep -c "run of process $! writes it" err
      touch go
      wait $!
      "$BROOD" run --journal j --rerun missing -- true ::: 2
      echo "status $?"
      """)
    #expect(output.standardOutput == "status 1\n1\nstatus 0\n", "\(output.standardError)")
  }
}
