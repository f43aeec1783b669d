import Foundation
import TestSupport
import Testing

/// `--results` and the keys of tasks: what a run has kept is never lost by a later one.
@Suite("Results that are kept") struct RunResultTests {
  private func expectOutput(
    _ expected: String, _ script: String, within limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let output = try runBash(script, within: limit)
    #expect(
      output.standardOutput == expected, "\(output.standardError)", sourceLocation: sourceLocation)
  }

  // MARK: Kept results

  @Test func anotherInputWithTheSameLettersHasItsOwnFolder() throws {
    try expectOutput(
      "a/b\na_b\n",
      """
      brood run --journal j --results r -- echo ::: a/b >/dev/null
      brood run --journal j --results r --rerun missing -- echo ::: a_b a/b >/dev/null 2>&1
      cat r/*/stdout | sort
      """)
  }

  @Test func longInputsThatBeginAlikeHaveTheirOwnFolders() throws {
    try expectOutput(
      "101 x1\n101 x2\n",
      """
      long=$(printf 'x%.0s' $(seq 100))
      show='echo "${#1} ${1: -2}"'
      brood run --journal j --results r -- bash -c "$show" bash ::: ${long}1 >/dev/null
      brood run --journal j --results r --rerun missing -- bash -c "$show" bash ::: \
        ${long}2 ${long}1 >/dev/null 2>&1
      cat r/*/stdout | sort
      """)
  }

  @Test func anotherCommandOnTheSameInputHasItsOwnFolder() throws {
    try expectOutput(
      "one a\ntwo a\n",
      """
      brood run --journal j --results r -- echo one ::: a >/dev/null
      brood run --journal j --results r --rerun missing -- echo two ::: a >/dev/null 2>&1
      cat r/*/stdout | sort
      """)
  }

  @Test func whatFailedBeforeIsKept() throws {
    try expectOutput(
      "first a\nfirst b\nfirst c\nsecond b\n",
      """
      go() { brood run -j 1 --journal j --results r "$@" >/dev/null 2>&1; }
      echo first > turn
      go -- sh -c 'echo "$(cat turn) $1"; test $1 != b' sh ::: a b c
      echo second > turn
      go --rerun failed -- sh -c 'echo "$(cat turn) $1"; test $1 != b' sh ::: c b a
      find r -name stdout -exec cat {} + | sort
      """)
  }

  @Test func poolMapKeepsThemToo() throws {
    try expectOutput(
      "one a/b\none a_b\ntwo a/b\ntwo a_b\n",
      """
      map() { brood -c "$1" >/dev/null 2>&1; }
      map 'pool map --journal j --results r { |x| print one $x } ["a/b"]'
      map 'pool map --journal j --results r --rerun missing { |x| print one $x } [a_b, "a/b"]'
      map 'pool map --journal j --results r --rerun missing { |x| print two $x } ["a/b", a_b]'
      cat r/*/stdout | sort
      """)
  }

  @Test func foldersHaveNumberInputAndKey() throws {
    let output = try runBash(
      """
      brood run --results r -- echo ::: a/b 'c d' >/dev/null
      brood -c 'pool map --results m { |x| $x } ["a/b", "c d"]'
      ls r m
      """, within: .seconds(20))
    let names = output.standardOutput.split(separator: "\n").filter { $0.first == "0" }
    #expect(names.count == 4, "\(output.standardOutput)\(output.standardError)")
    for name in names {
      #expect(name.wholeMatch(of: /0000(1-a_b|2-c_d)-[0-9a-f]{8}/) != nil, "\(name)")
    }
  }

  @Test(arguments: ["{#}", "{%}"]) func aNumberInTheCommandIsPartOfItsKey(_ place: String) throws {
    try expectOutput(
      "1 z\n2 a\n3 b\n",
      """
      go() { brood run -j 1 --journal j "$@" >/dev/null 2>&1; }
      go -- sh -c 'echo "$1" >> done; : "$2"' sh {} \(place) ::: a b
      rm done
      go --rerun missing -- sh -c 'echo "$1" >> done; : "$2"' sh {} \(place) ::: z a b
      cat -n done | tr -s ' \\t' ' ' | sed 's/^ //'
      """)
  }

  // MARK: While a task runs

  @Test func theOutputOfARunningTaskCanBeFollowed() throws {
    try expectOutput(
      "step 1\nafter the kill: step 1\n",
      """
      brood run --results r -- sh -c 'echo "step 1"; exec sleep 600' sh ::: a >/dev/null &
      until grep -qs "step 1" r/*/stdout; do sleep 0.01; done
      cat r/*/stdout
      kill -9 $!
      wait $! 2>/dev/null
      echo "after the kill: $(cat r/*/stdout)"
      """, within: .seconds(2))
  }

  @Test func theOutputOfARunningBlockCanBeFollowed() throws {
    try expectOutput(
      "step 1\n",
      """
      brood -c 'pool map --results r { |x| print "step 1"; ^sleep 600 } [a]' >/dev/null &
      until grep -qs "step 1" r/*/stdout; do sleep 0.01; done
      cat r/*/stdout
      kill -9 $!
      """, within: .seconds(2))
  }

  @Test(.enabled(if: canMount, "no user namespace: a small file system cannot be mounted"))
  func whatAFullDiskCutShortDidNotSucceed() throws {
    try expectOutput(
      "waits for room\nrecords of success: 0\nends of success: 0\n",
      """
      cat > inside <<'END'
      set -m
      mkdir small && mount -t tmpfs -o size=64k small small || exit 9
      brood run --journal j --results small/r -- head -c 300000 ::: /dev/zero >/dev/null 2>err &
      until grep -q "no room" err; do sleep 0.01; done
      echo "waits for room"
      kill -INT $!
      wait $!
      echo "records of success: $(cat small/r/*/record.json 2>/dev/null | grep -c '"ok": *true')"
      echo "ends of success: $(grep -c '"ok": *true' j)"
      END
      unshare -rm bash inside
      """, within: .seconds(8))
  }

  private static let canMount: Bool = {
    let output = try? runBash(
      "mkdir d; unshare -rm mount -t tmpfs -o size=64k d d && echo yes", within: .seconds(10))
    return output?.standardOutput == "yes\n"
  }()
}
