import Foundation
import TestSupport
import Testing

/// How allocations of Slurm end, whatever comes between.
@Suite(.enabled(if: Cluster.hasSlurm, "there is no Slurm (scripts/setup --tests=cluster)"))
struct FarSlurmEndTests {
  /// A job that is requeued begins again, and its journal knows what was done.
  @Test func aRequeuedJobGoesOnByItsJournal() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      #"""
      cat > job <<'END'
      #!/bin/bash
      echo "restart ${SLURM_RESTART_COUNT:-0}" >> log
      "$BROOD" run --slurm --journal done --rerun missing -- sh -c '
        echo "$1" >> begun
        sleep 0.4
        echo "result $1"' sh {} ::: $(seq 30)
      echo "status $?" >> log
      END
      sbatch -Q -N 2 --ntasks-per-node 2 --no-kill --requeue -o out --open-mode append job
      until [ "$(wc -l < begun)" -ge 8 ]; do sleep 0.1; done 2>/dev/null
      scontrol requeue 1
      # It would wait for two minutes. In the second of the requeue its nodes refuse it, and it ends.
      until [ "$(squeue -h -o %T)" = PENDING ] && scontrol update JobId=1 StartTime=now+5; do
        sleep 0.1
      done
      until grep -A 9 'restart 1' log | grep -q status || [ "$SECONDS" -gt 200 ]; do sleep 0.1; done
      cat log out slurmctld.log node*/slurmd.log >&2
      grep restart log
      grep -A 9 'restart 1' log | grep status
      grep '^result' out | sort | uniq -c | awk '{ n++; if ($1 > 1) d++ } END { print "results", n, (d > 4) }'
      # Four at a time: Slurm ends each process by itself, and sleep may be gone before its shell.
      [ "$(wc -l < begun)" -le 34 ] && echo "begun again: what was in hand"
      until left=$(squeue -h) && [ -z "$left" ] || [ "$SECONDS" -gt 200 ]; do sleep 0.1; done
      echo "left: $(squeue -h -o '%i %T')"
      """#, within: .seconds(300))
    #expect(
      output.standardOutput == """
        restart 0
        restart 1
        status 0
        results 30 0
        begun again: what was in hand
        left: 

        """, "\(output.standardError)")
  }

  /// A session that waits for an allocation takes its request along, however it ends.
  @Test func aRequestEndsWithItsSession() throws {
    let output = try Cluster.run(
      hosts: 1, slurm: true,
      """
      # Jobs in the background do not ignore INT then.
      set -m
      salloc -Q --no-shell -N 1 -n 2
      for signal in INT TERM HUP KILL; do
        "$BROOD" -c '
          pool new far --slurm --allocate "-n 2"
          print granted
        ' 2> "err.$signal" &
        session=$!
        until [ "$(squeue -h | wc -l)" = 2 ]; do sleep 0.1; done
        until grep -q 'pool new: salloc: ' "err.$signal"; do sleep 0.1; done
        kill "-$signal" "$session"
        wait "$session"
        until [ "$(squeue -h -o %i)" = 1 ]; do sleep 0.1; done
        echo "$signal: gone"
      done
      """, within: .seconds(240))
    #expect(
      output.standardOutput == "INT: gone\nTERM: gone\nHUP: gone\nKILL: gone\n",
      "\(output.standardError)")
  }

  /// The guardian is killed as well: a process beside them cancels, and the agents would.
  @Test func anAllocationEndsWithItsSessionAndGuardian() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      "$BROOD" -c '
        pool new far --slurm --nodes 2
        print (pool map { |x| $x } 1..4)
        pool submit { sleep 1h }
        write ready ""
        sleep 1h
      ' 2>/dev/null &
      session=$!
      until [ -e ready ]; do sleep 0.1; done
      # Of the session's children all that are no launchers.
      kill -KILL "$session" $(pgrep -P "$session" -x brood)
      until left=$(squeue -h) && [ -z "$left" ] || [ "$SECONDS" -gt 150 ]; do sleep 0.1; done
      echo "left: $(squeue -h -o '%i %T')"
      until ! pgrep -f 'brood --wor[k]er' >/dev/null || [ "$SECONDS" -gt 180 ]; do sleep 0.1; done
      pgrep -fc 'brood --wor[k]er'
      """, within: .seconds(240))
    #expect(output.standardOutput == "[1, 2, 3, 4]\nleft: \n0\n", "\(output.standardError)")
  }

  /// A node that loses its power between the grant and its first agent is told with what srun says, and
  /// the others do its work; it is given up when Slurm has taken it out, all when the allocation has ended.
  @Test func aNodeThatDiesBeforeItsAgentIsTold() throws {
    let isLong = Program.runsLongTests
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      mv bin/srun bin/srun.slurm
      cat > bin/srun <<'END'
      #!/bin/bash
      case " $* " in *" -w node2 "*) [ -e died ] || { touch died; kill -KILL "$(cat "$CLUSTER/node2/pid")"; } ;; esac
      exec "$CLUSTER/bin/srun.slurm" "$@"
      END
      chmod +x bin/srun
      "$BROOD" -c '
        pool new far --slurm --nodes 2
        let began = now
        fn state(i) { (pool info far).hosts[$i].state }
        print (pool map { |x| $x * 2 } 1..3)
        while not (starts-with (state 1) lost) { sleep 50ms }
        print (state 1) ((now) - $began < 60s)
        if $env.LONG == "1" {
          while not (contains (state 1) "no step in this allocation") { sleep 100ms }
          print (pool map { |x| $x * 2 } 1..3)
          ^scancel 1
          let ended = now
          try { while true { pool map { sleep 50ms } 1..2 } } catch e { print $e.message ((now) - $ended < 30s) }
        }
      ' 2> err
      cat err >&2
      until left=$(squeue -h) && [ -z "$left" ] || [ "$SECONDS" -gt 200 ]; do sleep 0.1; done
      echo "left: $(squeue -h -o '%i %T')"
      """, environment: ["LONG": isLong ? "1" : "0"], within: .seconds(300))
    let lines = output.standardOutput.split(separator: "\n")
    // By the moment of its death srun finds no connection, or one without an answer.
    let reason = /srun: exit [0-9]+: srun: error: Application launch failed: [A-Z][A-Za-z ]+/
    let told = "\(output.standardOutput)\(output.standardError)"
    try #require(lines.count >= 2, "\(told)")
    #expect(lines[0] == "[2, 4, 6]", "\(told)")
    #expect(lines[1].hasPrefix("lost: srun: ") && lines[1].hasSuffix(" true"), "\(told)")
    #expect(lines[1].contains(reason), "\(told)")
    #expect(output.standardError.contains("pool far: node2: srun: exit "), "\(told)")
    #expect(output.standardError.contains("; trying again"), "\(told)")
    #expect(lines.last == "left: ")
    if !isLong { return }
    try #require(lines.count == 5, "\(output.standardOutput)\(output.standardError)")
    #expect(lines[2] == "[2, 4, 6]")
    #expect(lines[3].contains("node2: srun: ") && lines[3].contains("no step in this allocation"))
    #expect(lines[3].hasSuffix(" true"))
  }

  /// An allocation that is not the session's own may have been made without --no-kill.
  @Test func thatAnAllocationMayEndWithOneNodeIsTold() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      salloc -Q -N 2 --no-kill bash -c '
        "$BROOD" -c "
          pool new far --slurm
          while (pool info far).size < 2 { pool map { sleep 20ms } 1..8 }
          write ready \\"\\"
          while not (exists \\"stop\\") { pool map { sleep 50ms } 1..8 }
        "
      ' 2> err &
      session=$!
      until [ -e ready ]; do sleep 0.1; done
      kill -KILL $(pgrep -f '[s]run.*-w node2')
      until grep -q 'node2 is lost' err; do sleep 0.1; done
      touch stop
      wait "$session"
      grep -c 'made without --no-kill' err
      """, environment: ["BROOD_TEST_FAR_SPEED": "3"], within: .seconds(240))
    #expect(output.standardOutput == "1\n", "\(output.standardError)")
  }
}
