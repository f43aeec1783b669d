import Foundation
import TestSupport
import Testing

/// What is promised where the guardian has a hard time: whatever would outlive a killed session is
/// ended, or told.
@Suite("Promises about survivors", .serialized)
struct SurvivorTests {
  /// A number that no other test sleeps for.
  private let mark = Int.random(in: 1_000_000..<9_000_000)

  // It has its name as soon as it had a turn.
  private static let guardian = """
    fn guardian() {
      while true {
        let children = words (read "/proc/$pid/task/$pid/children")
        let found = filter $children { |p| (trim (read "/proc/$p/comm")) == "brood-guardian" }
        if (len $found) > 0 { return (int $found[0]) }
        sleep 1ms
      }
    }

    """

  /// The processes that sleep for this test's number, or that times ten and a digit more.
  private func sleepers() -> [pid_t] {
    ProcessEntry.all().filter { entry in
      let words = entry.commandLine.split(separator: " ")
      return words.count == 2 && words[0] == "sleep" && words[1].hasPrefix("\(mark)")
        && !"ZX".contains(entry.state)
    }.map(\.pid)
  }

  /// Ends what a test has found, so that a failure leaves nothing either.
  private func end(_ pids: [pid_t]) { for pid in pids { kill(pid, SIGKILL) } }

  /// Those that live when a session has had its time to go; some the harness has ended by then.
  private func survivors(of output: Output) -> [pid_t] {
    _ = waits(.seconds(3)) { sleepers().isEmpty }
    let left = sleepers()
    end(left)
    return left + output.leftBehind.map(\.pid)
  }

  private func run(
    _ script: String, _ launcher: [String] = [], program: String = Program.brood,
    arguments: [String] = []
  ) throws -> Output {
    let place = try TemporaryDirectory()
    let words = launcher + [program, "-c", script] + arguments
    return try TestSupport.run(
      "/usr/bin/env", words, environment: Program.environment(home: place.path),
      directory: "/", within: .seconds(60))
  }

  /// Three kinds of processes out of the harness's reach, and a wait until they are there.
  private var family: String {
    """
    spawn setsid sh -c "sleep \(mark)1 & wait"
    spawn setsid sleep \(mark)2
    spawn env -i setsid sh -c "sleep \(mark)3 & sleep \(mark)4 & wait"
    while (words (^sh -c "pgrep -c -x -f 'sleep \(mark).' || true"))[0] != "4" { sleep 10ms }

    """
  }

  // MARK: A guardian that was stopped or killed

  @Test(arguments: ["kill -STOP $g", "kill -STOP $g; sleep 100ms"])
  func aStoppedGuardianDoesItsWork(_ stop: String) throws {
    let output = try run(
      Self.guardian + family + "let g = guardian\n\(stop)\nkill -KILL $pid\n")
    #expect(output.status == .killed(SIGKILL), "\(output.standardError)")
    #expect(survivors(of: output) == [])
  }

  /// It opens /proc at its beginning, and a kernel that refuses, for some times or always, is no
  /// reason to leave anything.
  @Test(
    .enabled(if: Program.hasStrace, "there is no strace"),
    arguments: ["EACCES", "EMFILE:when=1..4"])
  func aGuardianThatMayNotOpenProcDoesItsWork(_ refusal: String) throws {
    let place = try TemporaryDirectory()
    let ready = "\(place.path)/ready"
    // What lists processes would be refused, too, so each tells that it is there.
    let output = try run(
      """
      write \(ready) ""
      spawn setsid sh -c "sleep \(mark)1 & echo >> \(ready); wait"
      spawn setsid sh -c "echo >> \(ready); exec sleep \(mark)2"
      spawn env -i setsid sh -c "sleep \(mark)3 & sleep \(mark)4 & echo >> \(ready); wait"
      while (len (lines (read \(ready)))) < 3 { sleep 10ms }
      kill -KILL $pid
      """,
      [
        "strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=openat", "-P", "/proc",
        "-e",
        "inject=openat:error=\(refusal)",
      ])
    // Without /proc all numbers of processes are tried.
    _ = waits(.seconds(60)) { sleepers().isEmpty }
    #expect(survivors(of: output) == [], "\(output.standardError)")
  }

  @Test func theSessionContinuesItsGuardian() throws {
    let output = try run(
      Self.guardian + """
        wait (fork { })
        let g = guardian
        kill -STOP $g
        let state = { (words (read "/proc/$g/stat"))[2] }
        let end = 50
        var turns = 0
        while (call $state) == "T" and $turns < $end { sleep 10ms; turns += 1 }
        print (if (call $state) == "T" { "is stopped" } else { "goes on" })
        kill -CONT $g
        """)
    #expect(output.standardOutput == "goes on\n", "\(output.standardError)")
  }

  /// In a namespace, since the next session of another test would tell it else.
  @Test(.enabled(if: Namespace.isAvailable))
  func theNextSessionTellsWhatWasLeft() throws {
    // One process ends both, so that the session cannot start another guardian.
    let output = try Namespace.run(
      """
      cat > script.brood <<'END'
      \(Self.guardian)
      \(family)
      let g = guardian
      ^sh -c "kill -STOP $pid; kill -KILL $g; kill -KILL $pid"
      END
      "$BROOD" script.brood
      sleep 0.3
      pgrep -c -x sleep
      echo quiet >&2
      "$BROOD" -c "print (6 * 7)"
      echo next >&2
      "$BROOD" -c "wait (fork { })"
      echo later >&2
      "$BROOD" -c "wait (fork { })"
      """)
    #expect(output.standardOutput == "4\n42\n")
    let told = output.standardError.components(separatedBy: "quiet\nnext\n").last ?? ""
    #expect(told.hasPrefix("brood: left behind by a session"), "\(output.standardError)")
    #expect(told.components(separatedBy: "'sleep' (").count == 5, "\(told)")
    #expect(told.hasSuffix("with kill\nlater\n"), "\(told)")
  }

  // MARK: The mark

  /// bash has `ulimit -x`; the soft limit of a detached process must not come about by chance.
  @Test(arguments: [
    "ulimit -S -x 0; exec sleep $0", "ulimit -S -x 1; exec sleep $0",
    "ulimit -S -x 99999999999; exec sleep $0", "ulimit -x 1000; exec sleep $0",
    "setsid bash -c 'ulimit -x 1000; exec sleep $0' $0",
    "ulimit -S -x 0; (setsid sleep $0 &); exec sleep $0",
    "bash -c 'ulimit -x 1000; exec sleep $0' $0 & exec sleep $0",
    "bash -c 'ulimit -x 1000; exec sleep $0' $0 & exit 0",
  ])
  func aProcessThatSetsItsOwnLimitIsEnded(_ command: String) throws {
    let output = try run(
      """
      spawn bash -c $args[0] \(mark)
      while (words (^sh -c "pgrep -c -x -f 'sleep \(mark)' || true"))[0] == "0" { sleep 10ms }
      sleep 200ms
      kill -KILL $pid
      """, arguments: [command])
    #expect(output.status == .killed(SIGKILL), "\(output.standardError)")
    let left = survivors(of: output)
    #expect(left == [])
  }

  /// There the numbers of sessions and groups are 0.
  @Test(.enabled(if: Namespace.isAvailable))
  func nothingIsLeftInANamespaceEither() throws {
    let output = try Namespace.run(
      """
      cat > script.brood <<'END'
      spawn bash -c "ulimit -x 1000; exec sleep 1000"
      spawn sh -c "bash -c 'ulimit -x 1000; exec sleep 1000' & wait"
      while (words (^sh -c "pgrep -c -x sleep || true"))[0] != "2" { sleep 10ms }
      kill -KILL $pid
      END
      "$BROOD" script.brood
      for turn in 1 2 3 4 5 6 7 8 9 10; do pgrep -x sleep > all || break; sleep 0.2; done
      pgrep -c -x sleep
      """)
    #expect(output.standardOutput == "0\n", "\(output.standardError)")
  }

  /// Without privilege the limit cannot be raised again, so there is no mark.
  @Test func aLimitThatWasSetBeforeIsNoReasonToLeaveAnything() throws {
    var launcher = ["bash", "-c", "ulimit -x 1000; exec \"$@\"", "bash"]
    // Another user may not reach the source tree.
    let place = try TemporaryDirectory()
    let program = "\(place.path)/brood"
    try FileManager.default.copyItem(atPath: Program.brood, toPath: program)
    for path in [place.path, program] { #expect(chmod(path, 0o755) == 0) }
    if geteuid() == 0 {
      launcher = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + launcher
    }
    let output = try run(
      """
      spawn sleep \(mark)1
      spawn setsid sleep \(mark)2
      fork { spawn sleep \(mark)3; ^sleep \(mark)4 }
      fork { fork { ^setsid sleep \(mark)5 } }
      spawn sh -c "sleep \(mark)6 & wait"
      fork --detach { ^sleep \(mark)7 }
      while (words (^sh -c "pgrep -c -x -f 'sleep \(mark).' || true"))[0] != "7" { sleep 10ms }
      kill -KILL $pid
      """, launcher, program: program)
    #expect(output.status == .killed(SIGKILL), "\(output.standardError)")
    _ = waits(.seconds(3)) { sleepers().count == 1 }
    let names = sleepers().compactMap { ProcessEntry(pid: $0)?.commandLine }
    end(sleepers())
    #expect(names == ["sleep \(mark)7"])
    #expect(output.leftBehind.isEmpty)
  }

  // MARK: An orderly end

  /// In a namespace whose first process does not reap.
  @Test(.enabled(if: Namespace.isAvailable), arguments: ["", "exit 3", "throw oops"])
  func anOrderlyEndLeavesNoZombie(_ end: String) throws {
    let output = try Namespace.run(
      """
      mkfifo end
      ("$BROOD" -c \(Namespace.quoted("wait (fork { })\n\(end)")) 2>/dev/null
      sleep 0.3
      ps -e -o stat=,comm= | grep -c '^Z.*brood' > end) &
      exec cat end
      """)
    #expect(output.standardOutput == "0\n", "\(output.standardError)")
  }

  /// Two sessions inside one, whose pids differ in bits that their marks have no room for.
  @Test(.enabled(if: Namespace.hasManyPids))
  func innerSessionsAreNotTakenForEachOther() throws {
    let output = try Namespace.run(
      """
      cat > outer.brood <<'END'
      ^sh outer.sh
      END
      cat > inner.brood <<'END'
      spawn sleep \(mark)
      spawn setsid sleep \(mark)
      write $args[0] here
      sleep 1h
      END
      cat > outer.sh <<'END'
      "$BROOD" inner.brood first & first=$!
      while ! test -e first; do sleep 0.01; done
      echo $((first + 1048575)) > /proc/sys/kernel/ns_last_pid
      "$BROOD" inner.brood second & second=$!
      while ! test -e second; do sleep 0.01; done
      echo $((second - first))
      reach() { # reach NUMBER: waits until so many run
        for _ in $(seq 1000); do [ "$(pgrep -c -x sleep)" = "$1" ] && break; sleep 0.01; done
        pgrep -c -x sleep
      }
      reach 4
      kill -KILL $second
      reach 2
      END
      "$BROOD" outer.brood
      """)
    #expect(output.standardOutput == "1048576\n4\n2\n", "\(output.standardError)")
  }

  /// Its own CPU time, as whoever reaps it is told.
  @Test(.enabled(if: Program.runsLongTests))
  func theGuardianIsQuick() throws {
    let place = try TemporaryDirectory()
    try place.write(Self.reaper, to: "reaper.py")
    let output = try TestSupport.run(
      "/usr/bin/env",
      [
        "python3", "reaper.py", Program.brood, "-c",
        "for i in 1..1000 { spawn sleep \(mark) }; kill -KILL $pid",
      ], environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(120))
    #expect(survivors(of: output) == [])
    let time = Double(output.standardOutput.trimmingCharacters(in: .newlines)) ?? .infinity
    #expect(time <= 0.02, "\(output.standardOutput)\(output.standardError)")
  }

  private static let reaper = """
    import ctypes, os, sys
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    session = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
    name = ""
    while True:
        try:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            break
        with open(f"/proc/{info.si_pid}/comm") as file:
            name = file.read().strip()
        usage = os.wait4(info.si_pid, 0)[2]
        if name == "brood-guardian":
            print(usage.ru_utime + usage.ru_stime)
    """
}
