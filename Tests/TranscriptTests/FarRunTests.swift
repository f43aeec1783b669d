import Foundation
import TestSupport
import Testing

/// Runs on other machines: journals, results, progress, drains, questions, refusals.
@Suite(.enabled(if: Cluster.hasHosts, "there is no sshd (scripts/setup --tests=cluster)"))
struct FarRunTests {
  @Test(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
  func aJournalThatWasBegunOnOneHostEndsOnAnother() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      run() { # run HOST
        exec "$BROOD" run --via "ssh:2/$1" --env CLUSTER --journal jobs --rerun missing -- \\
          sh -c 'sleep 0.1 && echo "$1" >> "$CLUSTER/done" && echo "$1"' sh {} ::: $(seq 40)
      }
      export CLUSTER
      (run node1 | cat >> out) 2>/dev/null &
      until [ "$(wc -l < done)" -ge 10 ]; do sleep 0.02; done 2>/dev/null
      kill -KILL "$(pgrep -f '[b]rood run --via ssh:2/node1')"
      wait
      (run node2 | cat >> out)
      sort -n out | uniq -c | awk '{ n++; if ($1 > 1) d++ } END { print n + 0, d + 0 }'
      # Those that were in hand when the session was killed were run twice; none else.
      sort -n done | uniq -c | awk '{ n++; if ($1 > 1) d++ } END { print n + 0, (d + 0 <= 4) }'
      """, environment: ["BROOD_TEST_FAR_SPEED": "5"])
    #expect(output.standardOutput == "40 0\n40 1\n", "\(output.standardError)")
  }

  @Test func resultsAndRecordsAreAsHere() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      "$BROOD" run --via ssh:2/node1 --results res -- sh -c 'echo "out $1"; echo "err $1" >&2' sh {} \\
        ::: a b >/dev/null 2>&1
      cat res/00001-a-*/stdout res/00002-b-*/stderr
      grep -o '"host":"[a-z0-9]*"' res/00001-a-*/record.json
      "$BROOD" run --via ssh:2/node1 --results {1}.d -- echo {} ::: a b >/dev/null
      cat a.d/stdout b.d/stdout
      "$BROOD" run --via ssh:2/node1 --tag --line -- echo {} ::: a
      "$BROOD" run --via ssh:2/node1 --csv -- echo {} ::: a | head -1 | cut -d, -f1-5
      """)
    #expect(
      output.standardOutput == """
        out a
        err b
        "host":"node1"
        a
        b
        a\ta
        index,key,item,pid,host

        """, "\(output.standardError)")
  }

  @Test func usr1TellsHowFarItIs() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      "$BROOD" run --via ssh:1/node1 -- sh -c 'until [ -e "$1" ]; do sleep 0.05; done; echo "$1"' sh {} \\
        ::: a b 2> err &
      run=$!
      touch a
      until ssh node1 pgrep -f "'sh b'" >/dev/null; do sleep 0.05; done
      kill -USR1 "$run"
      until grep -q . err; do sleep 0.05; done
      touch b
      wait "$run"
      cat err
      """)
    #expect(output.standardOutput.hasPrefix("a\nb\npool run: "), "\(output.standardError)")
    #expect(output.standardOutput.contains("1"))
  }

  /// Tasks that end only when so many run at the same time.
  @Test func jobsAreForEachHost() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      meet() { # meet NUMBER INPUTS FLAGS...
        local number=$1 inputs=$2
        shift 2
        rm -rf here && mkdir here
        "$BROOD" run "$@" --timeout 30s -- sh -c '
          touch "$2/here/$1"
          until [ "$(ls "$2/here" | wc -l)" -ge "$3" ]; do sleep 0.05; done
          ' sh {} "$PWD" "$number" ::: $(seq "$inputs")
        echo "$number: $?"
      }
      meet 4 4 --via ssh:node1,node2 -j 2
      meet 3 3 --via ssh:1/node1,node2 -j 2
      echo 1 > jobs
      meet 2 2 --via ssh:node1,node2 -j ./jobs
      """, environment: ["BROOD_TEST_FAR_SPEED": "5"])
    #expect(output.standardOutput == "4: 0\n3: 0\n2: 0\n", "\(output.standardError)")
  }

  @Test func tasksThatNeedEachOtherRunThere() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      mkdir sub
      cat > build.tasks <<'END'
      [[name: b, run: 'echo "second $X"; basename "$PWD"; hostname', after: a, env: [X: "y z"], cwd: sub],
       [name: a, run: [echo, first]]]
      END
      "$BROOD" run --via ssh:2/node1 build.tasks
      "$BROOD" -c 'pool tasks [[name: a, run: pwd, cwd: nosuch]] --via ssh:1/node1'
      """)
    let host = Cluster.hasNetworks ? "node1" : ProcessInfo.processInfo.hostName
    #expect(output.standardOutput == "first\nsecond y z\nsub\n\(host)\n", "\(output.standardError)")
    #expect(output.standardError.contains("there is no directory 'nosuch' there"))
  }

  @Test func whatNeedsToBeHereIsRefused() throws {
    let place = try TemporaryDirectory()
    for flag in ["--tty", "--pipe", "--detach", "--load=2"] {
      let output = try run(
        Program.brood, ["run", "--via", "ssh:node1", flag, "--", "cat", ":::", "a"],
        environment: Program.environment(home: place.path), directory: place.path)
      #expect(output.status == .exited(125) || output.status == .exited(2))
      #expect(
        output.standardError.contains(
          "--via and \(flag.prefix { $0 != "=" }) cannot be used together"))
    }
  }

  // MARK: Hosts that are let go

  @Test(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
  func aHostIsDrained() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      "$BROOD" -c '
        pool new far --via ssh:2/node1,2/node2
        while (pool info far).size < 4 { pool map { sleep 20ms } 1..8 }
        let fs = map 1..4 { pool submit { sleep 1s; (^hostname) } }
        sleep 300ms
        pool drain node1
        print (unique (pool map { |x| sleep 30ms; (^hostname) } 1..12))
        print (unique (sort (map $fs { |f| pool result $f })))
        while (pool info far).hosts[0].state != "drained" { pool map { 1 } 1..2 }
        print (map (pool info far).hosts { |h| [$h.host, $h.state, $h.workers, $h.lost] })
        try { pool drain nodeX } catch e { print $e.kind $e.message }
        pool drain node2
        try { pool map { |x| $x } 1..3 } catch e { print $e.kind $e.message }
      '
      """)
    #expect(
      output.standardOutput == """
        ["node2"]
        ["node1", "node2"]
        [["node1", "drained", 0, 0], ["node2", "ready", 2, 0]]
        missing the pool 'far' has no host 'nodeX'
        failed no worker of the pool 'far' can start: node1: drained; node2: drained

        """, "\(output.standardError)")
  }

  /// Two hosts say one after the other that their time ends, and end.
  @Test(
    .enabled(if: Cluster.hasNetworks, "needs hosts that are apart"),
    arguments: ["block", "program"])
  func aTaskThatNeedsLongerThanTheAllocationIsNotTriedForEver(_ kind: String) throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      end_host() { # end_host NODE, which has the task
        ssh "$1" "pkill -USR1 -o -f 'brood --wor[k]er'"
        sleep 0.5
        ssh "$1" "pkill -KILL -o -f 'brood --wor[k]er'"
      }
      has_task() { ssh "$1" "pgrep -f 'sleep 7[7]'" >/dev/null; }
      (
        until has_task node1 || has_task node2; do sleep 0.1; done
        first=node1 second=node2
        has_task node1 || first=node2 second=node1
        sleep 2
        end_host "$first"
        until has_task "$second"; do sleep 0.1; done
        # More than half of the time that this host had, however slow all of this is.
        at=$SECONDS
        until ((SECONDS > 2 * at + 3)); do sleep 0.2; done
        end_host "$second"
      ) &
      if [ \(kind) = program ]; then
        "$BROOD" run --via ssh:1/node1,1/node2 -- sleep ::: 77
      else
        "$BROOD" -c '
          pool new far --via ssh:1/node1,1/node2
          pool apply { ^sleep 77 }
        '
      fi
      """, within: .seconds(150))
    #expect(output.standardError.contains("needs longer than the allocation"))
    #expect(output.standardError.contains("node1") && output.standardError.contains("node2"))
  }

  // MARK: Questions

  @Test(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
  func reportsTellOfProcessesThere() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      "$BROOD" -c '
        pool new far --via ssh:1/node1,1/node2
        while (pool info far).size < 2 { pool map { sleep 20ms } 1..4 }
        let fs = map 1..2 { pool submit { sleep 1h } }
        sleep 1500ms
        let rows = (ps |> filter { |r| $r.host != "control" })
        print (len ($rows |> filter { |r| $r.name == "brood" })) (len ($rows |> filter { |r| starts-with $r.name "worker" }))
        let w = (ps --host node1 |> filter { |r| starts-with $r.name "worker" })[0]
        print $w.host $w.waits
        print (why $w.pid --host node1)[0].verdict (why $w.name --host node1)[0].waits
        print (map (why $w.name) { |r| $r.host })
        try { why nosuch } catch e { print $e.message }
        try { why nosuch --host node2 } catch e { print $e.message }
        print (map (why) { |r| [$r.host, $r.waits] })
        print (unique (map (who tcp:22) { |r| $r.host }))
        try { ps --host nodeX } catch e { print $e.message }
        pool terminate
      '
      """)
    #expect(
      output.standardOutput == """
        2 2
        node1 sleep 1h
        waiting sleep 1h
        ["node1"]
        no process here or on the machines of pools is named 'nosuch'
        no process on node2 is named 'nosuch'
        [["node1", "sleep 1h"], ["node2", "sleep 1h"]]
        ["node1", "node2"]
        no pool has a machine 'nodeX' that is connected

        """, "\(output.standardError)")
  }

  /// A directory that is here alone: tasks fail with its name until the session leaves it.
  @Test(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
  func aDirectoryThatIsNotThereIsNamed() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      mkdir here
      mount -t tmpfs none here
      mkdir here/alone
      "$BROOD" -c '
        pool new far --via ssh:1/node1
        print (pool map { |x| $x } [1])
        cd here/alone
        try { pool map { |x| $x } [1] } catch e { print $e.kind $e.message }
        cd ../..
        print (pool map { |x| $x } [2])
      ' | sed "s,$CLUSTER,C,"
      """)
    #expect(
      output.standardOutput
        == "[1]\nmissing there is no directory 'C/here/alone' on node1\n[2]\n",
      "\(output.standardError)")
  }

  // MARK: What is refused

  @Test(.enabled(if: Cluster.hasNetworks, "needs a home for each host"))
  func keysAndVersionsThatDoNotFitAreNamed() throws {
    let output = try Cluster.run(
      hosts: 3,
      """
      # node1 has another key than the one that is known; node2 takes no key; node3 has an old brood.
      ssh-keygen -q -t ed25519 -N '' -f other
      sed -i "/^node1 /d" known_hosts
      echo "node1 $(cut -d' ' -f1,2 other.pub)" >> known_hosts
      rm node3/bin/brood
      printf '#!/bin/sh\\n[ "$1" = --wire ] && echo 1\\n' > node3/bin/brood
      chmod +x node3/bin/brood
      "$BROOD" run --via ssh:node1 -- true ::: 1
      echo "$?"
      "$BROOD" run --via ssh:node3 -- true ::: 1
      echo "$?"
      mv known_hosts other_hosts
      "$BROOD" run --via ssh:root@node2:2222 -- true ::: 1
      echo "$?"
      mv other_hosts known_hosts
      mv authorized_keys kept
      "$BROOD" run --via ssh:node2 -- true ::: 1
      echo "$?"
      """)
    #expect(output.standardOutput == "1\n1\n1\n1\n", "\(output.standardError)")
    let lines = output.standardError
    let failed = "ssh: exit 255: Host key verification failed"
    #expect(lines.contains("node1: \(failed); its key is another than the known one"))
    #expect(lines.contains("root@node2:2222: \(failed); its key is not known yet"))
    #expect(lines.contains("log in once by hand: ssh -p 2222 root@node2"))
    #expect(lines.contains("node3: the brood there speaks wire version 1, this one"))
    #expect(lines.contains("--install puts this one there"))
    #expect(lines.contains("node2: ssh: exit 255:") && lines.contains("Permission denied"))
    #expect(lines.contains("this must log in without a question first: ssh node2"))
    // Each is told once.
    #expect(lines.components(separatedBy: "Permission denied").count == 2)
  }
}
