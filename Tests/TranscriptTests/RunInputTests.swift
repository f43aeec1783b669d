import Foundation
import TestSupport
import Testing

/// Inputs of `brood run`: tables, other ends, several to a call.
@Suite("Inputs of runs") struct RunInputTests {
  private func expect(_ script: String, prints expected: String) throws {
    let output = try runBash(script, within: .seconds(20))
    #expect(output.standardOutput == expected, "\(script): \(output.standardError)")
  }

  /// Each byte comes in a read of its own.
  private static let feed = """
    feed() { python3 -c '
    import os, sys
    for byte in sys.argv[1].encode().decode("unicode_escape").encode("latin-1"):
      os.write(1, bytes([byte]))' "$1"; }

    """

  @Test func inputThatComesByteByByte() throws {
    try expect(
      RunInputTests.feed + "feed 'a::b:::c:' | brood run -j 1 -d :: -- printf '[%s]'",
      prints: "[a][b][:c:]")
    try expect(
      RunInputTests.feed
        + "feed 'n,m\\r\\n\"x\\n\"\"y\",z\\r\\n' | brood run --csv-in --header -- printf '%s|' {m} {n}",
      prints: "z|x\n\"y|")
  }

  @Test func columnsOfAnyBytes() throws {
    try expect(
      "printf 'a\\377b\\tc\\n' | brood run -C '\\t' -- printf '%s' {2}{1} | od -An -tx1",
      prints: " 63 61 ff 62\n")
  }

  @Test func shortFlagsHaveLongOnes() throws {
    try expect(
      """
      seq 3 | brood run -j1 -n 2 -- echo; seq 3 | brood run --jobs 1 --max-inputs 2 -- echo
      seq 3 | brood run -j1 -X -- echo; seq 3 | brood run -j1 --fill -- echo
      seq 3 | brood run -j1 -s 9 -- echo; seq 3 | brood run -j1 --max-chars 9 -- echo
      """, prints: "1 2\n3\n1 2\n3\n1 2 3\n1 2 3\n1 2\n3\n1 2\n3\n")
  }

  @Test func filesOneAfterTheOtherHaveOneHeader() throws {
    try expect(
      """
      printf 'a,b\\n1,2\\n' > x; printf 'a,b\\n3,4\\n' > y; printf 'c\\n5\\n' > z
      brood run -C , --header --file x --file y -- echo {b}{a}
      brood run -C , --header --file x --file z -- echo {a} 2>&1 | grep -o 'the header.*'
      """, prints: "21\n43\nthe header of 'z' differs from that of 'x'\n")
  }

  /// The limit of the stack is lower when the second call begins, so that it is too long.
  @Test func aCallThatIsTooLongIsHalved() throws {
    try expect(
      """
      ulimit -S -s 8192
      word=$(printf 'x%.0s' $(seq 1000))
      { echo first; seq -f "$word%g" 600; } > list
      brood run -j 1 -n 300 -- sh -c '
        case $1 in first) prlimit --pid $PPID --stack=524288:;; esac; echo $#' sh < list |
        awk '{ n += $1; if ($1 < 300) halves++ } END { print n, (halves > 2) }'
      """, prints: "601 1\n")
  }

  @Test func skippedInputsAreNotWaitedForInVain() throws {
    try expect(
      "{ seq 5; sleep 0.1; seq 6 7; } | brood run -j 1 --skip 5 -X -- echo", prints: "6 7\n")
  }
}
