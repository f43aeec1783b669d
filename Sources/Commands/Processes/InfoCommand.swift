import Language
import Posix
import Processes
import Session

/// `info`: all that is known of one process.
enum InfoCommand {
  static let command = Command(
    "info", "Show details of a process",
    details: """
      `ready` is how long it was ready to run but waited for a CPU. `memory` is what of it lies in \
      memory: `shared` with other processes, as after a fork everything is, and `private`, what it \
      alone has, as all that it has written to since. Of a process that was waited for, the record \
      remains.

      `guarded` is whether the session's guardian ends it if the session is killed. Of the session's \
      own process there are the `guardian`, null before the first process was made, and what it \
      `finds`: all, or no orphans of programs (`help guardian`).
      """,
    parameters: [Parameter("process", .process)], traits: .reports,
    examples: [
      Example(
        "let p = fork --name worker --nice 5 { sleep 10 }\nlet i = info $p\n"
          + "print $i.name $i.nice $i.detached\nkill $p\nwait $p", "worker 5 false")
    ]
  ) { call in
    try call.session.output.flush()
    let target = try ProcessTarget(call, 0)
    if let record = target.handle?.record { return report(ended(record)) }
    try call.at(0) { try target.requireLive() }
    let survey = try ProcessSurvey.whole(call.session)
    guard let row = survey.row(target.pid) else { throw call.at(0, target.goneError) }
    return report(facts(row, target, call.session))
  }

  private static func ended(_ record: WaitRecord) -> MapObject {
    let facts = MapObject()
    facts.set("state", .text("X"))
    facts.set("word", .text("ended"))
    if case .map(let map) = record.map {
      for (key, value) in map.pairs { facts.set(key, value) }
    }
    return facts
  }

  private static func facts(
    _ row: ProcessRow, _ target: ProcessTarget, _ session: Session
  ) -> MapObject {
    let facts = MapObject()
    if case .map(let map) = row.record {
      for (key, value) in map.pairs { facts.set(key, value) }
    }
    let stat = row.stat
    let reader = session.reader
    if let handle = target.handle {
      facts.set("id", .int(handle.id))
      facts.set("daemon", .bool(handle.isDaemon))
    }
    facts.set("detached", .bool(target.handle?.isDetached ?? Guardian.isDetached(stat.pid)))
    if stat.pid == session.rootPid {
      let guardian = session.guardianPid
      facts.set("guardian", guardian == 0 ? .null : .int(Int(guardian)))
      facts.set("finds", .text(Guardian.isMarked ? "all" : "no orphans of programs"))
    } else {
      facts.set("guarded", .bool(session.guards(stat)))
    }
    facts.set("group", .int(Int(stat.group)))
    facts.set("session", .int(Int(stat.session)))
    facts.set("threads", .int(Int(stat.threads)))
    facts.set("cpu", .duration(Int(stat.userTime + stat.systemTime)))
    if let schedule = reader.schedule(of: stat.pid) {
      facts.set("ready", .duration(Int(schedule.waiting)))
    }
    facts.set("memory", .size(Int(stat.residentSize)))
    if let memory = reader.memory(of: stat.pid) {
      facts.set("shared", .size(memory.shared))
      facts.set("private", .size(memory.own))
    }
    if let directory = reader.directory(of: stat.pid) { facts.set("directory", .text(directory)) }
    if let program = reader.executable(of: stat.pid) { facts.set("program", .text(program)) }
    if let status = reader.status(stat.pid) { add(status, to: facts) }
    let children = reader.children(of: stat.pid)
    facts.set("children", .items(children.map { .int(Int($0)) }))
    if let descriptors = reader.descriptors(of: stat.pid) {
      let shown = descriptors.filter {
        stat.pid != Process.pid || $0.fd < Descriptors.privateBase
      }
      facts.set("descriptors", .items(shown.map { .text("\($0.fd) \($0.target)") }))
    }
    return facts
  }

  private static func add(_ status: ProcessStatus, to facts: MapObject) {
    facts.set("peak", .size(status.peakSize))
    facts.set("user", .int(Int(status.user)))
    facts.set("switches", .int(status.voluntarySwitches))
    facts.set("preempted", .int(status.forcedSwitches))
    for (name, set) in [
      ("pending", status.pending), ("blocked", status.blocked), ("ignored", status.ignored),
      ("caught", status.caught),
    ] { facts.set(name, .items(set.map { .text($0.name) })) }
  }

  /// One fact a line, and each descriptor on one of its own.
  private static func report(_ facts: MapObject) -> Value {
    var lines: [(name: String, value: String)] = []
    for (key, value) in facts.pairs {
      let name = key.asText
      guard case .list(let list) = value else {
        lines.append((name, value.asText))
        continue
      }
      let texts = list.items.map(\.asText)
      if texts.isEmpty { continue }
      guard name == "descriptors" else {
        lines.append((name, texts.joined(separator: " ")))
        continue
      }
      lines += texts.enumerated().map { ($0 == 0 ? name : "", $1) }
    }
    return .report(ReportObject(.map(facts), text: factsText(lines)))
  }
}
