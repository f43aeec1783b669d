import Foundation
import TestSupport
import Testing

/// Over ssh, to hosts in namespaces of their own.
@Suite(.enabled(if: Cluster.hasHosts, "there is no sshd (scripts/setup --tests=cluster)"))
struct FarHostTests {
  @Test func aPoolHasWorkersOnEachHost() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      "$BROOD" -c '
        pool new far --via ssh:2/node1,1/node2
        print (pool map { |x| $x * 2 } 1..5)
        while (pool info far).size < 3 { pool map { sleep 20ms } 1..12 }
        print (len (unique (pool map { |x| sleep 100ms; "$pid ${(^hostname)}" } 1..12)))
        print (map (pool info far).hosts { |h| [$h.host, $h.state, $h.workers] })
      '
      """)
    #expect(
      output.standardOutput == """
        [2, 4, 6, 8, 10]
        3
        [["node1", "ready", 2], ["node2", "ready", 1]]

        """)
  }

  @Test func aLostConnectionCostsItsAttemptsOnly() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      "$BROOD" -c '
        pool new far --via ssh:1/node1,1/node2
        while (pool info far).size < 2 { pool map { sleep 20ms } 1..8 }
        let fs = map 1..2 { |x| pool submit { ^sh -c "until [ -e go ]; do sleep 0.1; done"; $x } }
        write ready ""
        print (map $fs { |f| pool result $f })
        print (map (pool info far).hosts { |h| [$h.host, $h.lost] })
      ' &
      session=$!
      until [ -e ready ] && ssh node2 'pgrep -f "[u]ntil"' >/dev/null; do sleep 0.05; done
      # It comes back after a second, and the task with it.
      before=$(ssh node2 'pgrep -d " " -x "brood|sh"')
      pkill -KILL -f '^/usr/bin/ssh .*-- node2 sh'
      until ! ssh node2 "kill -0 $before" 2>/dev/null; do sleep 0.1; done
      echo "nothing is left there"
      touch go
      wait "$session"
      """)
    #expect(
      output.standardOutput == """
        nothing is left there
        [1, 2]
        [["node1", 0], ["node2", 1]]

        """, "\(output.standardError)")
    #expect(output.standardError.contains("node2 is lost (ssh: ended by KILL); 1 task"))
  }

  @Test func aHostThatIsNotThereIsToldAndTheOthersDoItsWork() throws {
    let output = try Cluster.run(
      hosts: 1,
      """
      "$BROOD" -c '
        pool new far --via ssh:1/node1,1/nowhere.invalid
        print (pool map { |x| $x } 1..3)
      '
      """)
    #expect(output.standardOutput == "[1, 2, 3]\n")
    #expect(output.standardError.contains("nowhere.invalid"))
  }
}

/// On the nodes of a Slurm cluster.
@Suite(.enabled(if: Cluster.hasSlurm, "there is no Slurm (scripts/setup --tests=cluster)"))
struct FarSlurmTests {
  @Test func anAllocationIsAskedForAndCancelled() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      "$BROOD" -c '
        pool new far --slurm --nodes 2 --allocate "-t 5 --ntasks-per-node 2"
        print (pool map { |x| $x * 2 } 1..5)
        while (pool info far).size < 4 { pool map { sleep 20ms } 1..8 }
        print (map (pool info far).hosts { |h| [$h.host, $h.workers] })
      '
      # A job that is ended completes some time later, when its nodes have said that all is gone there.
      until left=$(squeue -h) && [ -z "$left" ] || [ "$SECONDS" -gt 120 ]; do sleep 0.1; done
      echo "left: $(squeue -h -o '%i %T')"
      """, within: .seconds(240))
    #expect(
      output.standardOutput == """
        [2, 4, 6, 8, 10]
        [["node1", 2], ["node2", 2]]
        left: 

        """, "\(output.standardError)")
  }

  /// As when the session's machine loses its power: nothing of it is left that could cancel.
  @Test func anAllocationEndsWithTheMachineOfItsSession() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      "$BROOD" -c '
        pool new far --slurm --nodes 2
        print (pool map { |x| $x } 1..4)
        pool submit { sleep 1h }
        while (pool info far).size < 2 { sleep 20ms }
        write ready ""
        sleep 1h
      ' 2>/dev/null &
      session=$!
      until [ -e ready ]; do sleep 0.1; done
      kill -KILL "$session" $(pgrep -f '[s]cancel -Q') $(pgrep -x srun)
      until left=$(squeue -h) && [ -z "$left" ] || [ "$SECONDS" -gt 150 ]; do sleep 0.1; done
      echo "left: $(squeue -h -o '%i %T')"
      pgrep -fc 'brood --wor[k]er'
      """, environment: ["BROOD_TEST_FAR_SPEED": "3"], within: .seconds(240))
    #expect(output.standardOutput == "[1, 2, 3, 4]\nleft: \n0\n", "\(output.standardError)")
  }

  /// One step of an allocation that is lost is begun again, and the allocation stays.
  @Test(arguments: [
    ("kill -KILL $(pgrep -f '[s]run.*-w node2')", "node2 is lost (srun: ended by KILL)"),
    // srun does not notice it at once.
    ("ssh node2 'pkill -KILL slurmstepd'", "node2 is lost ("),
  ]) func aLostStepCostsItsAttemptsOnly(_ cause: String, _ news: String) throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      "$BROOD" -c '
        pool new far --slurm --nodes 2
        while (pool info far).size < 2 { pool map { sleep 20ms } 1..8 }
        write ready ""
        while not (exists "stop") { pool map { sleep 50ms } 1..8 }
        print (map (pool info far).hosts { |h| [$h.host, $h.state] })
      ' 2> err &
      session=$!
      until [ -e ready ]; do sleep 0.1; done
      \(cause)
      until squeue -s -h -o %i | grep -q '^1\\.2$'; do sleep 0.1; done
      sleep 8
      touch stop
      wait "$session"
      grep -cF '\(news)' err
      """, environment: ["BROOD_TEST_FAR_SPEED": "3"], within: .seconds(240))
    #expect(
      output.standardOutput == """
        [["node1", "ready"], ["node2", "ready"]]
        1

        """, "\(output.standardError)")
  }

  /// What the allocation was made with is not this session's: nothing is asked for, nothing cancelled.
  @Test func inAnAllocationItsNodesAreUsed() throws {
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      salloc -Q -N 2 --no-kill bash -c '
        "$BROOD" -c "
          pool new far --slurm
          while (pool info far).size < 2 { pool map { sleep 20ms } 1..8 }
          print (pool map { |x| \\$x * 2 } 1..3) (map (pool info far).hosts { |h| \\$h.host })
          pool new one --slurm --nodes 1
          print (pool map --pool one { |x| \\$x } [1]) (len (pool info one).hosts)
        "
        squeue -h -o "%i %T"
      '
      """, within: .seconds(240))
    #expect(
      output.standardOutput == """
        [2, 4, 6] ["node1", "node2"]
        [1] 1
        1 RUNNING

        """, "\(output.standardError)")
  }

  /// The cluster's signal reaches all processes there: what says that the time ends soon ends none of
  /// them, and what is ended by another one went with its host.
  @Test(arguments: ["28", "TERM"]) func anAllocationThatEndsIsDrained(_ signal: String) throws {
    let task = signal == "28" ? "^sleep 3" : "sleep 3s"
    let output = try Cluster.run(
      hosts: 2, slurm: true,
      """
      "$BROOD" -c '
        pool new far --slurm --nodes 2
        while (pool info far).size < 2 { pool map { sleep 20ms } 1..8 }
        let fs = map 1..2 { |x| pool submit { \(task); $x } }
        while (pool info far).busy < 2 { sleep 20ms }
        sleep 500ms
        ^scancel --signal=\(signal) 1
        print (map $fs { |f| try { pool result $f } catch e { $e.kind } })
        print (map (pool info far).hosts { |h| [$h.host, $h.lost] })
        try { pool map { |x| $x } [1] } catch e { print $e.message }
      '
      """, within: .seconds(240))
    let (results, lost) = signal == "28" ? ("[1, 2]", 0) : ("[\"peer-died\", \"peer-died\"]", 1)
    #expect(
      output.standardOutput == """
        \(results)
        [["node1", \(lost)], ["node2", \(lost)]]
        no worker of the pool 'far' can start: node1: drained; node2: drained

        """, "\(output.standardError)")
    #expect(output.standardError.contains("the time of node1 has ended") == (lost == 1))
  }
}
