import Channels
import Language
import Posix
import Processes
import Seeing
import Session
import Waits

/// What `why`, `who` and `deadlock` found: records first, their text second.
struct LookReport {
  var records: [Value]
  var text: String
  /// The exit status of the command line.
  var status: Int32 = 0

  var value: Value { .items(records) }
}

/// Looks at processes, for the commands and for the command line.
struct Looks {
  let files: ProcFiles
  let reader: ProcReader
  /// The session in which the commands are typed; nil for a command line.
  let session: Session?

  init(_ session: Session?) {
    self.session = session
    reader = session?.reader ?? ProcReader()
    // Tests make a system on which less can be read.
    let hidden = Process.startEnvironment().first { $0.0 == "BROOD_PROC_HIDE" }
    files = ProcFiles(hiding: ProcFiles.Hidden(words: hidden?.1 ?? ""))
  }

  /// Who reads the report, and can type commands there.
  private var typist: Reader {
    session == nil ? .outside : Reader(pid: Process.pid)
  }

  // MARK: why

  /// Why processes do not go on.
  func why(_ pids: [Int32], sources: Bool = false) -> LookReport {
    let survey = survey(pids)
    let explainer = Explainer(survey, reader: typist)
    var report = LookReport(records: [], text: "")
    var texts: [String] = []
    var seen: Set<String> = []
    for pid in pids {
      let told = explainer.explain(pid)
      // Several of one set have one text.
      if seen.insert(told.text).inserted { texts.append(told.text) }
      report.records.append(record(told))
    }
    report.text = texts.joined(separator: "\n\n")
    if sources { report.text += "\n" + sourceLine(survey) }
    if survey.isBlind { report.status = LookLine.failure }
    return report
  }

  /// The processes of the session that have slept for over a second.
  func sleepers() -> [Int32] {
    guard let session else { return [] }
    let survey = ProcessSurvey(session)
    var clocks = SchedulerClocks()
    return survey.members.filter { pid in
      guard pid != Process.pid, let stat = survey.tree.processes[pid], !stat.hasEnded else {
        return false
      }
      // What it is cannot be told where this is not; then all are told of.
      guard let since = files.lastRun(of: stat, &clocks) else { return true }
      return Clock.monotonic - since > 1_000_000_000
    }
  }

  private func survey(_ pids: [Int32]?) -> Survey {
    let survey = Survey(pids, files: files, reader: reader)
    if let session { name(survey, session) }
    return survey
  }

  /// Gives processes of the session the names that they have there.
  func name(_ survey: Survey, _ session: Session) {
    let entries = session.processEntries
    for pid in survey.seen {
      let name = session.processes.child(pid)?.name ?? entries.byPid[pid]?.name
      if let name { survey.rename(pid, name) }
      if pid == session.rootPid { survey.rename(pid, "brood") }
    }
    for pid in survey.graph.objects.values.flatMap({ $0.past?.pids ?? [] }) where pid != 0 {
      if let former = session.processes.ended(pid: pid) {
        survey.remember(pid, former.name)
      }
    }
  }

  private func record(_ told: Explanation) -> Value {
    .record([
      "pid": .int(Int(told.pid)), "name": .text(told.name), "state": .text(told.state),
      "verdict": .text(told.verdict.rawValue), "waits": .text(told.waits),
      "since": told.since.map { .duration(Int($0)) } ?? .null,
      "on": .items(told.objects.map { .text($0) }),
      "wakers": .items(told.wakers.map { .int(Int($0)) }),
      "chain": .items(told.chain.map { .int(Int($0)) }), "text": .text(told.text),
      "fix": told.fix.isEmpty ? .null : .text(told.fix),
    ])
  }

  /// What to write for a file of the working directory that is meant.
  static func pathHint(_ word: String) -> String? {
    guard (try? FileStatus(word)) != nil else { return nil }
    return "a path has a '/': who ./\(word)"
  }

  private func sourceLine(_ survey: Survey) -> String {
    let list = ["/proc/PID/stat, status, syscall, fd"] + survey.sources
    return "sources: " + list.joined(separator: "; ")
  }

  // MARK: deadlock

  /// The sets of processes that hold each other.
  ///
  /// - Parameter pids: the processes to look at; nil for the session's, or all of this user.
  func deadlock(_ pids: [Int32]?, sources: Bool = false) -> LookReport {
    var asked = pids
    if asked == nil, let session { asked = ProcessSurvey(session).members }
    let survey = survey(asked)
    let explainer = Explainer(survey, reader: typist)
    var report = LookReport(records: [], text: "")
    var texts: [String] = []
    for set in explainer.sets {
      let told = explainer.explain(set)
      texts.append(told.text)
      report.records.append(record(told, explainer))
    }
    let count = survey.seen.count
    if survey.isBlind {
      texts.append("cannot tell: \(survey.gaps.joined(separator: "; "))")
    } else if texts.isEmpty {
      texts.append("no deadlock among \(count) process\(count == 1 ? "" : "es")")
    }
    let unread = survey.seen.filter { explainer.verdict(of: $0) == .unknown }
    if !unread.isEmpty {
      texts.append(
        "\(unread.count) of \(count) processes could not be judged: why PID tells what of them "
          + "cannot be read")
    }
    report.text = texts.joined(separator: "\n\n")
    if sources { report.text += "\n" + sourceLine(survey) }
    let isSure = explainer.sets.contains { $0.verdict != .probablyStuck }
    let isOpen = !explainer.sets.isEmpty || !unread.isEmpty || survey.isBlind
    report.status = isSure ? 1 : isOpen ? 3 : 0
    return report
  }

  /// The processes of each set that is surely stuck.
  func stuckSets(_ pids: [Int32]) -> [[Int32]] {
    Explainer(survey(pids), reader: typist).sets
      .filter { $0.verdict != .probablyStuck }.map(\.processes)
  }

  private func record(_ told: SetExplanation, _ explainer: Explainer) -> Value {
    let set = told.set
    return .record([
      "set": .items(set.processes.map { .int(Int($0)) }),
      "cycle": .items(set.cycle.map { .int(Int($0)) }),
      "edges": .items(
        set.edges.map { edge in
          .record([
            "pid": .int(Int(edge.waiter)), "on": .text(explainer.words(for: edge.target)),
            "waker": edge.waker.map { .int(Int($0)) } ?? .null,
          ])
        }),
      "verdict": .text(set.verdict.rawValue),
      "fix": told.fix.isEmpty ? .null : .text(told.fix), "text": .text(told.text),
    ])
  }

  // MARK: who

  /// Who has a thing; nil if there is no such thing.
  func who(_ thing: Thing, sources: Bool = false) -> LookReport? {
    guard var who = Who(thing, files: files, reader: reader) else { return nil }
    return report(&who, sources: sources ? "/proc/PID/fd, fdinfo; /proc/locks; sock_diag" : nil)
  }

  /// Who has a channel of the session; nil if there is none of that name.
  func who(channel name: String, sources: Bool = false) -> LookReport? {
    guard session != nil, let memory = SessionMemory.own,
      var who = Who(channel: name, in: memory)
    else { return nil }
    let source = "the session's memory and its channels'; /proc/PID/stat, status"
    return report(&who, sources: sources ? source : nil)
  }

  private func report(_ who: inout Who, sources: String?) -> LookReport {
    if let session {
      let entries = session.processEntries
      for at in who.rows.indices {
        let pid = who.rows[at].pid
        let name = session.processes.child(pid)?.name ?? entries.byPid[pid]?.name
        who.rows[at].name = pid == session.rootPid ? "brood" : name ?? who.rows[at].name
      }
    }
    let records = who.rows.map { row -> Value in
      .record([
        "name": .text(row.name), "pid": .int(Int(row.pid)),
        "fd": row.descriptor.map { .int(Int($0)) } ?? .null,
        "does": .items(row.does.map { .text($0) }), "count": .int(row.count),
        "since": row.since.map { .duration(Int($0)) } ?? .null, "waits": .text(row.waits),
      ])
    }
    let source = sources.map { "\nsources: \($0)" } ?? ""
    return LookReport(records: records, text: who.text + source)
  }
}
