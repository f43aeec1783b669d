import Foundation
import TestSupport
import Testing

/// All lessons are proven, and all lines of topics run.
@Suite struct Lessons {
  /// Both languages have the same steps; what is run stands in the English files.
  @Test(arguments: names()) func lessonWorks(_ name: String) throws {
    let output = try brood(["-c", "lesson test \(name)"], within: .seconds(300))
    #expect(output.status == .exited(0), "\(output.standardOutput)\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  /// Solutions end in one way only, unless their lesson says so.
  @Test(.enabled(if: Program.runsLongTests), arguments: names())
  func solutionsAreExplored(_ name: String) throws {
    let output = try brood(["-c", "lesson test --long \(name)"], within: .seconds(300))
    #expect(output.status == .exited(0), "\(output.standardOutput)\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  /// All lessons twenty times, while two others compute.
  @Test(.enabled(if: Program.runsLongTests)) func lessonsWorkOnABusyMachine() throws {
    let text = """
      let busy = map 1..2 { fork { while true { } } }
      let rounds = map 1..20 { |i|
        try { lesson test; true } catch e { print "round $i: ${$e.message}"; false }
      }
      kill -9 ...$busy
      if not (all $rounds) { exit 1 }
      """
    let output = try brood(["-c", text], within: .seconds(7200))
    #expect(output.status == .exited(0), "\(output.standardOutput)\(output.standardError)")
    #expect(output.leftBehind.isEmpty)
  }

  /// A solution that loses an update in some order.
  @Test func otherOutcomesAreFound() throws {
    let place = try TemporaryDirectory()
    func text(_ header: String) -> String {
      """
      # T
      \(header)

      ## S

      ```setup
      shm new n int
      ```
      ```goal
      (shm get n) > 0
      ```
      ```solution
      let both = map [1, 2] { fork { shm set n ((shm get n) + 1) } }
      wait ...$both
      print (shm get n)
      ```
      """
    }
    func output(_ header: String) throws -> Output {
      try place.write(text(header), to: "t.md")
      return try run(
        Program.brood, ["-c", "lesson test --long t.md"],
        environment: Program.environment(home: place.path), directory: place.path,
        within: .seconds(180))
    }
    let found = try output("topics: race")
    #expect(found.status == .exited(1))
    #expect(found.standardOutput.contains("can also end otherwise"), "\(found.standardOutput)")
    #expect(try output("outcomes: many").status == .exited(0))
  }

  /// The three lines of each topic run in order; one that is to fail says how.
  @Test(arguments: topics()) func topicRuns(_ name: String) throws {
    let listing = try brood(["-c", "print (json-text (explain \(name)).try)"])
    let lines = try JSONDecoder().decode([String].self, from: Data(listing.standardOutput.utf8))
    #expect(lines.count == 3, "\(name)")
    let script = lines.map { line in
      let parts = line.components(separatedBy: "# error ")
      guard parts.count == 2 else { return line }
      return "try { \(line)\n throw \"no error\" } catch e: \(parts[1]) { }"
    }
    // What still runs ends with the session, which does not wait for it.
    let text = (script + ["_exit 0"]).joined(separator: "\n")
    let output = try brood(["-c", text], within: .seconds(20))
    #expect(output.status == .exited(0), "\(script)\n\(output.standardError)")
  }

  /// The whole programs of Python in the course, as they stand in both languages.
  @Test(arguments: ["en", "zh"]) func programsOfPythonRun(_ language: String) throws {
    let folder = Program.sourceTree.appending(path: "Sources/Texts/course/\(language)")
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      for part in text.components(separatedBy: "```python\n").dropFirst() {
        let program = part.components(separatedBy: "\n```").first ?? ""
        // A part of a program, one that kills a process of any number, and one that a step runs.
        let isWhole = program.hasPrefix("import ") || program.hasPrefix("from ")
        if !isWhole || program.contains("12345") || program.contains("vfork") { continue }
        let place = try TemporaryDirectory()
        try place.write(program, to: "t.py")
        let output = try run(
          "/usr/bin/env", ["python3", "t.py"],
          environment: Program.environment(home: place.path), directory: place.path,
          within: .seconds(60))
        #expect(output.status == .exited(0), "\(file): \(output.standardError)")
        count += 1
      }
    }
    #expect(count == 5)
  }

  /// A lesson whose parts are wrong, each in its way.
  @Test(arguments: [
    ("true", "wait kid", "the goal is true before anything was done"),
    ("false", "wait kid", "the solution does not reach the goal within 2s"),
    ("(len (ps)) > 0 and (queue put q 1)", "wait kid", "'queue put' may change something"),
    ("len (ps) > 0", "wait kid", "redirect"),
    ("(state kid) == \"T stopped\"", "stop kid\nthrow \"oops\"", "oops"),
  ]) func faultsAreFound(_ goal: String, _ solution: String, _ message: String) throws {
    let place = try TemporaryDirectory()
    try place.write(
      """
      # T

      ## S

      ```setup
      fork --name kid { sleep 1h }
      ```
      ```goal
      \(goal)
      ```
      ```solution
      \(solution.replacingOccurrences(of: "wait kid", with: "state kid"))
      ```
      """, to: "t.md")
    let output = try run(
      Program.brood, ["-c", "lesson test --timeout 2s t.md"],
      environment: Program.environment(home: place.path), directory: place.path,
      within: .seconds(180))
    #expect(output.status == .exited(1))
    #expect(output.standardOutput.contains(message), "\(output.standardOutput)")
    #expect(place.contents() == ["t.md"])
  }

  private func brood(_ arguments: [String], within limit: Duration = .seconds(20)) throws -> Output
  {
    let place = try TemporaryDirectory()
    return try run(
      Program.brood, arguments, environment: Program.environment(home: place.path),
      directory: place.path, within: limit)
  }

  private static func files(_ folder: String) -> [String] {
    let path = Program.sourceTree.appending(path: "Sources/Texts/\(folder)/en").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }
  }

  private static func topics() -> [String] { files("topics") }

  private static func names() -> [String] {
    (files("lessons") + files("course")).map { name in
      name.split(separator: "-", maxSplits: 1).last.map(String.init) ?? name
    }
  }
}
