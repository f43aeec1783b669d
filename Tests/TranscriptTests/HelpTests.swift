import Foundation
import TestSupport
import Testing

/// What help shows is run, and what the completions directory holds is current.
@Suite("Help and completions")
struct HelpTests {
  private struct Example: Decodable {
    let command: String
    let code: String
    let output: String
  }

  /// Every example of every command prints what help says it prints.
  @Test func examplesRun() throws {
    let listing = try shell(["-c", "help --examples-json"])
    let examples = try JSONDecoder().decode(
      [Example].self, from: Data(listing.standardOutput.utf8))
    #expect(examples.count > 100)
    for example in examples {
      let place = try TemporaryDirectory()
      let output = try shell(["-c", example.code], in: place)
      #expect(place.contents() == [], "\(example.command): it writes where the user is")
      #expect(!example.code.contains("/tmp/"), "\(example.command): a fixed name in /tmp")
      var lines = output.standardOutput.components(separatedBy: "\n")
      if lines.last == "" { lines.removeLast() }
      let expected = ExpectedText(
        example.output.isEmpty ? [] : example.output.components(separatedBy: "\n"))
      var bindings: ExpectedText.Bindings = [:]
      #expect(
        expected.matches(lines, binding: &bindings),
        "\(example.command): \(example.code)\n\(expected.difference(from: lines))")
    }
  }

  /// `help` knows every command, and each has a summary and usage.
  @Test func everyCommandHasHelp() throws {
    let listing = try shell(["-c", "help --examples-json"])
    let examples = try JSONDecoder().decode(
      [Example].self, from: Data(listing.standardOutput.utf8))
    for name in Set(examples.map(\.command)) {
      let help = try shell(["-c", "help \(name)"])
      #expect(help.status == .exited(0), "\(name)")
      #expect(help.standardOutput.hasPrefix(name), "\(name)")
    }
  }

  /// Prints the command and the fields of one of its records, for commands that yield records.
  private static let records = """
    fn show(command, record) { print $command ":" (join (keys $record) " ") }
    let p = fork --name child { sleep 100 }
    show fork $p
    show ps (ps)[0]
    show info (info $p)
    show "signal list" (signal list)[0]
    show kill (kill -l)[0]
    show jobs (spawn sleep 100 |> { |p| let row = (jobs)[0]; kill $p; wait $p; $row })
    queue new q 5
    show "queue info" (queue info q)
    show "queue list" (queue list)[0]
    pipe new c
    show "pipe info" (pipe info c)
    show "pipe list" (pipe list)[0]
    shm new n int
    show "shm info" (shm info n)
    show "shm list" (shm list)[0]
    lock new l
    show "lock info" (lock info l)
    show "lock list" (lock list)[0]
    sem new s 2
    show "sem info" (sem info s)
    show "sem list" (sem list)[0]
    event new e
    show "event list" (event list)[0]
    barrier new b 2
    show "barrier list" (barrier list)[0]
    cond new d
    show "cond list" (cond list)[0]
    let server = socket listen unix:./server
    show "socket info" (socket info $server)
    show "socket list" (socket list)[0]
    pool new w 1
    show "pool info" (pool info w)
    show "pool list" (pool list)[0]
    let f = pool submit { 1 }
    pool result $f
    show "pool submit" $f
    show "pool map" (pool map [1] { |x| $x } --records)[0]
    for record in (pool imap [1] { |x| $x } --records) { show "pool imap" $record }
    show "pool starmap" (pool starmap [[1]] { |x| $x } --records)[0]
    show "pool run" (pool run true ::: 1)[0]
    show config (config)[0]
    process new o --target { 1 }
    show "process info" (process info o)
    kill $p
    show wait (wait $p)
    show status (status ^true | ^true)

    """

  /// Every field of a record stands in help with what it means, and no other.
  @Test func recordsHaveTheFieldsOfHelp() throws {
    let place = try TemporaryDirectory()
    try place.write(HelpTests.records, to: "records.brood")
    let output = try run(
      Program.brood, ["records.brood"], environment: Program.environment(home: place.path),
      directory: place.path)
    #expect(output.standardError == "")
    let lines = output.standardOutput.split(separator: "\n")
    #expect(lines.count > 30)
    for line in lines {
      let parts = line.components(separatedBy: " : ")
      guard parts.count == 2 else { continue }
      let help = try shell(["-c", "help \(parts[0])"]).standardOutput
      let listed = try fields(of: help)
      let keys = Set(parts[1].split(separator: " ").map(String.init))
      let odd = Set(listed.keys).symmetricDifference(keys).subtracting(["all"])
      #expect(odd.isEmpty, "\(parts[0])")
      for (name, meaning) in listed { #expect(!meaning.isEmpty, "\(parts[0]) \(name)") }
    }
  }

  /// The fields under the heading of a page of help, with what they mean.
  private func fields(of help: String) throws -> [String: String] {
    let lines = help.components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: "Fields") else { return [:] }
    var found: [String: String] = [:]
    for line in lines[(start + 1)...].prefix(while: { !$0.isEmpty }) {
      guard line.prefix(3).last != " " else { continue }
      let words = line.split(separator: " ", maxSplits: 1)
      found[String(words[0])] =
        words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : ""
    }
    return found
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsAreCurrent(_ kind: String) throws {
    let file = Program.sourceTree.appending(path: "completions/brood.\(kind)")
    let printed = try shell(["--completions", kind])
    #expect(try String(contentsOf: file, encoding: .utf8) == printed.standardOutput)
  }

  private func shell(
    _ arguments: [String], in place: TemporaryDirectory? = nil
  ) throws -> Output {
    let place = try place ?? TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["TMPDIR"] = try place.temporaries()
    return try run(
      Program.brood, arguments, environment: environment, directory: place.path)
  }
}
