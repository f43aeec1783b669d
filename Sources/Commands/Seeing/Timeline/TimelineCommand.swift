import Glibc
import Language
import Posix
import Session
import Timeline

/// `timeline`: what was recorded, as a picture.
enum TimelineCommand {
  /// The flags that write a file, and what is in it.
  private static let files: [(name: String, what: String)] = [
    ("html", "a page for a browser, to zoom, search and see the lines of arrows"),
    ("svg", "a picture"),
    ("perfetto", "a trace for ui.perfetto.dev"),
    ("chrome", "a trace as JSON, for Chrome and others"),
    ("asciicast", "what was printed, to be played by asciinema"),
  ]

  static let command = Command(
    "timeline", "Show what was recorded, with who waited for what and who woke whom",
    details: """
      A lane for each process, with what it did at each time: it runs, it sleeps and what for, it \
      handles a signal, it is a program, it has ended. Arrows go from a fork to the child, from an end \
      to the wait for it, from a put or send to the get or receive of the same message, from a kill to \
      the handler or the end, and from who released a lock, set an event or came last to a barrier to \
      who had slept for it. What has no room is counted. Without FILE it shows what this session has \
      recorded; files of several sessions are shown together.

      Its value is a record: `begin`, `end`, `lanes`, `arrows`, `marks` and what is missing; times \
      are nanoseconds.
      """,
    parameters: [
      Parameter("file", .path, .rest, "as written by record to, or brood --record")
    ],
    flags: [
      Flag("last", .duration, "only the last part, this long"),
      Flag("from", .text, "only from this mark on"),
      Flag("to", .text, "only up to this mark"),
      Flag("of", .text, "only this process, by its name or pid", isRepeatable: true),
      Flag("ascii", nil, "draw with plain characters only"),
      Flag("width", .int.atLeast(40), "draw this many columns wide"),
    ] + files.map { Flag($0.name, .path, "write \($0.what)") } + [
      Flag("json", nil, "print the lanes and arrows as JSON"),
      Flag("follow", nil, "print events as they come, until all processes have ended"),
    ],
    rules: [
      .excludes(["last"], ["from"]),
      .excludes(["follow"], ["json", "last", "from", "to"] + files.map(\.name)),
    ],
    traits: .reports,
    examples: [
      Example(
        """
        let f = (^mktemp)
        write $f '{"brood":1,"session":7}
        {"t":0,"pid":7,"ev":"start","name":"cook"}
        {"t":5000000,"pid":7,"ev":"exit","status":0}
        '
        print (timeline $f).lanes[0].name
        ^rm $f
        """, "cook")
    ]
  ) { call in
    try call.session.output.flush()
    let paths = try (0..<call.count).map { try call.path($0) }
    if call.isSet("follow") {
      let following = TimelineFollowing(paths, call)
      try following.run(call.session, call.interpreter)
      return .null
    }
    let all = ChartBuilder.chart(try sources(call, paths))
    let chart = try selected(all, call)
    let wrote = try writeFiles(chart, paths, call)
    if call.isSet("json") {
      try call.interpreter.write(String(decoding: JSONView.bytes(chart), as: UTF8.self))
      return .null
    }
    if call.site.wantsValue { return try value(chart) }
    if wrote { return .null }
    // Values are made only if they are asked for; a report of many arrows is long.
    return .report(ReportObject(.null, text: view(call).text(chart)))
  }

  /// Reads the files, or what this session has recorded.
  static func sources(_ call: borrowing Call, _ paths: [String]) throws -> [ChartSource] {
    if paths.isEmpty { return [try RecordingSource.read(call.session)] }
    return try paths.map { path in
      let bytes = try call.onFile("read", path) {
        let fd = try call.open(path)
        defer { Descriptors.close(fd) }
        return try call.readAll(fd)
      }
      return try RecordingReader.read(bytes, path)
    }
  }

  /// Widths and harmless text as the rest of Brood has them.
  static let measure = TextMeasure(width: displayWidth, clean: TerminalText.line)

  private static func view(_ call: borrowing Call) -> TerminalView {
    var view = TerminalView(measure: measure)
    view.isASCII = call.isSet("ascii")
    view.width = ReportWidth.columns
    if case .int(let width)? = call.flag("width") { view.width = min(width, 1000) }
    return view
  }

  private static func selected(_ chart: Chart, _ call: borrowing Call) throws -> Chart {
    var selection = Chart.Selection()
    selection.last = call.nanoseconds("last").map { Int64($0) }
    selection.from = call.flag("from")?.asText
    selection.to = call.flag("to")?.asText
    selection.processes = texts(call.flag("of"))
    do {
      return try chart.selected(selection)
    } catch {
      throw problem(error, chart)
    }
  }

  private static func texts(_ value: Value?) -> [String] {
    switch value {
    case nil: []
    case .list(let list)?: list.items.map(\.asText)
    case let value?: [value.asText]
    }
  }

  private static func problem(_ missing: Chart.Missing, _ chart: Chart) -> ErrorObject {
    switch missing {
    case .mark(let text):
      var marks: [String] = []
      for mark in chart.marks where !marks.contains(mark.text) { marks.append(mark.text) }
      return ErrorObject(
        .missing, "there is no mark '\(text)' in the recording",
        help: marks.isEmpty
          ? "mark TEXT makes one while it is recorded"
          : "it has: " + marks.prefix(10).joined(separator: ", "))
    case .process(let text):
      var names: [String] = []
      for lane in chart.lanes where !names.contains(lane.title) { names.append(lane.title) }
      return ErrorObject(
        .missing, "there is no process '\(text)' in the recording",
        help: names.isEmpty ? nil : "it has: " + names.prefix(10).joined(separator: ", "))
    case .order(let from, let to):
      return ErrorObject(
        .range, "the mark '\(to)' is before the mark '\(from)'", help: "exchange --from and --to")
    }
  }

  /// The record that `--json` prints, as a value.
  private static func value(_ chart: Chart) throws -> Value {
    let bytes = JSONView.bytes(chart)
    return try bytes.withUnsafeBufferPointer { bytes in
      var parser = JSONParser(bytes)
      do throws(JSONParser.Failure) {
        return try parser.parse()
      } catch {
        throw ErrorObject(.limit, "the timeline is too long for a value: \(error.message)")
      }
    }
  }

  /// Writes each file that was asked for; yields whether any was.
  private static func writeFiles(
    _ chart: Chart, _ paths: [String], _ call: borrowing Call
  ) throws -> Bool {
    var wrote = false
    for (name, _) in files {
      guard let path = call.flag(name)?.asText else { continue }
      let bytes = content(name, chart, paths)
      try call.onFile("write", path) {
        let fd = try call.open(path, writing: O_CREAT | O_TRUNC)
        defer { Descriptors.close(fd) }
        try call.writeAll(fd, .bytes(BytesObject(bytes)))
      }
      wrote = true
    }
    return wrote
  }

  private static func content(_ name: String, _ chart: Chart, _ paths: [String]) -> [UInt8] {
    switch name {
    case "html":
      let lines = SourceLines(
        paths, ended: chart.realtime.map { $0.addingReportingOverflow(chart.end).partialValue })
      return HTMLView.bytes(chart, line: lines.line)
    case "svg": return SVGView.bytes(chart, measure: measure)
    case "perfetto": return PerfettoView.bytes(chart)
    case "chrome": return ChromeView.bytes(chart)
    default: return AsciicastView.bytes(chart)
    }
  }
}
