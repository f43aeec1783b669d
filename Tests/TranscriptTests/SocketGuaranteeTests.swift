import Foundation
import TestSupport
import Testing

/// What is promised of socket files: none is left by any ending of a session.
@Suite("Promises about socket files", .serialized)
struct SocketGuaranteeTests {
  private static let longName = String(repeating: "n", count: 60)

  /// Runs a script in a directory of its own and yields the socket files that are left after at
  /// most a second.
  private func left(by script: String) throws -> (output: Output, files: [String]) {
    let place = try TemporaryDirectory()
    try place.write(script, to: "script.brood")
    let output = try TestSupport.run(
      Program.brood, ["script.brood"], environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(60))
    var files: [String] = []
    _ = try waits(.seconds(1)) {
      files = try sockets(in: place)
      return files.isEmpty
    }
    return (output, files)
  }

  private func sockets(in place: TemporaryDirectory) throws -> [String] {
    let manager = FileManager.default
    return try manager.subpathsOfDirectory(atPath: place.path).filter { name in
      let attributes = try? manager.attributesOfItem(atPath: "\(place.path)/\(name)")
      return attributes?[.type] as? FileAttributeType == .typeSocket
    }
  }

  @Test(arguments: [
    "", "exit 3", "_exit 3", "throw oops", "kill -KILL $pid; sleep 1h", "kill -TERM $pid; sleep 1h",
    "kill -HUP $pid; sleep 1h", "kill -INT $pid; sleep 1h", "^kill -SEGV $pid; sleep 1h",
    "exec sleep 0.2",
  ])
  func noFileIsLeft(_ ending: String) throws {
    let (output, files) = try left(
      by: """
        let long = "\(Self.longName)/\(Self.longName)"
        ^mkdir -p $long
        socket listen own unix:own
        socket listen far "unix:$long/far"
        event new made
        fork --daemon {
          socket listen childs unix:childs
          fork { socket listen grandchilds unix:grandchilds; event set made; sleep 1h }
          kill -KILL $pid
        }
        event wait made
        print (exists own) (exists "$long/far") (exists childs) (exists grandchilds)
        kill -KILL ...(filter (ps) { |p| $p.pid != $pid } |> map { |p| $p.pid })
        \(ending)
        """)
    #expect(output.standardOutput == "true true true true\n", "\(output.standardError)")
    #expect(files.isEmpty)
    #expect(output.leftBehind.isEmpty)
  }

  /// Killed again and again while it makes and removes files, at no particular moment.
  @Test func noFileIsLeftByAKillAtAnyMoment() throws {
    for round in 0..<25 {
      let (output, files) = try left(
        by: """
          let own = $pid
          event new go
          fork { event wait go; sleep 0.000\(100 + round * 35); kill -KILL $own }
          event set go
          while true {
            socket listen a unix:a
            socket listen b unix:b
            socket close a
            socket close b
          }
          """)
      #expect(output.status == .killed(SIGKILL), "\(output.standardError)")
      #expect(files.isEmpty, "round \(round)")
    }
  }

  /// What another session has put in the place of a file is not removed.
  @Test func anothersFileStays() throws {
    let place = try TemporaryDirectory()
    let output = try TestSupport.run(
      Program.brood,
      [
        "-c",
        """
        socket listen s unix:place
        ^mv place elsewhere
        ^python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("place")'
        print (filter (ps --all) { |p| $p.ppid == $pid and $p.name == "brood-guardian" })[0].pid
        kill -KILL $pid
        """,
      ], environment: Program.environment(home: place.path), directory: place.path)
    #expect(output.status == .killed(SIGKILL), "\(output.standardError)")
    // Whoever removes files after such a death has done so when it has ended.
    let guardian = try #require(
      pid_t(output.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(ProcessEntry.living([guardian], after: .seconds(20)) == [])
    #expect(FileManager.default.fileExists(atPath: "\(place.path)/place"))
  }

  @Test func aDetachedServerKeepsItsFile() throws {
    let place = try TemporaryDirectory()
    let output = try TestSupport.run(
      Program.brood,
      [
        "-c",
        """
        event new made
        let p = fork --detach { socket listen s unix:place; event set made; sleep 1h }
        event wait made
        print $p.pid
        """,
      ], environment: Program.environment(home: place.path), directory: place.path,
      grace: .milliseconds(100))
    let pid = try #require(
      pid_t(output.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(ProcessEntry.living([pid], after: .milliseconds(300)) == [pid])
    #expect(FileManager.default.fileExists(atPath: "\(place.path)/place"))
    kill(pid, SIGKILL)
  }
}
