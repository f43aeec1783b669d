import Language
import Posix
import Processes
import Seeing
import Session

/// Reports on the processes of other machines, which their agents make.
enum FarLooks {
  static let host = Flag(
    "host", .text, "on a machine of a pool: its name, as pool info has it")

  // MARK: At the agent

  static func answer(_ question: FarQuestion, _ session: Session) -> FarAnswer {
    let looks = Looks(session)
    switch question.verb {
    case .list:
      let survey = ProcessSurvey(session)
      let rows = survey.members.compactMap { survey.row($0) }
      return FarAnswer(
        records: rows.map(\.record), text: ProcessListing(rows, width: ReportWidth.columns).text)
    case .why:
      let asked = question.words.isEmpty ? looks.sleepers() : pids(question.words, session)
      if asked.isEmpty { return FarAnswer() }
      let report = looks.why(asked, sources: question.sources)
      return FarAnswer(records: report.records, text: report.text)
    case .who:
      guard let word = question.words.first, let thing = Thing(word),
        let report = looks.who(thing, sources: question.sources)
      else { return FarAnswer() }
      return FarAnswer(records: report.records, text: report.text)
    }
  }

  /// The processes of an agent that are named, or whose pids are.
  private static func pids(_ words: [String], _ session: Session) -> [Int32] {
    let entries = session.processEntries.byPid
    return words.flatMap { word in
      Int32(word).map { [$0] } ?? entries.filter { $0.value.name == word }.keys.sorted()
    }
  }

  // MARK: In the session

  /// Tells of processes of other machines alone, by names or pids there.
  static func why(_ call: borrowing Call, _ words: [String]) throws -> LookReport {
    let question = FarQuestion(.why, words, sources: call.isSet("sources"))
    let report = try added(to: nil, question, call)
    guard report.records.isEmpty, report.text.isEmpty, !words.isEmpty else { return report }
    let place = call.flag("host").map { "on \($0.asText)" } ?? "here or on the machines of pools"
    throw call.error(
      .missing, "no process \(place) is named \(words.map { "'\($0)'" }.joined(separator: ", "))",
      at: 0, help: "ps lists them")
  }

  /// Whether another machine is asked, and not this one.
  static func isElsewhere(_ call: borrowing Call) -> Bool { call.flag("host") != nil }

  /// Whether what `who` is asked about may be on any machine: pids and inodes mean nothing there.
  static func isCommon(_ word: String) -> Bool {
    !(word.first?.isNumber ?? true) && !word.hasPrefix("pid:") && !word.hasPrefix("pipe:")
  }

  /// Adds what other machines say to a report of this one; all records name their machine then.
  ///
  /// - Parameter own: nil where only another machine is asked.
  static func added(
    to own: LookReport?, _ question: FarQuestion, _ call: borrowing Call
  ) throws -> LookReport {
    let session = call.session
    let name = call.flag("host")?.asText
    let known = session.farHostNames
    if let name, !known.contains(name) {
      throw call.error(
        .missing, "no pool has a machine '\(name)' that is connected", flag: "host",
        help: known.isEmpty ? nil : "there are: \(known.joined(separator: ", "))")
    }
    if known.isEmpty { return own ?? LookReport(records: [], text: "") }
    let answers = try session.ask(question, host: name, call.interpreter)
    var report = own ?? LookReport(records: [], text: "")
    for record in report.records {
      if case .map(let map) = record.plain { map.set("host", .text(Machine.hostName)) }
    }
    var texts = report.text.isEmpty ? [] : [report.text]
    for answer in answers {
      report.records += answer.records
      if let problem = answer.problem {
        texts.append("\(answer.host): \(problem)")
      } else if !answer.text.isEmpty {
        texts.append("on \(answer.host):\n\(answer.text)")
      }
    }
    report.text = texts.joined(separator: "\n\n")
    return report
  }
}
