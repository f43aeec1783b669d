import Channels
import Glibc
import Language
import Posix
import Processes
import Seeing
import Session

/// The sessions of Brood that run now, as far as this user may look into them.
public struct SessionList {
  public struct Entry {
    /// The session's own process.
    public let pid: Int32
    /// What it runs, as on its command line; `prompt` for a session that a person types in.
    public let script: String
    fileprivate let user: String
    /// For how long it has run (ns).
    fileprivate let age: Int64
    fileprivate let others: [(pid: Int32, name: String)]

    /// How many processes serve `brood attach` there.
    var attached: Int { others.count { Session.isAttachName($0.name) } }
    var processes: [Int32] {
      [pid] + others.lazy.filter { !Session.isAttachName($0.name) }.map(\.pid)
    }
  }

  public let entries: [Entry]

  /// Looks at all processes: one link of each, more of those that are sessions.
  ///
  /// - Parameter own: a process that is not meant, which looks.
  /// - Throws: where it cannot be told which processes there are.
  public init(_ reader: ProcReader, except own: Int32) throws {
    let pids = try mapErrors("cannot look for sessions") { try reader.allPids() }
    entries = pids.compactMap { pid in
      guard pid != own, SessionMemory.hasOne(pid), let memory = try? SessionMemory.of(pid),
        memory.rootPid == pid, let stat = reader.stat(pid), !stat.hasEnded
      else { return nil }
      let words = (reader.arguments(of: pid) ?? []).dropFirst()
      // Those that only look are over in a moment.
      if words.first == "attach" || words.first.flatMap(LookLine.Verb.init) != nil { return nil }
      let (ticks, isEarly) = ProcessStat.ticksNow.subtractingReportingOverflow(stat.startTicks)
      return Entry(
        pid: pid, script: SessionList.script(words.joined(separator: " ")),
        user: SessionList.user(reader.status(pid)?.user),
        age: isEarly ? 0 : Int64(clamping: ticks) * 10_000_000,
        others: memory.processes)
    }
  }

  private static func script(_ words: String) -> String {
    words.isEmpty ? "prompt" : truncated(TerminalText.line(words), toWidth: 60)
  }

  private static func user(_ number: UInt32?) -> String {
    guard let number else { return "?" }
    guard let entry = getpwuid(number), let name = entry.pointee.pw_name else { return "\(number)" }
    return String(cString: name)
  }

  /// The records of `sessions`.
  func report(_ looks: Looks) -> LookReport {
    var stuck: Set<Int32> = []
    if !entries.isEmpty {
      for set in looks.stuckSets(entries.flatMap(\.processes)) { stuck.formUnion(set) }
    }
    let records = entries.map { entry -> Value in
      .record([
        "pid": .int(Int(entry.pid)), "user": .text(entry.user), "since": .duration(Int(entry.age)),
        "script": .text(entry.script), "processes": .int(entry.processes.count),
        "stuck": .int(entry.processes.count { stuck.contains($0) }),
        "attached": .int(entry.attached),
      ])
    }
    let text = recordTable(records) ?? "no session of Brood runs here, but for this one"
    return LookReport(records: records, text: text)
  }
}
