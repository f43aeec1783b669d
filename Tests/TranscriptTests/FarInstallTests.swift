import Foundation
import TestSupport
import Testing

/// `--install`: the program goes to hosts that have none, whole or not at all.
@Suite(.enabled(if: Cluster.hasNetworks, "needs a home for each host"))
struct FarInstallTests {
  private func run(_ commands: String) throws -> Output {
    try Cluster.run(
      hosts: 1,
      """
      rm node1/bin/brood
      install() { "$BROOD" run --via ssh:1/node1 --install -- echo ::: "$1"; echo "status $?"; }
      put() { (cd node1/home/.cache/brood && stat -c '%a %n' */* | sed 's/[0-9a-f]\\{16\\}/HASH/'); }

      """ + commands, within: .seconds(120))
  }

  @Test func itIsPutThereOnce() throws {
    let output = try run(
      """
      install first
      put > one
      stat -c %i node1/home/.cache/brood/*/brood > inode
      install second
      stat -c %i node1/home/.cache/brood/*/brood | cmp - inode && put | cmp - one && echo once
      sed 's/[0-9]*\\.[0-9]*\\.[0-9]*-/VERSION-/' one
      # What is there is this very program.
      cmp "$BROOD" node1/home/.cache/brood/*/brood && echo same
      """)
    #expect(
      output.standardOutput == """
        first
        status 0
        second
        status 0
        once
        700 VERSION-HASH/brood
        same

        """, "\(output.standardError)")
  }

  /// - Parameter break: what is wrong on the host.
  @Test(arguments: [
    (
      "printf '#!/bin/sh\\necho Linux armv7l\\n' > node1/bin/uname; chmod +x node1/bin/uname",
      "and that machine is Linux armv7l: install brood there"
    ),
    (
      "printf '#!/bin/sh\\necho 00 x\\n' > node1/bin/sha256sum; chmod +x node1/bin/sha256sum",
      "brood cannot be put there: damaged"
    ),
    ("ssh node1 'mount --bind /dev/null /usr/bin/sha256sum'", "no sha256sum"),
    (
      "ssh node1 'mkdir -p .cache/brood && mount -t tmpfs -o noexec none .cache/brood'",
      "brood cannot be put there: noexec"
    ),
    (
      "ssh node1 'mkdir -p .cache/brood && mount -t tmpfs -o size=1m none .cache/brood'",
      "brood cannot be put there: no room"
    ),
    ("ssh node1 'mkdir .cache; touch .cache/brood'", "brood cannot be put there: no folder"),
  ]) func whyItCannotBeIsTold(_ cause: String, _ reason: String) throws {
    let output = try run(
      """
      \(cause)
      install x
      ssh node1 'find .cache -name "new.*" | wc -l'
      """)
    #expect(output.standardOutput == "status 1\n0\n", "\(output.standardError)")
    #expect(output.standardError.contains("node1: ") && output.standardError.contains(reason))
  }
}
