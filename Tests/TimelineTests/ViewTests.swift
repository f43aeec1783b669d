import Language
import Testing

@testable import Timeline

/// What the views make of recordings; what Perfetto and a browser say is in `TranscriptTests`.
@Suite struct ViewTests {
  /// Everything that can be made of a chart, by the name of its view.
  static func files(_ chart: Chart) -> [(String, [UInt8])] {
    [
      ("json", JSONView.bytes(chart)), ("chrome", ChromeView.bytes(chart)),
      ("perfetto", PerfettoView.bytes(chart)),
      ("svg", SVGView.bytes(chart, measure: Samples.measure)),
      ("html", HTMLView.bytes(chart) { "line of \($0)" }),
      ("cast", AsciicastView.bytes(chart)),
    ]
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func count(_ part: String, _ text: String) -> Int {
    text.split(separator: part, omittingEmptySubsequences: false).count - 1
  }

  /// The sum of the numbers behind a text.
  private func sum(_ part: String, _ text: String) -> Int {
    text.split(separator: part, omittingEmptySubsequences: false).dropFirst().reduce(0) {
      $0 + (Int($1.prefix { $0.isNumber }) ?? 0)
    }
  }

  @Test func tenThousandMessagesAreAsManyArrowsInEachView() {
    var samples = Samples(seed: 7)
    let chart = ChartBuilder.chart([samples.exchange(messages: 10_000)])
    #expect(chart.deliveries == 10_000)
    #expect(chart.disordered == 0 && chart.unmatched == 0)
    // Five forks, five ends.
    #expect(chart.arrows.count == 10_010)
    #expect(chart.arrows.allSatisfy { $0.from.time <= $0.to.time })
    let json = ViewTests.text(JSONView.bytes(chart))
    #expect(count("\"kind\":\"message\"", json) == 10_000)
    let chrome = ViewTests.text(ChromeView.bytes(chart))
    #expect(count("\"cat\":\"message\"", chrome) == 20_000)
    #expect(count("\"ph\":\"s\"", chrome) == 10_010 && count("\"ph\":\"f\"", chrome) == 10_010)
    let svg = ViewTests.text(SVGView.bytes(chart, measure: Samples.measure))
    #expect(sum("data-arrows=\"", svg) == 10_010)
    let html = ViewTests.text(HTMLView.bytes(chart) { _ in nil })
    let flat = html.split(separator: "\"arrows\":[").last?.prefix { $0 != "]" }
    #expect(flat?.split(separator: ",").count == 10_010 * 10)
    #expect(html.utf8.count < 10_000 * 300)
    for width in [80, 120, 200] {
      var view = TerminalView(measure: Samples.measure)
      view.width = width
      let result = view.draw(chart)
      #expect(result.drawn + result.withoutRoom == 10_010 && result.hiddenLanes == 0)
      #expect(result.drawn > 300)
      #expect(result.text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width })
    }
  }

  @Test func arrowsOfFilesGoForwardBetweenSlicesThatNest() {
    var samples = Samples(seed: 3)
    let chart = ChartBuilder.chart([samples.exchange(messages: 2000), Samples.small()])
    let slices = Slices(chart)
    var starts: [Int: Int64] = [:]
    for slice in slices.slices { for arrow in slice.begins { starts[arrow] = slice.start } }
    #expect(starts.count == chart.arrows.count)
    var ends = 0
    for slice in slices.slices {
      for arrow in slice.ends {
        ends += 1
        #expect((starts[arrow] ?? .max) < slice.start)
      }
    }
    #expect(ends == chart.arrows.count)
    var open = [[Int]](repeating: [], count: chart.lanes.count)
    for edge in slices.edges {
      let lane = slices.slices[edge.slice].lane
      if edge.isBegin {
        open[lane].append(edge.slice)
      } else {
        #expect(open[lane].popLast() == edge.slice)
      }
    }
    #expect(open.allSatisfy { $0.isEmpty })
  }

  @Test func anEmptyRecordingAndOneEventAreShown() {
    for source in [
      ChartSource(session: 1), ChartSource(session: 1, events: [ChartEvent(5, 2, .print("x"))]),
      ChartSource(session: 1, events: [ChartEvent(5, 2, .lost(3))]),
    ] {
      let chart = ChartBuilder.chart([source])
      for (name, bytes) in ViewTests.files(chart) {
        // A trace of Perfetto's without packets is one.
        #expect(!bytes.isEmpty || name == "perfetto" && chart.lanes.isEmpty, "\(name)")
      }
      #expect(!TerminalView(measure: Samples.measure).text(chart).isEmpty)
    }
    #expect(ChartBuilder.chart([]).lanes.isEmpty)
    #expect(TerminalView(measure: Samples.measure).text(Chart()).hasPrefix("0 processes"))
  }

  @Test func aHundredThousandEventsAreShown() {
    var samples = Samples(seed: 5)
    let chart = ChartBuilder.chart([samples.exchange(messages: 38_000)])
    #expect(chart.events > 100_000 && chart.deliveries == 38_000)
    for (name, bytes) in ViewTests.files(chart) { #expect(!bytes.isEmpty, "\(name)") }
    #expect(HTMLView.bytes(chart) { _ in nil }.count < chart.events * 300)
    let result = TerminalView(measure: Samples.measure).draw(chart)
    #expect(result.drawn + result.withoutRoom == chart.arrows.count)
  }

  private static let odd = [
    "</script><script>alert(1)</script>", "\u{1B}[31mred\u{1B}[0m", "a\nb\tc\u{7}", "日本語の名前",
    "\u{202E}evil", "&<>\"'", "👩‍👩‍👧‍👦 family", "e\u{301}", "\\u0041", "nul\0nul", "", "]]>--><!--",
  ]

  @Test func whatOthersWroteNeitherRunsNorBreaksAFile() {
    var samples = Samples(seed: 2)
    let odd = ViewTests.odd
    let chart = ChartBuilder.chart([
      samples.exchange(
        messages: 60, processes: 12, name: { odd[$0 % odd.count] },
        value: { odd[$0 % odd.count] })
    ])
    #expect(chart.deliveries == 60)
    let html = ViewTests.text(HTMLView.bytes(chart) { _ in "</script><b>" })
    #expect(count("</script>", html) == 2)
    #expect(!html.contains("alert(1)</script>") && !html.contains("\u{1B}"))
    let svg = ViewTests.text(SVGView.bytes(chart, measure: Samples.measure))
    #expect(!svg.contains("<script") && !svg.contains("\u{202E}"))
    #expect(svg.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    for (name, bytes) in ViewTests.files(chart) where ["json", "chrome"].contains(name) {
      #expect(!bytes.contains { $0 < 0x20 && $0 != 0x0A }, "\(name)")
    }
    for width in [80, 120, 200] {
      for isASCII in [false, true] {
        var view = TerminalView(measure: Samples.measure)
        view.width = width
        view.isASCII = isASCII
        let text = view.text(chart)
        for line in text.split(separator: "\n") {
          #expect(displayWidth(String(line)) <= width, "\(line)")
        }
        #expect(text.unicodeScalars.allSatisfy { !TerminalText.isControl($0) || $0 == "\n" })
        #expect(!isASCII || text.unicodeScalars.allSatisfy(\.isASCII))
      }
    }
  }

  @Test func eventsThatContradictEachOtherTrapNothing() {
    var samples = Samples(seed: 11)
    let times: [Int64] = [0, 1, -1, 5, 1000, 1_000_000, .min, .max, 1 << 60]
    let numbers: [Int64] = [0, 1, 2, 3, -1, .min, .max]
    for _ in 0..<400 {
      var sources: [ChartSource] = []
      for recording in 0..<1 + samples.next(2) {
        var events: [ChartEvent] = []
        for _ in 0..<samples.next(40) {
          let time = times[samples.next(times.count)]
          let pid = Int32(samples.next(4))
          let other = Int32(samples.next(4))
          let object = ChartEvent.SharedObject(
            ["queue", "lock", "barrier", "event", "pipe"][samples.next(5)],
            numbers[samples.next(3)], "x")
          let verbs = [
            "put", "get", "acquire", "release", "wait", "set", "send", "recv", "notify",
          ]
          let signal = ["TERM", "USR1"][samples.next(2)]
          let what: ChartEvent.What
          switch samples.next(15) {
          case 0: what = .start(name: "a", parent: other)
          case 1: what = .fork(child: other, name: "b")
          case 2: what = .spawn(child: other, name: "c")
          case 3: what = .exec(name: "d")
          case 4: what = .exit(.status(1))
          case 5: what = .wait(child: other, .signal(signal))
          case 6: what = .kill(to: other, signal: signal)
          case 7: what = .handler(signal: signal)
          case 8: what = .handled(signal: signal)
          case 9: what = .sleep(verb: "wait", on: object)
          case 10: what = .wake(on: object, by: other)
          case 11:
            what = .task(
              ChartEvent.PoolTask(numbers[samples.next(7)], isBegin: samples.next(2) == 0))
          case 12:
            what = [.print("p"), .mark("m"), .lost(numbers[samples.next(7)])][samples.next(3)]
          default:
            what = .operation(
              ChartEvent.Operation(
                "\(object.kind) \(verbs[samples.next(verbs.count)])", object,
                number: numbers[samples.next(7)], count: numbers[samples.next(7)]))
          }
          events.append(ChartEvent(time, pid, what))
        }
        sources.append(
          ChartSource(
            session: 1, host: "h", boot: "\(recording)", zero: times[samples.next(times.count)],
            began: samples.next(2) == 0 ? nil : times[samples.next(times.count)], events: events))
      }
      let chart = ChartBuilder.chart(sources)
      #expect(chart.arrows.allSatisfy { $0.from.time <= $0.to.time })
      var selection = Chart.Selection()
      selection.last = 10
      let charts = [chart, (try? chart.selected(selection)) ?? chart]
      for chart in charts {
        for (name, bytes) in ViewTests.files(chart) {
          #expect(!bytes.isEmpty || name == "perfetto", "\(name)")
        }
        let result = TerminalView(measure: Samples.measure).draw(chart)
        #expect(result.drawn + result.withoutRoom + result.ofHiddenLanes == chart.arrows.count)
        var shown = EventLines.Shown()
        let lines = EventLines(measure: Samples.measure)
        _ = lines.lines(chart, after: &shown)
        #expect(lines.lines(chart, after: &shown).isEmpty)
      }
    }
  }

  @Test func thePictureOfASmallProgram() {
    let chart = ChartBuilder.chart([Samples.small()])
    var view = TerminalView(measure: Samples.measure)
    view.isASCII = true
    view.mostListed = 0
    #expect(
      view.text(chart) == """
        demo.brood (40) on box: 4 processes, 27 events, 10 arrows in 97ms
                      |0s          |20ms         |40ms        |60ms         |80ms
                          !open                                                  !closed
        brood (40)    =+=============================================+=========+===+===x
                       +v                                            +v      +^|   |  ^
          cook (41)     ==================+===================+=======######=x |   |  |
                                          +v                  +v               |   v  |
          waiter (42)    =.queue get jobs..==...................===============+===x  |
                                                                               v      |
          sort (43)                                                            ~~~~~~~x
        = running  . sleeping  # handler  ~ program  x ended
        no room for 2 arrows of 10 (--last, --from or --of show a part, --html all)

        """)
  }

  @Test func manyProcessesAreCountedNotDrawn() {
    var samples = Samples(seed: 4)
    let chart = ChartBuilder.chart([samples.exchange(messages: 500, processes: 100)])
    let result = TerminalView(measure: Samples.measure).draw(chart)
    #expect(result.hiddenLanes == 61)
    #expect(result.drawn + result.withoutRoom + result.ofHiddenLanes == chart.arrows.count)
    #expect(result.text.contains("not drawn: 61 processes"))
  }

  @Test func aCastHasWhatWasPrintedInItsTime() {
    let chart = ChartBuilder.chart([Samples.small()])
    #expect(
      ViewTests.text(AsciicastView.bytes(chart)) == """
        {"version":3,"term":{"cols":80,"rows":24},"timestamp":1700000000,"title":"demo.brood (40) on box"}
        [0.006000,"m","open"]
        [0.027000,"o","served apple\\r\\n"]
        [0.063000,"m","closed"]

        """)
  }

  @Test func linesOfEventsAreNotShownTwice() {
    let source = Samples.small()
    let view = EventLines(measure: Samples.measure)
    var shown = EventLines.Shown()
    var lines: [String] = []
    for end in [1, 5, 11, 18, source.events.count] {
      var part = source
      part.events = Array(source.events.prefix(end))
      lines += view.lines(ChartBuilder.chart([part]), after: &shown)
    }
    #expect(lines.count { $0.contains("queue get jobs #1") } == 1)
    #expect(
      lines.contains(
        "0.032000000  waiter (42)  queue get jobs #1 \"apple\"  ← cook (41)  demo.brood:7"))
    #expect(Set(lines).count == lines.count)
  }
}
