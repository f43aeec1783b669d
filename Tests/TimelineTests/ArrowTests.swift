import Testing

@testable import Timeline

/// Which event brings about which.
@Suite struct ArrowTests {
  private let ms: Int64 = 1_000_000

  private func chart(_ events: [ChartEvent]) -> Chart {
    ChartBuilder.chart([ChartSource(session: 1, host: "h", boot: "b", events: events)])
  }

  private func told(_ chart: Chart) -> [String] {
    chart.arrows.map { arrow in
      let (from, to) = (chart.lanes[arrow.from.lane], chart.lanes[arrow.to.lane])
      return "\(arrow.kind.name) \(chart.label(arrow)): \(from.pid)@\(arrow.from.time / ms)"
        + " \(to.pid)@\(arrow.to.time / ms)"
    }
  }

  private func put(_ number: Int64, count: Int64 = 1, out: String = "ok") -> ChartEvent.What {
    operation("queue put", number, count, out)
  }

  private func get(_ number: Int64, count: Int64 = 1, out: String = "ok") -> ChartEvent.What {
    operation("queue get", number, count, out)
  }

  private func operation(
    _ verb: String, _ number: Int64?, _ count: Int64 = 1, _ out: String = "ok", id: Int64 = 1
  ) -> ChartEvent.What {
    let kind = String(verb.prefix { $0 != " " })
    return .operation(
      ChartEvent.Operation(
        verb, ChartEvent.SharedObject(kind, id, "x"), number: number, count: count, outcome: out))
  }

  @Test func eachKindOfArrowIsFound() {
    let chart = ChartBuilder.chart([Samples.small()])
    #expect(
      told(chart) == [
        "fork fork cook: 40@2 41@3", "fork fork waiter: 40@4 42@5",
        "message queue jobs #1: 41@30 42@32", "hand-over lock fork1: 41@60 42@61",
        "signal USR1: 40@70 41@71", "exit exit status 0: 41@82 40@83",
        "fork spawn sort: 40@85 43@85", "exit exit by KILL: 42@91 40@91",
        "signal KILL: 40@90 42@91", "exit exit status 2: 43@95 40@95",
      ])
    #expect(chart.value(chart.arrows[2]) == "\"apple\"")
    #expect(chart.lanes.map(\.depth) == [0, 1, 1, 1])
    #expect(
      chart.lanes[2].spans.map { "\($0.state.name) \($0.label)" } == [
        "running ", "sleeping queue get jobs", "running ", "sleeping lock acquire fork1",
        "running ",
      ])
    #expect(chart.lanes[1].spans.contains { $0.state == .handler && $0.end - $0.start == 9 * ms })
    #expect(chart.lanes[3].spans.map(\.state) == [.program])
    #expect(chart.unmatched == 0 && chart.disordered == 0)
  }

  @Test func aReceiptRecordedBeforeItsSendingIsMatchedAndDoesNotGoBack() {
    let chart = chart([
      ChartEvent(1 * ms, 2, .start(name: "a", parent: 1)),
      ChartEvent(1 * ms, 3, .start(name: "b", parent: 1)),
      ChartEvent(5 * ms, 3, get(1)), ChartEvent(9 * ms, 2, put(1)),
    ])
    #expect(told(chart) == ["message queue x #1: 2@5 3@5"])
    #expect(chart.disordered == 0)
  }

  @Test func clocksThatDoNotAgreeAreCounted() {
    let chart = chart([
      ChartEvent(5 * ms, 3, get(1)), ChartEvent(8 * ms, 2, .start(name: "a", parent: 1)),
      ChartEvent(9 * ms, 2, put(1)),
    ])
    #expect(told(chart) == ["message queue x #1: 2@8 3@8"])
    #expect(chart.disordered == 1)
  }

  @Test func batchesAreJoinedToEachReceiptOfTheirItems() {
    let chart = chart([
      ChartEvent(1 * ms, 2, put(1, count: 4)), ChartEvent(2 * ms, 2, put(5, count: 2)),
      ChartEvent(3 * ms, 3, get(1)), ChartEvent(4 * ms, 3, get(2, count: 4)),
      ChartEvent(5 * ms, 3, get(6)), ChartEvent(6 * ms, 3, get(7)),
    ])
    #expect(
      told(chart) == [
        "message queue x #1: 2@1 3@3", "message queue x #2-4: 2@1 3@4",
        "message queue x #5: 2@2 3@4", "message queue x #6: 2@2 3@5",
      ])
    #expect(chart.arrows.map(\.count) == [1, 3, 1, 1])
    #expect(chart.unmatched == 1)
  }

  @Test func whatFailedDeliversNothing() {
    let chart = chart([
      ChartEvent(1 * ms, 2, put(1, out: "closed")), ChartEvent(2 * ms, 3, get(1, out: "timeout")),
    ])
    #expect(chart.arrows.isEmpty && chart.unmatched == 0)
  }

  @Test func theEndsOfAPipeHaveMessagesWithTheSameNumbers() {
    let chart = chart([
      ChartEvent(1 * ms, 2, operation("pipe send", 1)),
      ChartEvent(1 * ms, 3, operation("pipe send", 1)),
      ChartEvent(2 * ms, 2, operation("pipe recv", 1)),
      ChartEvent(3 * ms, 3, operation("pipe recv", 1)),
    ])
    #expect(told(chart) == ["message pipe x #1: 3@1 2@2", "message pipe x #1: 2@1 3@3"])
  }

  @Test func aLockGoesFromTheOneThatHadIt() {
    let lock = ChartEvent.SharedObject("lock", 1, "x")
    let chart = chart([
      ChartEvent(1 * ms, 2, operation("lock acquire", nil)),
      ChartEvent(2 * ms, 3, .sleep(verb: "lock acquire", on: lock)),
      ChartEvent(2 * ms, 4, .sleep(verb: "lock acquire", on: lock)),
      // The release is recorded after the acquisition that it made possible.
      ChartEvent(8 * ms, 3, .wake(on: lock, by: 2)),
      ChartEvent(8 * ms, 3, operation("lock acquire", nil)),
      ChartEvent(9 * ms, 2, operation("lock release", nil)),
      ChartEvent(12 * ms, 3, operation("lock release", nil)),
      ChartEvent(13 * ms, 4, .wake(on: lock, by: 0)),
      ChartEvent(13 * ms, 4, operation("lock acquire", nil)),
      ChartEvent(20 * ms, 4, operation("lock release", nil)),
      // Free: nobody has waited.
      ChartEvent(30 * ms, 2, operation("lock acquire", nil)),
    ])
    #expect(told(chart) == ["hand-over lock x: 2@8 3@8", "hand-over lock x: 3@12 4@13"])
  }

  @Test func aSleepForSomethingElseBeforeALockIsNoWaitForIt() {
    let nothing = ChartEvent.SharedObject("", 0)
    let chart = chart([
      ChartEvent(1 * ms, 2, operation("lock acquire", nil)),
      ChartEvent(2 * ms, 3, .sleep(verb: "sleep 10ms", on: nothing)),
      ChartEvent(4 * ms, 2, operation("lock release", nil)),
      ChartEvent(12 * ms, 3, .wake(on: nothing, by: 0)),
      ChartEvent(13 * ms, 3, operation("lock acquire", nil)),
    ])
    #expect(chart.arrows.isEmpty)
  }

  @Test func anEventLetsAllGoOnAndSoDoesTheLastAtABarrier() {
    let event = ChartEvent.SharedObject("event", 1, "x")
    let barrier = ChartEvent.SharedObject("barrier", 1, "x")
    let chart = chart([
      ChartEvent(1 * ms, 2, .sleep(verb: "event wait", on: event)),
      ChartEvent(1 * ms, 3, .sleep(verb: "event wait", on: event)),
      ChartEvent(5 * ms, 4, operation("event set", nil)),
      ChartEvent(6 * ms, 2, operation("event wait", nil)),
      ChartEvent(7 * ms, 3, operation("event wait", nil)),
      ChartEvent(10 * ms, 2, .sleep(verb: "barrier wait", on: barrier)),
      ChartEvent(11 * ms, 3, .sleep(verb: "barrier wait", on: barrier)),
      ChartEvent(12 * ms, 4, operation("barrier wait", nil)),
      ChartEvent(13 * ms, 3, operation("barrier wait", nil)),
      ChartEvent(14 * ms, 2, operation("barrier wait", nil)),
    ])
    #expect(
      told(chart) == [
        "hand-over event x: 4@5 2@6", "hand-over event x: 4@5 3@7",
        "hand-over barrier x: 4@12 3@13", "hand-over barrier x: 4@12 2@14",
      ])
  }

  @Test func aPidThatIsUsedAgainHasALaneForEachProcess() {
    var events: [ChartEvent] = [ChartEvent(0, 1, .start(name: "brood", parent: 0))]
    for round in 0..<3 {
      let time = Int64(round * 100 + 1) * ms
      events += [
        ChartEvent(time, 1, .fork(child: 7, name: "kid\(round)")),
        ChartEvent(time + ms, 7, .start(name: "kid\(round)", parent: 1)),
        ChartEvent(time + 2 * ms, 7, put(Int64(round))),
        ChartEvent(time + 3 * ms, 7, .exit(.status(round))),
        ChartEvent(time + 4 * ms, 1, .wait(child: 7, .status(round))),
        ChartEvent(time + 5 * ms, 1, get(Int64(round))),
      ]
    }
    let chart = chart(events)
    #expect(chart.lanes.map(\.name) == ["brood", "kid0", "kid1", "kid2"])
    #expect(chart.lanes.map(\.incarnation) == [0, 0, 1, 2])
    #expect(chart.arrows.map { max($0.from.lane, $0.to.lane) } == [1, 1, 1, 2, 2, 2, 3, 3, 3])
    #expect(chart.lanes[3].ending == .status(2))
  }

  @Test func whatWasKilledEndsWhereItWasWaitedFor() {
    let chart = chart([
      ChartEvent(0, 1, .fork(child: 2, name: "kid")),
      ChartEvent(1 * ms, 2, .start(name: "kid", parent: 1)),
      ChartEvent(2 * ms, 1, .kill(to: 2, signal: "KILL")),
      ChartEvent(4 * ms, 1, .wait(child: 2, .signal("KILL"))),
      ChartEvent(9 * ms, 1, .print("done")),
    ])
    #expect(chart.lanes[1].hasEnded && chart.lanes[1].ended == 4 * ms)
    #expect(told(chart).contains("signal KILL: 1@2 2@4"))
  }

  @Test func recordingsOfOneBootHaveOneClockAndOthersTheTimeOfDay() {
    func source(_ host: String, _ boot: String, _ zero: Int64, _ began: Int64) -> ChartSource {
      ChartSource(
        session: 5, script: "s", host: host, boot: boot, zero: zero, began: began,
        events: [ChartEvent(0, 5, .start(name: host, parent: 0)), ChartEvent(10, 5, .exit(nil))])
    }
    let chart = ChartBuilder.chart([
      source("a", "1", 1000, 50_000), source("a", "1", 1400, 90_000), source("b", "2", 7, 50_700),
    ])
    #expect(chart.lanes.map(\.began) == [0, 400, 700])
    #expect(chart.lanes.map(\.recording) == [0, 1, 2])
    #expect(chart.titles == ["s (5) on a", "s (5) on a", "s (5) on b"])
  }

  @Test func aSelectionCountsWhatItLeavesOut() throws {
    let chart = ChartBuilder.chart([Samples.small()])
    var selection = Chart.Selection()
    selection.processes = ["cook", "42"]
    let two = try chart.selected(selection)
    #expect(two.lanes.map(\.name) == ["cook", "waiter"])
    #expect(two.lanes.map(\.parent) == [nil, nil])
    #expect(two.arrows.count == 2 && two.leftOut.lanes == 2 && two.leftOut.arrows == 8)
    selection = Chart.Selection()
    selection.last = 20 * ms
    let end = try chart.selected(selection)
    #expect(end.begin == 77 * ms && end.lanes.count == 4)
    #expect(end.arrows.count + end.leftOut.arrows == chart.arrows.count)
    #expect(end.lanes.allSatisfy { $0.spans.allSatisfy { $0.start >= end.begin } })
    selection = Chart.Selection()
    selection.from = "open"
    selection.to = "closed"
    let between = try chart.selected(selection)
    #expect(between.begin == 6 * ms && between.end == 96 * ms)
    #expect(between.marks.map(\.text) == ["open", "closed"])
    selection.from = "closed"
    selection.to = "open"
    #expect(throws: Chart.Missing.order("closed", "open")) { try chart.selected(selection) }
    selection.from = "nowhere"
    #expect(throws: Chart.Missing.mark("nowhere")) { try chart.selected(selection) }
    selection = Chart.Selection()
    selection.processes = ["cook", "nobody"]
    #expect(throws: Chart.Missing.process("nobody")) { try chart.selected(selection) }
  }
}
