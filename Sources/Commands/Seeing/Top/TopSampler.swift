import Channels
import Glibc
import Language
import Posix
import Processes
import Session
import Waits

/// Looks at processes for `top`, again and again.
struct TopSampler {
  private let session: Session
  /// Every process of the machine.
  private let isWhole: Bool
  /// CPU time at the look before (ns), and when the process had begun.
  private var before: [Int32: (start: UInt64, cpu: Int64)] = [:]
  private var moment: Int64 = 0
  private var survey: ProcessSurvey?

  init(_ session: Session, isWhole: Bool) {
    self.session = session
    self.isWhole = isWhole
  }

  /// Looks once.
  ///
  /// - Complexity: one file of /proc for each process of the machine, and the memory of the channels.
  mutating func sample() -> TopSample {
    let survey = ProcessSurvey(session)
    self.survey = survey
    let now = Clock.monotonic
    let bootTicks = ProcessStat.ticksNow
    let notes = session.waitNotes
    let channels = session.channels.facts
    var holds: [Int32: [String]] = [:]
    for channel in channels {
      for pid in channel.holders where holds[pid]?.last != channel.name {
        holds[pid, default: []].append(channel.name)
      }
    }
    let byNumber = Dictionary(channels.map { ($0.number, $0) }) { first, _ in first }
    let pids = isWhole ? Array(survey.tree.processes.keys) : survey.members
    var sample = TopSample()
    var current: [Int32: (start: UInt64, cpu: Int64)] = [:]
    current.reserveCapacity(pids.count)
    sample.rows.reserveCapacity(pids.count)
    for pid in pids where isWhole || !survey.isHelper(pid) {
      guard let stat = survey.tree.processes[pid] else { continue }
      let state = ProcessState(stat)
      let used = stat.userTime &+ stat.systemTime
      current[pid] = (stat.startTicks, used)
      let note = state.letter == "S" ? notes[pid] : nil
      let queue = note?.sleep.targets.lazy.compactMap { byNumber[$0.object.number] }
        .first { $0.items != nil }
      sample.rows.append(
        TopRow(
          pid: pid, parent: stat.parent, startTicks: stat.startTicks,
          name: TerminalText.line(survey.name(stat)), state: "\(state.letter)\(state.flags)",
          since: note.map { max(0, now &- $0.sleep.since) },
          // What the dead had goes to the next process that wants it.
          holds: state.letter == "Z" ? "" : holds[pid]?.joined(separator: ", ") ?? "",
          queue: queue.map(TopSampler.fill) ?? "",
          cpu: share(stat, used, now, bootTicks), memory: stat.residentSize))
    }
    before = current
    moment = now
    sample.queues = channels.filter { $0.items != nil }
      .map { TerminalText.line("\($0.ownName) \(TopSampler.fill($0))") }
    sample.pools = session.pools.all.map(TopSampler.line)
    sample.time = TopSampler.timeOfDay
    return sample
  }

  /// What a process of the last sample waits for.
  func waits(_ row: TopRow) -> String {
    survey?.row(row.pid).map { TerminalText.line($0.waitsFor) } ?? ""
  }

  /// Percent of one CPU: since the look before, of a new process since its start.
  private func share(_ stat: ProcessStat, _ used: Int64, _ now: Int64, _ ticks: UInt64) -> Double {
    if let last = before[stat.pid], last.start == stat.startTicks, now > moment {
      return Double(max(0, used &- last.cpu)) / Double(now &- moment) * 100
    }
    let (age, isEarly) = ticks.subtractingReportingOverflow(stat.startTicks)
    // A tick is 10 ms: what is younger has no share yet.
    guard !isEarly, age > 0 else { return 0 }
    return Double(used) / (Double(age) * 1e7) * 100
  }

  /// As `12:30:05`, in the time zone of the session.
  private static var timeOfDay: String {
    var now = time(nil)
    var parts = tm()
    guard localtime_r(&now, &parts) != nil else { return "" }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
  }

  private static func fill(_ channel: ChannelFacts) -> String {
    "\(channel.items ?? 0)" + (channel.mostItems.map { "/\($0)" } ?? "")
  }

  private static func line(_ pool: Pool) -> String {
    let facts = pool.facts
    let counts = pool.counts
    let all = counts.done + counts.left
    var line = TerminalText.line("pool \(pool.name)  ")
    if all > 0 {
      let width = 20
      let filled = Int(Double(counts.done) / Double(all) * Double(width))
      line += String(repeating: "█", count: filled)
      line += String(repeating: "░", count: max(0, width - filled))
      line += "  \(counts.done) of \(all) tasks, "
    }
    line += "\(facts.busy) of \(facts.workers.count) workers busy"
    if counts.failed > 0 { line += ", \(counts.failed) failed" }
    if facts.state != "open" { line += ", \(facts.state)" }
    return line
  }
}
