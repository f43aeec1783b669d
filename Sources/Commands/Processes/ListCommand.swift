import Language
import Posix
import Processes
import Session

/// `ps`.
enum ListCommand {
  static let command = Command(
    "ps", "List the session's processes, as the kernel sees them now",
    details: """
      Fields: name pid ppid state flags word nice age waits command. The state is a letter: R \
      running or ready to run, S waiting, D waiting for a device, T stopped, Z zombie. Flags: \
      < and N for high and low priority, s leads a session, l has several threads, + is in the \
      terminal's foreground.
      """,
    flags: [Flag("all", nil, "every process of the machine")], traits: .reports,
    examples: [
      Example(
        "let p = fork --name ghost { }\nwait $p --peek\n"
          + "for r in (ps |> filter { |r| $r.state == \"Z\" }) { print $r.name $r.word }\nwait $p",
        "ghost zombie"),
      Example("ps", "name …\nbrood …"),
    ]
  ) { call in
    try call.session.output.flush()
    let survey = ProcessSurvey(call.session)
    let pids =
      call.isSet("all")
      ? survey.tree.processes.keys.sorted() : survey.members
    let rows = pids.compactMap { survey.row($0) }
    let records = Value.items(rows.map(\.record))
    // A value needs no text, and the text of a thousand rows takes time.
    if call.site.wantsValue { return records }
    let text = ProcessListing(rows, width: ReportWidth.columns).text
    return .report(ReportObject(records, text: text))
  }
}
