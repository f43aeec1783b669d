import Foundation
import TestSupport
import Testing

/// Brood as the first process of a container.
@Suite("First process", .enabled(if: Namespace.isAvailable))
struct ContainerTests {
  private func run(_ script: String, before: String = "") throws -> Output {
    try Namespace.run("\(before)\nexec \"$BROOD\" -c \(Namespace.quoted(script))")
  }

  @Test func itMaySignalItself() throws {
    let output = try run(
      """
      print $pid
      signal on USR1 { print got }
      kill -USR1 $pid
      try { kill -KILL $pid } catch e { print $e.kind }
      on-exit { print bye }
      kill $pid
      print late
      """)
    #expect(output.standardOutput == "1\ngot\nsystem\nbye\n", "\(output.standardError)")
    #expect(output.status == .exited(128 + SIGTERM))
  }

  @Test func itReapsStrangersAndDoesNotWaitForThem() throws {
    let output = try run(
      """
      wait (fork { })
      write go ""
      fn zombies() { len (filter (lines (^ps -e -o stat=,comm=)) { |s| starts-with $s Z }) }
      while not (exists gone) { sleep 5ms }
      var turns = 0
      while (zombies) > 0 and $turns < 200 { sleep 10ms; turns += 1 }
      print (zombies) (ok ^sh -c "pgrep -x sleep > all")
      """,
      before: "(while ! test -e go; do sleep 0.01; done; (sleep 0.05; : > gone) & sleep 60 &) &")
    #expect(output.standardOutput == "0 true\n", "\(output.standardError)")
    #expect(output.status == .exited(0))
    #expect(output.standardError == "")
  }
}
