import Foundation
import TestSupport
import Testing

/// Tags, colours, last lines, logs and files of `brood run`.
@Suite("What is seen of runs") struct RunOutputTests {
  private func bash(_ script: String, within limit: Duration = .seconds(30)) throws -> Output {
    try runBash(script, within: limit)
  }

  private func expect(_ line: String, prints expected: String) throws {
    let output = try bash(line)
    #expect(output.standardOutput == expected, "\(line): \(output.standardError)")
  }

  // MARK: Lines

  @Test(arguments: [
    ("a 'b\\n' c", "a\nb\nc"), ("a", "a"), ("'a\\n'", "a\n"), ("'a\\n\\n' 'b'", "a\n\nb"),
    ("''", ""),
  ])
  func lastLinesAreByteExact(_ inputs: String, _ expected: String) throws {
    try expect("brood run --line -j 1 -- printf ::: \(inputs)", prints: expected)
  }

  @Test(arguments: [
    ("--tag-format '[{#}.{%}] {/}: '", "[1.1] a: d/a\n[2.1] b: b\n"),
    ("--tag-format '{}={.} '", "d/a=d/a d/a\nb=b b\n"), ("--tag-format '> '", "> d/a\n> b\n"),
    ("--tag --tag-format '{/} '", "a d/a\nb b\n"), ("--line --tag-format '{/} '", "a d/a\nb b\n"),
  ])
  func tagsHaveAForm(_ flags: String, _ expected: String) throws {
    try expect("brood run -j 1 \(flags) -- echo ::: d/a b", prints: expected)
  }

  @Test func aTagIsNoWayToTheTerminal() throws {
    try expect(
      "brood run --tag-format '{}: ' -- sh -c 'echo x' sh ::: $'\\e[31m' | grep -c $'\\e'",
      prints: "0\n")
  }

  @Test(arguments: [
    ("--color --tag", "\u{1B}[32ma\t\u{1B}[0ma\n\u{1B}[33mb\t\u{1B}[0mb\n"),
    ("--color", "\u{1B}[32ma\u{1B}[0m\n\u{1B}[33mb\u{1B}[0m\n"),
    ("--color --line", "\u{1B}[32ma\u{1B}[0m\n\u{1B}[33mb\u{1B}[0m\n"),
  ])
  func programsHaveColours(_ flags: String, _ expected: String) throws {
    try expect("brood run -j 1 \(flags) -- echo ::: a b", prints: expected)
  }

  @Test(arguments: ["--json", "--csv", "--ungrouped", "--tty"])
  func whatHasNoLinesHasNoTags(_ form: String) throws {
    for flag in ["--color", "--tag-format x"] {
      let output = try bash("brood run \(form) \(flag) -- true ::: a")
      #expect(output.status == .exited(2), "\(form) \(flag): \(output)")
    }
  }

  // MARK: --joblog

  @Test func aLogHasTheColumnsOfParallel() throws {
    try expect(
      """
      brood run -j 1 --joblog log -- sh -c 'printf %s "$1"; exit ${#1}' sh ::: '' 'a b' >/dev/null 2>&1
      brood run -j 1 --joblog killed -- sh -c 'kill -9 $$' sh ::: x 2>/dev/null
      brood run -j 1 --joblog missing -- {} ::: nosuch 2>/dev/null
      for log in log killed missing; do
        head -n 1 $log | tr '\\t' ,
        tail -n +2 $log | awk -F '\\t' '{ print $1, $2, ($3 > 1e9), ($4 < 20), $5, $6, $7, $8, $9 }'
      done
      """,
      prints: """
        Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command
        1 : 1 1 0 0 0 0 sh -c 'printf %s "$1"; exit ${#1}' sh ''
        2 : 1 1 0 3 3 0 sh -c 'printf %s "$1"; exit ${#1}' sh 'a b'
        Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command
        1 : 1 1 0 0 0 9 sh -c 'kill -9 $$' sh x
        Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command
        1 : 0 1 0 0 127 0 nosuch

        """)
  }

  @Test func aLogIsALineForEach() throws {
    try expect(
      "seq 200 | brood run --joblog log -- true; wc -l < log; "
        + "printf 'a\\nb\\0' | brood run -0 --joblog log -- true; wc -l < log",
      prints: "201\n2\n")
  }

  @Test func aLogThatCannotBeWrittenIsAnError() throws {
    let output = try bash("brood run --joblog /nowhere/log -- echo ran ::: a")
    #expect(output.status != .exited(0) && output.standardOutput == "", "\(output)")
    let full = try bash("brood run --joblog /dev/full -- echo ran ::: a")
    #expect(full.status == .exited(1) && full.standardOutput == "ran a\n", "\(full)")
    #expect(full.standardError.contains("joblog"), "\(full)")
  }

  // MARK: --results

  @Test(arguments: ["csv", "json", "jsonl"]) func resultsAreOneFile(_ form: String) throws {
    let read =
      form == "csv"
      ? "import csv; r = list(csv.DictReader(open('r.csv')))"
      : form == "json"
        ? "import json; r = json.load(open('r.json'))"
        : "import json; r = [json.loads(l) for l in open('r.jsonl')]"
    try expect(
      """
      brood run -j 1 --results r.\(form) -- sh -c 'echo "out, $1"; exit $1' sh ::: 0 3 2>/dev/null
      python3 -c "\(read); print([(t['item'], t['output'], str(t['exit'])) for t in r])"
      """,
      prints: "out, 0\nout, 3\n[('0', 'out, 0\\n', '0'), ('3', 'out, 3\\n', '3')]\n")
  }

  @Test func aFileOfResultsIsNotWrittenOver() throws {
    let output = try bash(
      "echo old > r.csv; brood run --results r.csv -- echo ran ::: a; cat r.csv")
    #expect(output.standardOutput == "old\n", "\(output)")
    #expect(output.standardError.contains("not empty"))
  }

  @Test func withAJournalAFileOfResultsGoesOn() throws {
    try expect(
      """
      for i in 1 2; do
        brood run -j 1 --journal j --rerun missing --results r.json -- echo ::: a$i b$i >/dev/null 2>&1
      done
      python3 -c "import json; print([t['item'] for t in json.load(open('r.json'))])"
      """, prints: "['a1', 'b1', 'a2', 'b2']\n")
  }

  @Test func emptyResultsAreWellFormed() throws {
    try expect(
      "brood run --results r.json -- echo ::: ; python3 -c "
        + "\"import json; print(json.load(open('r.json')))\"", prints: "[]\n")
  }

  @Test func placesNameTheDirectories() throws {
    try expect(
      """
      brood run -j 1 --results 'out/{2}/{1}' -- echo ::: a b ::: x y >/dev/null
      (cd out; find . -name stdout | sort)
      brood run -j 1 --results 'paths/{}' -- echo ::: ../../up /etc/x . >/dev/null
      (cd paths; find . -name stdout | sort)
      """,
      prints: """
        ./x/a/stdout
        ./x/b/stdout
        ./y/a/stdout
        ./y/b/stdout
        ./_.2/stdout
        ./_/_/up/stdout
        ./etc/x/stdout

        """)
  }

  @Test func blocksHaveThemToo() throws {
    try expect(
      """
      brood -c 'pool new 1
      print (pool map --results r.csv { |x| print "on $x"; $x * 2 } [1, 2])
      print (pool map --results "out/{}" { |x| print "on $x"; $x * 2 } [1, 2])'
      python3 -c "import csv; print([t['output'] for t in csv.DictReader(open('r.csv'))])"
      cat out/2/stdout
      """, prints: "[2, 4]\n[2, 4]\n['on 1\\n', 'on 2\\n']\non 2\n")
  }

  // MARK: A full disk

  @Test func aFullDiskEndsARunThatAsksForIt() throws {
    let output = try bash("brood run --on-full fail -- echo ::: a b c > /dev/full")
    #expect(output.status == .exited(1), "\(output)")
    #expect(output.standardError.contains("no room"), "\(output)")
  }

  // MARK: --eta

  @Test func allInputsAreReadFirst() throws {
    try expect("seq 3 | brood run -j 1 --eta -- echo", prints: "1\n2\n3\n")
  }
}
