import Foundation
import TestSupport
import Testing

/// What `explore` finds, held against what can be found out without it.
@Suite struct Exploring {
  /// A process: on which of two cells it does what, in order.
  private struct Step {
    /// Looks at the cell first, and sets it to what it saw and this; else sets or adds.
    enum Kind: CaseIterable { case set, add, increase }
    let kind: Kind
    let number: Int
    var text: String {
      switch kind {
      case .set: "shm set x \(number)"
      case .add: "shm add x \(number)"
      case .increase: "shm set x ((shm get x) + \(number))"
      }
    }
  }

  /// The values that a cell can have in the end, by trying all orders on numbers.
  private static func values(_ scripts: [[Step]]) -> Set<Int> {
    struct State: Hashable {
      var cell = 0
      var places: [Int]
      var seen: [Int?]
    }
    let start = State(
      places: scripts.map { _ in 0 }, seen: scripts.map { _ in nil })
    var (known, rest, values): (Set<State>, [State], Set<Int>) = ([start], [start], [])
    while let state = rest.popLast() {
      var isOver = true
      for (process, script) in scripts.enumerated() where state.places[process] < script.count {
        isOver = false
        var next = state
        let step = script[state.places[process]]
        if step.kind == .increase, state.seen[process] == nil {
          next.seen[process] = state.cell
        } else {
          next.cell =
            switch step.kind {
            case .set: step.number
            case .add: state.cell + step.number
            case .increase: (state.seen[process] ?? 0) + step.number
            }
          next.seen[process] = nil
          next.places[process] += 1
        }
        if known.insert(next).inserted { rest.append(next) }
      }
      if isOver { values.insert(state.cell) }
    }
    return values
  }

  /// Answers to `predict` are right where they name just these values.
  @Test func predictionsAreGradedAsBruteForceDoes() throws {
    var random = SystemRandomNumberGenerator()
    var script = ""
    for number in 0..<30 {
      let scripts = (0..<2).map { _ in
        (0..<Int.random(in: 1...2, using: &random)).map { _ in
          Step(
            kind: Step.Kind.allCases.randomElement(using: &random) ?? .add,
            number: Int.random(in: 1...4, using: &random))
        }
      }
      let values = Self.values(scripts).sorted()
      let forks = scripts.map { "fork { \($0.map(\.text).joined(separator: "; ")) }" }
      let block =
        "{ shm new x int 0; let all = [(\(forks[0])), (\(forks[1]))]; wait ...$all; shm get x }"
      let right = values.map(String.init).joined(separator: ",")
      let wrong = values.count > 1 ? String(values[0]) : "\(right),99"
      // What is wrong is tried for some: each answer explores anew.
      for (answer, isRight) in [(right, true), (wrong, false)].prefix(number % 5 == 0 ? 2 : 1) {
        script +=
          "if (predict \(block) --ask outcomes --answer \"\(answer)\").right "
          + "!= \(isRight) { print \"program \(number), answer \(answer):\" \"\(forks.joined(separator: " | "))\" }\n"
      }
    }
    let directory = try TemporaryDirectory()
    try directory.write(script + "print done\n", to: "predict.brood")
    let output = try run(
      Program.brood, ["predict.brood"], environment: Program.environment(home: directory.path),
      directory: directory.path, within: .seconds(600))
    #expect(output.standardOutput == "done\n", "\(output.standardError)")
  }

  /// A statement of a random program of real processes.
  private static func statement(
    of process: Int, _ random: inout SystemRandomNumberGenerator
  ) -> String {
    let number = Int.random(in: 1...2, using: &random)
    let all = [
      "shm set x ((shm get x) + \(number))", "shm set y \(number)", "shm add x 1",
      "lock with m { shm set x ((shm get x) * 2) }",
      "try { lock acquire m --timeout 1s; shm set y 7; lock release m } catch e { shm add x 10 }",
      "queue put q \(process)",
      "shm set y (try { queue get q --timeout \(number)s } catch e { 50 })",
      "sleep \(number)s", "print p\(process)",
      "try { event wait e --timeout 1s; shm add x 100 } catch e { shm set y 3 }", "event set e",
      "sem acquire s; shm set y ((shm get y) + 1); sem release s",
      "if (shm get x) > 1 { shm set y 9 }", "exit \"bad\"",
    ]
    return all.randomElement(using: &random) ?? ""
  }

  /// What is left out makes no difference: outcomes are those of all schedules, as far as these are known.
  @Test func realProcessesMissNothing() throws {
    var random = SystemRandomNumberGenerator()
    var script = """
      fn kinds(r) { unique (sort (map $r.outcomes { |o| json-text [$o.kind, $o.value, $o.error, $o.output] })) }
      fn agree(name, all, some) {
        if not $some.complete { return null }
        let few = kinds $some
        let many = kinds $all
        let missed = filter $many { |o| $o not in $few }
        let invented = if $all.complete { filter $few { |o| $o not in $many } } else { [] }
        if $missed != [] or $invented != [] { print "missed" $missed "invented" $invented $name }
      }

      """
    for number in 0..<(Program.runsLongTests ? 100 : 8) {
      let forks = (1...2).map { process in
        let count = Int.random(in: 1...3, using: &random)
        let parts = (0..<count).map { _ in Self.statement(of: process, &random) }
        return "(fork { \(parts.joined(separator: "; ")) })"
      }
      let block =
        "{ shm new x int 1; shm new y int 0; lock new m; queue new q; event new e; sem new s 1; "
        + "let all = [\(forks.joined(separator: ", "))]; wait ...$all; "
        + "[(shm get x), (shm get y), (queue size q)] }"
      script +=
        "let block\(number) = \(block)\nagree '\(forks.joined(separator: " "))' "
        + "(explore --full --runs 600 $block\(number)) (explore $block\(number))\n"
    }
    let directory = try TemporaryDirectory()
    try directory.write(script + "print done\n", to: "random.brood")
    let output = try run(
      Program.brood, ["random.brood"], environment: Program.environment(home: directory.path),
      directory: directory.path, within: .seconds(Program.runsLongTests ? 1800 : 300))
    #expect(output.standardOutput == "done\n", "\(output.standardError)")
  }

  /// Where all processes of the namespace are the session's, pids are the same in each run and each time.
  @Test(.enabled(if: Namespace.isAvailable, "needs namespaces of processes"))
  func pidsAreTheSameInANamespaceOfItsOwn() throws {
    let output = try runBash(
      """
      cat >pids.brood <<'END'
      fn race() {
        shm new x int
        let both = map [1, 2] { fork { let p = fork { $pid }; shm set x $pid; (wait $p).value } }
        let below = map (wait ...$both) { |r| [$r.pid, $r.value] }
        [$pid, $below, (shm get x)]
      }
      let r = explore { race }
      print $r.pids
      for o in $r.outcomes { print $o.value ((replay $o.schedule { race }).value == $o.value) }
      END
      for i in 1 2; do unshare -Urpf --mount-proc brood pids.brood; done
      brood -c 'print (explore { 1 }).pids'
      """, within: .seconds(90))
    let once = """
      fixed
      [10000, [[10001, 10017], [10002, 10033]], 10002] true
      [10000, [[10001, 10017], [10002, 10033]], 10001] true

      """
    #expect(output.standardOutput == once + once + "masked\n", "\(output.standardError)")
  }

  /// Ctrl-C at any moment ends all processes of the runs, and removes their files.
  @Test func anInterruptLeavesNothing() throws {
    let output = try runBash(
      """
      export TMPDIR=$PWD/.tmp; mkdir .tmp
      set -m
      for round in $(seq \(Program.runsLongTests ? 60 : 6)); do
        brood -c 'explore --jobs '$((round % 3 + 1))' {
          queue new q
          let all = (map [1, 2, 3] { |i|
            fork { write "f$i" $i; for k in [1, 2, 3] { queue put q (read "f$i") } }
          })
          for i in (range 9) { queue get q }
          wait ...$all
        }' >/dev/null 2>.errors &
        until [ -e .tmp/brood-explore-* ]; do sleep 0.005; done
        sleep 0.$(printf %03d $((RANDOM % 400)))
        kill -INT $!
        wait $!
        status=$?
        [ $status = 130 ] || { echo "status $status"; cat .errors; }
        ls .tmp
      done
      """, within: .seconds(Program.runsLongTests ? 300 : 90))
    #expect(output.standardOutput == "", "\(output.standardError)")
    #expect(output.leftBehind.isEmpty, "\(output.leftBehind)")
  }

  /// If what explores is killed its run goes with it, also a process that computes and is at no gate.
  @Test(arguments: ["step", "explore"])
  func theRunGoesWithWhatExplores(_ verb: String) throws {
    let output = try runBash(
      """
      child() { ps -o pid=,comm= --ppid "$1" | awk '$2 !~ /guard/ { print $1 }' | tail -1; }
      mkfifo in; exec 3<>in
      brood -c 'try { \(verb) { while true { } } } catch e { print $e.kind }
        sleep 30s' <in >out 2>&1 &
      session=$!
      for try in $(seq 2000); do
        explorer=$(child $session)
        first=$([ -n "$explorer" ] && child $explorer)
        [ -n "$first" ] && break
        sleep 0.01
      done
      kill -9 $explorer
      until [ $(wc -l <out) = 1 ]; do sleep 0.01; done
      cat out
      for try in $(seq 500); do
        case $(ps -o stat= -p $first) in ''|Z*) echo ended; break ;; esac
        sleep 0.01
      done
      kill -9 $first 2>/dev/null
      # A shell without job control lets what it starts in the background ignore INT.
      kill -TERM $session
      wait $session
      """, within: .seconds(60))
    #expect(output.standardOutput == "system\nended\n", "\(output.standardError)")
    #expect(output.leftBehind.isEmpty, "\(output.leftBehind)")
  }

  /// What others see of it is removed, also where it is interrupted.
  @Test func noDirectoryIsLeft() throws {
    let directory = try TemporaryDirectory()
    var environment = Program.environment(home: directory.path)
    environment["TMPDIR"] = try directory.temporaries()
    let output = try run(
      Program.brood,
      [
        "-c",
        "explore { write a 1; write b 2 }; try { explore { ^true } } catch e { print $e.kind }",
      ],
      environment: environment, directory: directory.path)
    #expect(output.standardOutput.contains("type\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.temporaries()).isEmpty)
  }
}
