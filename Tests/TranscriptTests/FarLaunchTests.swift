import Foundation
import TestSupport
import Testing

/// How agents are started: how many at a time, when again, by which launcher, as which user.
@Suite struct FarLaunchTests {
  /// Runs a script where `ssh` is a program of the test; times are ten times shorter.
  private func run(ssh: String, _ script: String) throws -> (output: Output, TemporaryDirectory) {
    let place = try TemporaryDirectory()
    let path = "\(place.path)/bin/ssh"
    try FileManager.default.createDirectory(
      atPath: "\(place.path)/bin", withIntermediateDirectories: true)
    try place.write("#!/bin/sh\n\(ssh)\n", to: "bin/ssh")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["BROOD_TEST_FAR_SPEED"] = "10"
    environment["PATH"] = "\(place.path)/bin:\(environment["PATH"] ?? "")"
    let output = try TestSupport.run(
      Program.brood, ["-c", script], environment: environment, directory: place.path,
      within: .seconds(120))
    return (output, place)
  }

  @Test func atMostEightAreStartedAtATime() throws {
    let (output, place) = try run(
      ssh: """
        echo "$$" >> started
        # Until some are ready, nothing comes of the others.
        until [ -e go ]; do sleep 0.02; done
        exec "$BROOD" --worker
        """,
      """
      let hosts = map 1..12 { |n| "1/host$n" }
      pool new far --via "ssh:${(join $hosts ',')}"
      fn started() { len (try { lines (read started) } catch e { [] }) }
      while (started) < 8 { sleep 20ms }
      # All that are started at once are children by now.
      print (^pgrep -c -x -P $pid ssh)
      write go ""
      while (pool info far).size < 12 { sleep 20ms }
      print (started) (len (unique (map (pool info far).hosts { |h| $h.state })))
      """)
    #expect(output.standardOutput == "8\n12 1\n", "\(output.standardError)")
    _ = place
  }

  @Test func aHostIsTriedAgainLaterAndLater() throws {
    let (output, place) = try run(
      ssh: """
        date +%s%N >> started
        [ "$(wc -l < started)" -ge 5 ] && exec "$BROOD" --worker
        echo "not yet" >&2
        exit 255
        """,
      """
      pool new far --via ssh:1/host
      print (pool map { |x| $x } 1..2)
      """)
    #expect(output.standardOutput == "[1, 2]\n", "\(output.standardError)")
    #expect(output.standardError.contains("host: ssh: exit 255: not yet"))
    let text = try String(contentsOfFile: "\(place.path)/started", encoding: .utf8)
    let times = text.split(separator: "\n").compactMap { Double($0) }.map { $0 / 1e9 }
    #expect(times.count == 5)
    for (index, (first, next)) in zip(times, times.dropFirst()).enumerated() {
      #expect(next - first >= 0.1 * Double(1 << index), "\(times)")
    }
  }
}

/// The same on hosts.
@Suite(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
struct FarLauncherTests {
  /// A launcher that brings a program into namespaces of its own, as one of containers does.
  private static let podman = #"""
    cat > bin/podman <<'END'
    #!/bin/sh
    [ "$1 $2 $3" = "exec -i box" ] || exit 125
    shift 3
    exec nsenter --target "$(pgrep -P "$(cat "$CLUSTER/node1/pid")")" --pid --mount --uts -- \
      env -i HOME="$CLUSTER/node1/home" PATH="$CLUSTER/node1/bin:/usr/bin:/bin" "$@"
    END
    chmod +x bin/podman

    """#

  @Test func anyLauncherConnectsAnAgent() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.podman + """
        "$BROOD" -c '
          pool new far 2 --via "podman exec -i box"
          print (pool map { |x| $x * 2 } 1..3) (unique (pool map { (^hostname) } 1..4))
          let h = (pool info far).hosts[0]
          print $h.host $h.state
          pool submit { ^sleep 777 }
          while (pool info far).busy < 1 { sleep 20ms }
          write ready ""
          sleep 1h
        ' &
        session=$!
        until [ -e ready ] && ssh node1 'pgrep -x sleep' >/dev/null; do sleep 0.05; done
        kill -KILL "$session"
        until ! ssh node1 'pgrep -x "brood|sleep"' >/dev/null; do sleep 0.1; done
        echo "nothing is left there"
        "$BROOD" run --via "podman exec -i box" -- sh -c 'echo "$1 on $(hostname)"' sh ::: 1
        """)
    #expect(
      output.standardOutput == """
        [2, 4, 6] ["node1"]
        podman ready
        nothing is left there
        1 on node1

        """, "\(output.standardError)")
  }

  /// It has no brood: that is told, and `--install` brings one, which is found without it later.
  @Test func theProgramGoesThereByAnyLauncher() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.podman + """
        rm node1/bin/brood
        try() { "$BROOD" run --via "$1" ${2-} -- sh -c hostname sh ::: x; echo "status $?"; }
        try "podman exec -i box"
        try "podman exec -i box" --install
        try ssh:1/node1
        ls node1/home/.cache/brood/*/brood | wc -l
        """, within: .seconds(120))
    #expect(
      output.standardOutput == """
        status 1
        node1
        status 0
        node1
        status 0
        1

        """, "\(output.standardError)")
    #expect(output.standardError.contains("exit 127"))
  }

  /// Another user, who has neither the session's home nor its rights, and another port.
  @Test func otherUsersAndPorts() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      # Where all may read it.
      for node in node1 node2; do
        rm "$node/bin/brood"
        cp "$(readlink -f "$BROOD")" "$node/bin/brood"
      done
      "$BROOD" -c '
        pool new far --cwd /tmp --via ssh:1/guest@node1:2222,1/node1:2222,1/guest@node2
        while (pool info far).size < 3 { pool map { sleep 20ms } 1..6 }
        let places = pool map { |x| sleep 100ms; "${(^id -un)} ${(^hostname)} ${(pwd)}" } 1..12
        print ...(sort (unique $places))
        print (map (pool info far).hosts { |h| [$h.host, $h.state] })
      '
      "$BROOD" run --via ssh:guest@node2:2222 --cwd /tmp --send note --fetch note.guest -- \\
        sh -c 'cat note > note.guest; id -un' ::: 1 2>&1 | sed 's/^/first: /'
      echo "$PWD" > note
      "$BROOD" run --via ssh:guest@node2:2222 --cwd /tmp --send note --fetch note.guest -- \\
        sh -c 'cat note > note.guest; id -un' ::: 1
      cmp note note.guest && echo fetched
      """)
    #expect(
      output.standardOutput.hasPrefix(
        """
        guest node1 /tmp guest node2 /tmp root node1 /tmp
        [["guest@node1:2222", "ready"], ["node1:2222", "ready"], ["guest@node2", "ready"]]

        """), "\(output.standardOutput)\(output.standardError)")
    #expect(
      output.standardOutput.hasSuffix("guest\nfetched\n"),
      "\(output.standardOutput)\(output.standardError)")
  }

  /// IPv6 addresses stand in brackets where a port follows; a launcher may be any that connects.
  @Test func addressesWithColons() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      key=$(cut -d' ' -f1,2 host_key.pub)
      for name in fd00::1 fd00::2 '[fd00::1]:2222' '[fd00::2]:2222'; do echo "$name $key" >> known_hosts; done
      ssh -o BatchMode=yes fd00::1 true || { echo "no IPv6"; exit; }
      rm node2/bin/brood
      cp "$(readlink -f "$BROOD")" node2/bin/brood
      "$BROOD" -c '
        pool new far --cwd /tmp --via "ssh:1/[fd00::1]:22,1/root@[fd00::1]:2222,1/fd00::2,1/guest@[fd00::2]:2222"
        while (pool info far).size < 4 { pool map { sleep 20ms } 1..8 }
        print (map (pool info far).hosts { |h| [$h.host, $h.state] })
        let places = pool map { |x| sleep 200ms; "${(^id -un)} ${(^hostname)}" } 1..16
        print (sort (unique $places))
      '
      """)
    if output.standardOutput == "no IPv6\n" { return }
    #expect(
      output.standardOutput == """
        [["[fd00::1]:22", "ready"], ["root@[fd00::1]:2222", "ready"], ["fd00::2", "ready"], \
        ["guest@[fd00::2]:2222", "ready"]]
        ["guest node2", "root node1", "root node2"]

        """, "\(output.standardError)")
  }
}
