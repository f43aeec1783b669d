import Foundation
import TestSupport
import Testing

/// What the command line of `brood run` and `pool run` takes.
@Suite("Command lines of runs") struct RunCommandLineTests {
  private func bash(_ script: String) throws -> Output {
    try runBash(
      """
      printf '1\\n2\\n' > one; printf '3\\n4\\n' > two
      exec </dev/null

      """ + script, within: .seconds(10))
  }

  /// A line of bash, or the same as a script of Brood, must print this.
  private func expect(_ line: String, prints expected: String) throws {
    let output = try bash(line)
    #expect(output.standardOutput == expected, "\(line): \(output.standardError)")
  }

  // MARK: Literal braces

  @Test(arguments: [
    ("'{{}}'", "{} a\n"), ("{} '{{}}'", "a {}\n"), ("'x{{}}y{}'", "x{}ya\n"),
    ("'{{}}{{}}'", "{}{} a\n"),
  ])
  func bracesInBracesAreLiteral(_ words: String, _ expected: String) throws {
    try expect("brood run -- echo \(words) ::: a", prints: expected)
    let word = words.replacing("'", with: "\\'")
    try expect("brood -c $'pool run -- echo \(word) ::: a'", prints: expected)
  }

  @Test func findGetsItsBraces() throws {
    try expect(
      "mkdir d; touch d/x; brood run -- find {} -name x -exec echo found '{{}}' ';' ::: d",
      prints: "found d/x\n")
  }

  @Test func theErrorShowsHowToQuoteThem() throws {
    let output = try bash("brood -c 'pool run -- echo {{}} ::: a'")
    #expect(output.standardError.contains("'{{}}'"), "\(output.standardError)")
  }

  // MARK: Flags given twice

  @Test func filesAreAList() throws {
    try expect("brood run -j 1 --file one --file two -- echo", prints: "1\n2\n3\n4\n")
    try expect(
      "brood -c 'pool run --jobs 1 --file one --file=two -- echo'", prints: "1\n2\n3\n4\n")
  }

  @Test func variablesOfTheKeyAreAList() throws {
    try expect(
      """
      go() {
        echo "$1: $(brood run --journal j --rerun missing --key-env A --key-env B -- echo ::: x \
          2>/dev/null)"
      }
      A=1 B=1 go first; A=1 B=1 go again; A=2 B=1 go "A changed"; A=2 B=2 go "B changed"
      """, prints: "first: x\nagain: \nA changed: x\nB changed: x\n")
  }

  @Test(arguments: [
    "-j 1 -j 2", "-j1 --jobs 2", "--timeout 1s --timeout=2s", "--halt now --halt soon",
    "--results r --results s", "--retries 1 --retries 1", "--tag --tag", "-0 --null",
  ])
  func otherFlagsGivenTwiceAreErrors(_ flags: String) throws {
    let output = try bash("brood run \(flags) -- echo ::: a")
    #expect(output.status == .exited(2), "\(flags): \(output.standardOutput)")
    #expect(output.standardOutput == "")
  }

  @Test(arguments: [
    "pool run --jobs 1 --jobs 2 -- echo ran ::: a",
    "queue new q; queue get q --timeout 1s --timeout 0s",
    "wait (fork { 1 }) --timeout 1s --timeout 2s", "pool map { |x| $x } [1] --tag --tag",
  ])
  func theyAreErrorsInScriptsToo(_ text: String) throws {
    let output = try bash("brood -c '\(text)\nprint ended'")
    #expect(output.status == .exited(2), "\(text)")
    #expect(output.standardOutput == "", "\(text)")
    #expect(output.standardError.contains("twice"), "\(output.standardError)")
  }

  // MARK: Inputs from files

  @Test(arguments: [
    ("echo :::: one", "1\n2\n"), ("echo :::: one two", "1 3\n1 4\n2 3\n2 4\n"),
    ("echo {1}-{2} ::: a b :::: one", "a-1\na-2\nb-1\nb-2\n"),
    ("echo {2}{1} :::: one ::: a", "a1\na2\n"), ("echo ::: a b ::::+ one", "a 1\nb 2\n"),
    ("echo :::: - < two", "3\n4\n"), ("echo :::: one - < two", "1 3\n1 4\n2 3\n2 4\n"),
  ])
  func fourColonsReadFiles(_ line: String, _ expected: String) throws {
    try expect("brood run -j 1 -- \(line)", prints: expected)
    let parts = line.split(separator: " < ", maxSplits: 1)
    let input = parts.count > 1 ? " < \(parts[1])" : ""
    try expect("brood -c 'pool run --jobs 1 -- \(parts[0])'\(input)", prints: expected)
  }

  @Test func aFileOfFourColonsThatIsMissingIsAnError() throws {
    let output = try bash("brood run -- echo :::: missing")
    #expect(output.status == .exited(2), "\(output)")
    #expect(output.standardError.contains("'missing'"), "\(output.standardError)")
  }

  // MARK: Several inputs to a call

  @Test(arguments: [
    ("-n 2", "1 2\n3 4\n5\n"), ("-n2", "1 2\n3 4\n5\n"), ("--max-inputs 3", "1 2 3\n4 5\n"),
    ("-X", "1 2 3 4 5\n"), ("--fill", "1 2 3 4 5\n"),
  ])
  func severalInputsGoToOneCall(_ flag: String, _ expected: String) throws {
    try expect("seq 5 | brood run -j 1 \(flag) -- echo", prints: expected)
  }

  @Test func severalInputsInScripts() throws {
    try expect(
      "brood -c 'pool run --max-inputs 2 -- echo x{} ::: a b c'", prints: "xa xb\nxc\n")
    try expect("brood -c 'pool run --jobs 1 --fill -- echo ::: a b c'", prints: "a b c\n")
  }

  @Test func inputsThatAreLeftAreSharedEvenly() throws {
    try expect("seq 10 | brood run -j 3 -X -- echo", prints: "1 2 3 4\n5 6 7 8\n9 10\n")
    try expect("seq 10 | brood run -j 2 -X -n 3 -- echo", prints: "1 2 3\n4 5 6\n7 8 9\n10\n")
  }

  /// A quarter of the stack is for words and environment, and a word has its own limit.
  @Test(arguments: ["sh", "sh x{}", "sh x{+}"])
  func noMoreInputsGoToACallThanFit(_ words: String) throws {
    let count = words == "sh x{+}" ? "$(echo $1 | wc -w)" : "$#"
    try expect(
      """
      ulimit -s 2048
      seq 60000 | brood run -j 2 -X -- sh -c 'echo \(count)' \(words) > counts
      awk '{ sum += $1 } END { print sum, (NR > 2 ? "several calls" : NR) }' counts
      """, prints: "60000 several calls\n")
  }

  @Test func aJournalKnowsEachInput() throws {
    try expect(
      """
      seq 5 | brood run -j 1 -n 2 --journal j -- echo >/dev/null
      grep -c '"event":"ended"' j
      seq 8 | brood run -j 1 -n 2 --journal j --rerun missing -- echo 2>/dev/null
      """, prints: "5\n6 7\n8\n")
  }

  @Test func aPartThatACallLacksIsItsError() throws {
    let output = try bash("brood run -j 1 -n 2 -- echo {2}-{1} ::: a b c")
    #expect(output.standardOutput == "b-a\n")
    #expect(output.status == .exited(1))
    #expect(output.standardError.contains("there is no {2}"), "\(output.standardError)")
  }

  // MARK: Habits

  @Test(arguments: [
    ("-P4", "-j"), ("-P 4", "-j"), ("-k", "order"), ("-I @", "{}"), ("-I@", "{}"), ("-i", "{}"),
    ("-a one", "--file"), ("-L 1", "--max-inputs"), ("--bar", "--progress"),
  ])
  func habitsOfXargsAndParallelAreMet(_ flag: String, _ remedy: String) throws {
    let output = try bash("brood run \(flag) -- echo ::: a")
    #expect(output.status == .exited(2))
    #expect(output.standardError.contains(remedy), "\(output.standardError)")
    #expect(output.standardError.split(separator: "\n").count <= 2)
  }
}
