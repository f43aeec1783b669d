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
