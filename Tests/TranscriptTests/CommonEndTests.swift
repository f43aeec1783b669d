import Foundation
import TestSupport
import Testing

/// What ends with the run or the host that it belongs to, and is no failure of its own.
@Suite struct CommonEndTests {
  private func run(_ script: String) throws -> Output {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    environment["BROOD_TEST_FAR_SPEED"] = "10"
    return try TestSupport.run(
      "/bin/bash", ["-c", script], environment: environment, directory: place.path,
      within: .seconds(60))
  }

  /// TERM comes to all processes, as of systemd or a cluster: a program may end before its run knows.
  @Test(arguments: [
    "echo $$ > begun; exec sleep 600", "sleep 600 & echo $! > begun; wait $!; exit $?",
  ]) func whatTermEndsWithItsRunIsInterrupted(_ program: String) throws {
    let output = try run(
      """
      run() {
        exec "$BROOD" run --journal jobs --rerun missing -- \\
          sh -c '[ -e stop ] && echo again && exit; \(program)' ::: a
      }
      run 2> err &
      run=$!
      until [ -s begun ]; do sleep 0.02; done
      kill -TERM "$(cat begun)" "$run"
      wait "$run"
      touch stop
      (run)
      cat err >&2
      """)
    #expect(output.standardOutput == "again\n", "\(output.standardError)")
    #expect(output.standardError.contains("1 interrupted"))
  }

  /// In a pool's task.
  @Test func whatTermEndsWithItsWorkerIsInterrupted() throws {
    let output = try run(
      """
      cat > script <<'END'
      pool new one 1
      print (pool map --journal jobs --rerun missing { |x|
        ^sh -c '[ -e stop ] || { sleep 600 & echo "$! $PPID" > begun; wait $!; exit $?; }'
        $x
      } [1])
      END
      "$BROOD" script 2> err &
      run=$!
      until [ -s begun ]; do sleep 0.02; done
      kill -TERM $(cat begun) "$run"
      wait "$run"
      touch stop
      "$BROOD" script
      cat err >&2
      """)
    #expect(output.standardOutput == "[1]\n", "\(output.standardError)")
  }

  /// Without that such an end is one like others.
  @Test func whatTermEndsAloneHasFailed() throws {
    let output = try run(
      """
      run() {
        "$BROOD" run --journal jobs --rerun missing -- sh -c '[ "$1" = b ] || kill -TERM $$; exit 143' sh ::: a b
        echo "status $?"
      }
      run
      run
      """)
    #expect(output.standardOutput == "status 1\nstatus 1\n", "\(output.standardError)")
    #expect(output.standardError.contains("ended by TERM"))
    #expect(output.standardError.contains("exit status 143"))
    #expect(output.standardError.contains("2 skipped, failed earlier"))
  }

  /// An attempt went with its host, and TERM comes before another host takes it.
  @Test func whatWaitsToBeMadeAgainIsInterrupted() throws {
    let output = try run(
      """
      cat > launch <<'END'
      [ -e lost ] && exit 1
      exec "$BROOD" --worker
      END
      run() {
        exec "$BROOD" run --journal jobs --rerun missing --via 'sh launch' -- \\
          sh -c '[ -e stop ] && echo again && exit; echo $PPID > begun; sleep 600' ::: a
      }
      run 2> err &
      run=$!
      until [ -s begun ]; do sleep 0.02; done
      touch lost
      kill -KILL "$(cat begun)"
      until grep -q 'made again' err; do sleep 0.02; done
      kill -TERM "$run"
      wait "$run"
      rm lost
      touch stop
      (run)
      cat err >&2
      """)
    #expect(output.standardOutput == "again\n", "\(output.standardError)")
    #expect(output.standardError.contains("1 interrupted"))
  }
}

/// The same on hosts.
@Suite(.enabled(if: Cluster.hasNetworks, "needs hosts that are apart"))
struct CommonEndsOnHostsTests {
  /// TERM comes to all processes of a host: what ends there by it, or says so with its status, is made
  /// again on the other one.
  @Test(arguments: [
    "echo $$ > begun; exec sleep 600", "sleep 600 & echo $! > begun; wait $!; exit $?",
  ]) func whatTermEndsWithItsHostIsMadeAgain(_ program: String) throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      export CLUSTER
      "$BROOD" run --via ssh:1/node1,1/node2 --env CLUSTER -- \\
        sh -c 'cd "$CLUSTER"; [ -e stop ] && hostname && exit; hostname > where; \(program)' ::: a &
      run=$!
      until [ -s begun ]; do sleep 0.02; done
      touch stop
      first=$(cat where)
      ssh "$first" "kill -TERM $(cat begun) \\$(pgrep -o -f 'brood --wor[k]er')"
      wait "$run"
      echo "$?, not on $first"
      """)
    let lines = output.standardOutput.split(separator: "\n")
    #expect(
      lines == ["node1", "0, not on node2"] || lines == ["node2", "0, not on node1"],
      "\(output.standardOutput)\(output.standardError)")
    #expect(output.standardError.contains("has ended; a program that ran there is made again"))
  }
}
