import Language
import Posix
import Processes
import Session

/// `tree`.
enum TreeCommand {
  static let command = Command(
    "tree", "Draw a process and its descendants",
    details: """
      Without P it begins at the session's own process. As a value it is a list of records, each \
      with its depth.
      """,
    parameters: [Parameter("process", .process, .optional)], traits: .reports,
    examples: [
      Example(
        "let p = fork --name parent { fork --name child { sleep 10 }; sleep 10 }\n"
          + "while (len (tree $p)) < 2 { sleep 10ms }\n"
          + "print (tree $p |> map { |r| $r.name })\nkill --tree $p", "[\"parent\", \"child\"]")
    ]
  ) { call in
    try call.session.output.flush()
    let survey = try ProcessSurvey.whole(call.session)
    var root = survey.root
    if call.has(0) {
      let target = try ProcessTarget(call, 0, isLive: true)
      guard survey.tree.processes[target.pid] != nil else {
        throw call.at(0, target.goneError)
      }
      root = target.pid
    }
    var drawing = Drawing(survey: survey)
    drawing.add(root, lead: "", branch: "", depth: 0)
    let records = Value.items(drawing.records)
    if call.site.wantsValue { return records }
    return .report(ReportObject(records, text: drawing.text))
  }

  private struct Drawing {
    let survey: ProcessSurvey
    var records: [Value] = []
    private var lines: [(label: String, rest: String)] = []

    init(survey: ProcessSurvey) { self.survey = survey }

    mutating func add(_ pid: Int32, lead: String, branch: String, depth: Int) {
      guard let row = survey.row(pid) else { return }
      let record = row.record
      if case .map(let map) = record { map.set("depth", .int(depth)) }
      records.append(record)
      lines.append(
        (
          label: "\(lead)\(branch)\(TerminalText.line(row.name)) \(pid)",
          rest: "\(row.state.letter)\(row.state.flags) \(row.state.word)  "
            + TerminalText.line(row.command)
        ))
      let children = (survey.tree.children[pid] ?? []).filter { !survey.isHelper($0) }
        .sorted(by: survey.isOlder)
      let below = lead + (branch.isEmpty ? "" : branch.hasPrefix("└") ? "   " : "│  ")
      for (index, child) in children.enumerated() {
        let isLast = index == children.count - 1
        add(child, lead: below, branch: isLast ? "└─ " : "├─ ", depth: depth + 1)
      }
    }

    var text: String {
      let width = lines.map { displayWidth($0.label) }.filter { $0 <= 50 }.max() ?? 0
      return lines.map { label, rest in
        let space = String(repeating: " ", count: max(0, width - displayWidth(label)) + 2)
        return truncated(label + space + rest, toWidth: ReportWidth.columns)
      }.joined(separator: "\n")
    }
  }
}
