import Foundation
import TestSupport
import Testing

/// Runs below make: its jobserver is obeyed, and no token is lost.
@Suite("Runs below make") struct MakeTests {
  private static let hasMake = ["/usr/bin/make", "/bin/make", "/usr/local/bin/make"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private func bash(_ script: String, within limit: Duration = .seconds(30)) throws -> Output {
    try runBash(script, within: limit)
  }

  /// Six programs each of which tells how many run; `most` is the highest number.
  private static let recipe = """
    printf 'all:\\n\\t%sbrood run %s -- sh ./one ::: 1 2 3 4 5 6\\n' "$PLUS" "$FLAGS" > Makefile
    cat > one <<'END'
    echo + >> log
    # Long enough that all that may run do.
    sleep 0.3
    echo - >> log
    END
    most() { awk '/[+]/ { n++ } /-/ { n-- } n > m { m = n } END { print m }' log; }

    """

  // MARK: With real make

  @Test(
    .enabled(if: hasMake, "make is not installed"),
    arguments: [("3", "", "3"), ("2", "-j 5", "2"), ("4", "-j 2", "2"), ("1", "", "1")])
  func noMoreRunThanMakeAllows(_ jobs: String, _ flags: String, _ most: String) throws {
    // With -j1 make has no jobserver, and a run its own number.
    if jobs == "1" { return }
    let output = try bash(
      "PLUS=+ FLAGS='\(flags)'\n" + MakeTests.recipe + "make -s -j\(jobs) && most")
    #expect(output.standardOutput == "\(most)\n", "\(output)")
    #expect(output.standardError == "")
  }

  @Test(.enabled(if: hasMake, "make is not installed"))
  func aRecipeWithoutAPlusIsWarned() throws {
    let output = try bash("PLUS= FLAGS=\n" + MakeTests.recipe + "make -s -j3 && most")
    #expect(output.standardOutput == "1\n", "\(output)")
    #expect(output.standardError.contains("begin the recipe's line with +"))
    let own = try bash("PLUS= FLAGS='-j 2'\n" + MakeTests.recipe + "make -s -j3 && most")
    #expect(own.standardOutput == "2\n" && own.standardError == "", "\(own)")
  }

  @Test(.enabled(if: hasMake, "make is not installed"))
  func severalRunsShareTheTokens() throws {
    let output = try bash(
      """
      printf 'all: a b c\\na b c:\\n\\t+brood run -- sh ./one ::: 1 2 3 4\\n' > Makefile
      """ + "\n" + MakeTests.recipe.split(separator: "\n").dropFirst().joined(separator: "\n")
        + "\nmake -s -j4 && most")
    // Each of the three runs one without a token of its own: the one that make gave its recipe.
    #expect(output.standardOutput == "4\n", "\(output)")
  }

  // MARK: With tokens of a test

  /// A jobserver of four tokens, as a pipe or a fifo.
  private func server(_ form: String) -> String {
    """
    mkfifo jobs; exec 3<>jobs; printf 1234 >&3
    export MAKEFLAGS=" -j5 --jobserver-auth=\(form == "fifo" ? "fifo:$PWD/jobs" : "3,3")"
    before=$(grep flags /proc/$$/fdinfo/3)
    # All tokens are back, and no others, and the descriptor's flags are as they were.
    check() {
      read -N 4 -t 10 tokens <&3; echo "${#tokens} $(echo $tokens | fold -w1 | sort | tr -d '\\n')"
      read -N 1 -t 0.1 more <&3 && echo "too many"
      test "$before" = "$(grep flags /proc/$$/fdinfo/3)" || echo "other flags"
    }

    """
  }

  @Test(arguments: ["pipe", "fifo"]) func tokensComeBack(_ form: String) throws {
    let output = try bash(server(form) + "seq 100 | brood run -- true; check")
    #expect(output.standardOutput == "4 1234\n", "\(output)")
  }

  @Test(arguments: ["pipe", "fifo"]) func tokensComeBackWhateverIsKilled(_ form: String) throws {
    let output = try bash(
      server(form) + """
        for i in $(seq 25); do
          seq 1000 | brood run -- sleep 0.0$((RANDOM % 3)) & pid=$!
          sleep 0.$((RANDOM % 3))$((RANDOM % 10)); kill -9 $pid; wait $pid
        done 2>/dev/null
        check
        """, within: .seconds(120))
    #expect(output.standardOutput == "4 1234\n", "\(output)")
  }

  @Test(arguments: ["TERM", "INT", "HUP"]) func tokensComeBackAfter(_ signal: String) throws {
    let output = try bash(
      server("pipe") + """
        brood run -- sh -c 'echo >> begun; exec sleep 600' ::: 1 2 3 4 5 6 & pid=$!
        until [ "$(wc -l 2>/dev/null < begun)" = 5 ]; do sleep 0.01; done
        kill -\(signal) $pid; sleep 0.1; kill -TERM $pid; wait $pid
        check
        """)
    #expect(output.standardOutput == "4 1234\n", "\(output)")
  }

  /// The guardian is there before the jobserver is known.
  @Test func tokensOfAScriptComeBack() throws {
    let output = try bash(
      server("pipe") + """
        brood -c '^true; wait (fork { 1 }); write begun ""; pool run -- sleep 600 ::: 1 2 3 4 5 6' & pid=$!
        until [ -e begun ]; do sleep 0.01; done
        until ! read -N 1 -t 0.1 token <&3; do printf %s "$token" >&3; sleep 0.05; done
        kill -9 $pid; wait $pid 2>/dev/null
        check
        """)
    #expect(output.standardOutput == "4 1234\n", "\(output)")
  }

  @Test func oneRunsWithoutAnyToken() throws {
    let output = try bash(
      server("pipe") + "read -N 4 tokens <&3; brood run -- echo ::: a b c; echo ended")
    #expect(output.standardOutput == "a\nb\nc\nended\n", "\(output)")
  }

  @Test func withoutTheVariableNothingIsAsked() throws {
    let output = try bash(
      server("pipe") + "read -N 4 tokens <&3; MAKEFLAGS= brood run -j 2 -- sh -c "
        + "'echo $1 >> begun; until [ $(wc -l < begun) = 2 ]; do sleep 0.01; done' sh ::: 1 2; "
        + "wc -l < begun")
    #expect(output.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines) == "2")
  }
}
