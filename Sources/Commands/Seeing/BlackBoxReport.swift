import Channels
import Glibc
import Language
import Posix
import Processes
import Seeing
import Session
import Waits

/// `brood blackbox`: what sessions have left that ended badly.
struct BlackBoxReport {
  private let box: BlackBox
  private let events: [RecordedEvent]
  private let names: [Int32: String]

  /// How many of the last events of a process are shown.
  private static let mostEvents = 3

  init(_ box: BlackBox) {
    self.box = box
    events = box.recording?.events() ?? []
    var names: [Int32: String] = [:]
    for event in events where event.what == .start && !event.text.isEmpty {
      names[event.pid] = event.text
    }
    // The beginning of a process that did much is no longer there.
    for event in events where event.what == .fork || event.what == .spawn {
      names[event.other] = event.text
    }
    for life in box.lives where !life.name.isEmpty { names[life.pid] = life.name }
    names[box.session] = names[box.session] ?? "brood"
    self.names = names
  }

  /// The boxes of this user, the latest first.
  static func boxes(_ session: Session) -> [BlackBox] {
    guard let directory = Session.boxDirectory else { return [] }
    BlackBox.collect(into: directory, from: Session.recordingDirectory)
    return BlackBox.all(in: directory)
  }

  private func name(_ pid: Int32) -> String {
    names[pid].map { "\($0) (\(pid))" } ?? "process \(pid)"
  }

  private var end: String {
    box.cause.map { "ended by \($0.name)" } ?? "killed, or gone without an orderly end"
  }

  private var script: String { box.recording?.script ?? "" }

  /// One line: which session, when, how it ended.
  var line: String {
    let what = script.isEmpty ? "" : " (\(script))"
    return "session \(box.session)\(what): \(end), \(timeText(Int(box.time)))"
  }

  /// Pids of all processes that are known, the session's own first.
  private var pids: [Int32] {
    var result = box.lives.map(\.pid)
    for event in events where !result.contains(event.pid) { result.append(event.pid) }
    return result
  }

  /// The record.
  var value: Value {
    let rows = pids.map { pid -> Value in
      let life = box.lives.first { $0.pid == pid }
      let last = events.last { $0.pid == pid && $0.what != .name }
      return .record([
        "pid": .int(Int(pid)), "name": .text(names[pid] ?? ""),
        "waits": waits(life).map { .text($0) } ?? .null,
        "since": since(life).map { .duration(Int($0)) } ?? .null,
        "at": place(life).map { .text($0) } ?? .null,
        "ending": life?.ending.map { .text($0.description) } ?? .null,
        "last": last.map { .text(text($0)) } ?? .null,
      ])
    }
    return .record([
      "session": .int(Int(box.session)), "script": script.isEmpty ? .null : .text(script),
      "signal": box.cause.map { .text($0.name) } ?? .null, "time": .time(Int(box.time)),
      "processes": .items(rows), "killed": .items(kills.map { .text(text($0)) }),
      "events": .int(events.count),
    ])
  }

  /// All of it, for people.
  var text: String {
    var lines = [line]
    for pid in pids {
      let life = box.lives.first { $0.pid == pid }
      var line = "  \(name(pid))  "
      if let ending = life?.ending {
        line += ending.description
      } else if let waits = waits(life) {
        line += "waited: \(waits)"
        if let since = since(life) { line += ", for \(BlackBoxReport.duration(since))" }
      } else if life != nil {
        line += "ran"
      } else {
        line += "as its last events tell"
      }
      if life?.ending == nil, let place = place(life) { line += "  \(place)" }
      lines.append(line)
      let own = events.filter { $0.pid == pid && $0.what != .name }
      for event in own.suffix(BlackBoxReport.mostEvents) {
        lines.append("    \(moment(event))  \(text(event))")
      }
    }
    if !kills.isEmpty {
      lines.append("signals that the session's processes sent:")
      lines += kills.suffix(10).map { "    \(moment($0))  \(name($0.pid)): \(text($0))" }
    }
    if box.recording == nil {
      lines.append("nothing was recorded: see help record")
    }
    return lines.joined(separator: "\n")
  }

  private var kills: [RecordedEvent] { events.filter { $0.what == .kill } }

  private func waits(_ life: BlackBox.Life?) -> String? {
    guard let life, let sleep = life.sleep else { return nil }
    if !life.call.isEmpty { return life.call }
    return sleep.verb.isEmpty ? nil : sleep.verb
  }

  private func since(_ life: BlackBox.Life?) -> Int64? {
    life?.sleep.map { max(0, box.moment - $0.since) }
  }

  private func place(_ life: BlackBox.Life?) -> String? {
    life?.sleep?.place.map { "\($0.text):\($0.line)" }
  }

  /// To the millisecond.
  private static func duration(_ nanoseconds: Int64) -> String {
    durationText(Int(nanoseconds / 1_000_000 * 1_000_000))
  }

  /// How long before the session's end.
  private func moment(_ event: RecordedEvent) -> String {
    let begin = box.recording?.begin.monotonic ?? 0
    return "-" + BlackBoxReport.duration(max(0, box.moment - begin - event.time))
  }

  private func text(_ event: RecordedEvent) -> String {
    let at = event.place.map { "  \($0.text):\($0.line)" } ?? ""
    return RecordingText.words(event, names: objectNames, process: name) + at
  }

  private var objectNames: [UInt64: String] {
    var result: [UInt64: String] = [:]
    for event in events where event.what == .name { result[event.id] = event.text }
    return result
  }

  // MARK: The command

  static let command = Command(
    "blackbox", "Show what a session that ended badly has left",
    details: """
      A session that was killed, that a signal ended, or that left processes, leaves what each of its \
      processes waited for and how they ended, and what was recorded (`help record`). The last eight \
      are kept, in ~/.local/state/brood/blackbox. 1 is the latest of them. After `kill -9` of the \
      session and its guardian only a recording is left.
      """,
    parameters: [Parameter("number", .int.atLeast(1), .optional)],
    flags: [
      Flag("list", nil, "list all that there are"),
      Flag("to", .path, "write what was recorded to a file, for timeline"),
    ], traits: .reports, examples: [Example("blackbox --list", "no session has left a black box")]
  ) { call in
    var number = 1
    if case .int(let given)? = call.count > 0 ? call[0] : nil { number = given }
    return call.shown(
      try report(number, isList: call.isSet("list"), to: call.flag("to")?.asText, call.session))
  }

  static func report(
    _ number: Int, isList: Bool, to path: String?, _ session: Session
  ) throws -> LookReport {
    let boxes = boxes(session)
    if isList {
      let reports = boxes.map(BlackBoxReport.init)
      let lines = reports.enumerated().map { "\($0.offset + 1)  \($0.element.line)" }
      return LookReport(
        records: reports.map(\.value),
        text: lines.isEmpty ? "no session has left a black box" : lines.joined(separator: "\n"))
    }
    guard number <= boxes.count else {
      throw ErrorObject(
        .missing,
        boxes.isEmpty
          ? "no session has left a black box" : "there is no black box \(number)",
        help: boxes.isEmpty
          ? "one that is killed or that a signal ends leaves one" : "there are \(boxes.count)")
    }
    let report = BlackBoxReport(boxes[number - 1])
    if let path {
      guard let recording = boxes[number - 1].recording else {
        throw ErrorObject(
          .missing, "nothing was recorded in that session", help: "see: help record")
      }
      try session.write(recording, to: path)
    }
    return LookReport(records: [report.value], text: report.text)
  }
}
