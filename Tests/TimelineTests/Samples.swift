import Language

@testable import Timeline

/// Recordings as processes would write them, made by a seed.
struct Samples {
  private var state: UInt64

  init(seed: UInt64 = 1) { state = seed }

  /// The next number below a bound.
  mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
  }

  static let measure = TextMeasure(width: displayWidth, clean: TerminalText.line)

  /// Processes that put numbered items into one queue, and take them out again, as often as there
  /// are messages; a receipt may be recorded a little earlier than the sending.
  mutating func exchange(
    messages: Int, processes: Int = 5, name: (Int) -> String = { "p\($0)" },
    value: (Int) -> String = { "item \($0)" }
  ) -> ChartSource {
    let jobs = ChartEvent.SharedObject("queue", 7, "jobs")
    var events: [ChartEvent] = [
      ChartEvent(0, 100, .start(name: "brood", parent: 1))
    ]
    var clocks = [Int64](repeating: 0, count: processes)
    for number in 0..<processes {
      let pid = Int32(101 + number)
      let time = Int64(1000 * (number + 1))
      events.append(ChartEvent(time, 100, .fork(child: pid, name: name(number)), at: "a.brood:1"))
      events.append(ChartEvent(time + 300, pid, .start(name: name(number), parent: 100)))
      clocks[number] = time + 400
    }
    for number in 0..<messages {
      let sender = next(processes)
      let receiver = (sender + 1 + next(max(1, processes - 1))) % processes
      let (from, to) = (Int32(101 + sender), Int32(101 + receiver))
      let sleeps = next(3) == 0
      if sleeps {
        events.append(
          ChartEvent(clocks[receiver], to, .sleep(verb: "queue get", on: jobs), at: "a.brood:9"))
      }
      let sent = max(clocks[sender], clocks[receiver]) + Int64(200 + next(5000))
      let got = sent + Int64(next(400)) - 100
      events.append(
        ChartEvent(
          sent, from,
          .operation(
            ChartEvent.Operation(
              "queue put", jobs, number: Int64(number), size: 8, value: value(number))),
          at: "a.brood:\(3 + next(3))"))
      if sleeps { events.append(ChartEvent(got - 50, to, .wake(on: jobs, by: from))) }
      events.append(
        ChartEvent(
          got, to,
          .operation(ChartEvent.Operation("queue get", jobs, number: Int64(number), size: 8)),
          at: "a.brood:9"))
      clocks[sender] = sent + 10
      clocks[receiver] = got + 10
    }
    let end = (clocks.max() ?? 0) + 1000
    for number in 0..<processes {
      let pid = Int32(101 + number)
      events.append(ChartEvent(end + Int64(number), pid, .exit(.status(0))))
      events.append(
        ChartEvent(
          end + 500 + Int64(number), 100, .wait(child: pid, .status(0)), at: "a.brood:12"))
    }
    return ChartSource(
      session: 100, script: "a.brood", host: "box", boot: "b", zero: 5_000_000,
      began: 1_700_000_000_000_000_000, events: events)
  }

  /// Two processes with one of each thing that is recorded.
  static func small() -> ChartSource {
    let lock = ChartEvent.SharedObject("lock", 3, "fork1")
    let jobs = ChartEvent.SharedObject("queue", 4, "jobs")
    let ms: Int64 = 1_000_000
    func op(_ verb: String, _ object: ChartEvent.SharedObject, _ number: Int64? = nil)
      -> ChartEvent.What
    {
      .operation(
        ChartEvent.Operation(
          verb, object, number: number, size: number.map { _ in 5 },
          value: number.map { _ in "\"apple\"" }))
    }
    return ChartSource(
      session: 40, script: "demo.brood", host: "box", boot: "b",
      began: 1_700_000_000_000_000_000,
      events: [
        ChartEvent(0, 40, .start(name: "brood", parent: 1)),
        ChartEvent(2 * ms, 40, .fork(child: 41, name: "cook"), at: "demo.brood:1"),
        ChartEvent(3 * ms, 41, .start(name: "cook", parent: 40)),
        ChartEvent(4 * ms, 40, .fork(child: 42, name: "waiter"), at: "demo.brood:6"),
        ChartEvent(5 * ms, 42, .start(name: "waiter", parent: 40)),
        ChartEvent(6 * ms, 42, .sleep(verb: "queue get", on: jobs), at: "demo.brood:7"),
        ChartEvent(6 * ms, 40, .mark("open"), at: "demo.brood:11"),
        ChartEvent(7 * ms, 41, op("lock acquire", lock), at: "demo.brood:2"),
        ChartEvent(30 * ms, 41, op("queue put", jobs, 1), at: "demo.brood:3"),
        ChartEvent(31 * ms, 42, .wake(on: jobs, by: 41)),
        ChartEvent(32 * ms, 42, op("queue get", jobs, 1), at: "demo.brood:7"),
        ChartEvent(33 * ms, 42, .print("served apple"), at: "demo.brood:8"),
        ChartEvent(34 * ms, 42, .sleep(verb: "lock acquire", on: lock), at: "demo.brood:9"),
        ChartEvent(60 * ms, 41, op("lock release", lock), at: "demo.brood:4"),
        ChartEvent(61 * ms, 42, .wake(on: lock, by: 41)),
        ChartEvent(61 * ms, 42, op("lock acquire", lock), at: "demo.brood:9"),
        ChartEvent(70 * ms, 40, .kill(to: 41, signal: "USR1"), at: "demo.brood:12"),
        ChartEvent(71 * ms, 41, .handler(signal: "USR1"), at: "demo.brood:5"),
        ChartEvent(80 * ms, 41, .handled(signal: "USR1")),
        ChartEvent(82 * ms, 41, .exit(.status(0))),
        ChartEvent(83 * ms, 40, .wait(child: 41, .status(0)), at: "demo.brood:13"),
        ChartEvent(85 * ms, 40, .spawn(child: 43, name: "sort"), at: "demo.brood:14"),
        ChartEvent(90 * ms, 40, .kill(to: 42, signal: "KILL"), at: "demo.brood:15"),
        ChartEvent(91 * ms, 40, .wait(child: 42, .signal("KILL")), at: "demo.brood:16"),
        ChartEvent(95 * ms, 40, .wait(child: 43, .status(2)), at: "demo.brood:17"),
        ChartEvent(96 * ms, 40, .mark("closed"), at: "demo.brood:18"),
        ChartEvent(97 * ms, 40, .exit(.status(0))),
      ])
  }
}
