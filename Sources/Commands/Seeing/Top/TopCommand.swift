import Language
import Posix
import Session
import ShellHost

/// `top`: the processes of the session again and again, on a full screen.
enum TopCommand {
  static let command = Command(
    "top", "Show what the processes do, again and again",
    details: """
      A full screen that is drawn once a second: processes as a tree or in another order, what each \
      waits for, for how long, what it holds; above them how full queues are and how far pools are. \
      Keys: up and down select a process, Enter tells why it does not go on, `k` sends a signal, `s` \
      stops it and lets it go on, `r` sets its nice value, `/` finds names, `t` `w` `c` `m` `n` \
      choose the order (tree, longest wait, CPU, memory, name), `f` freezes the picture, `<` and `>` \
      turn pages, `?` lists the keys, `q` leaves.

      Fields: name pid state waits since holds queue cpu memory. `cpu` is in percent of one CPU, since \
      the picture before; with --once, and of new processes, since their start. `since` tells for how \
      long a process has waited. `queue` tells how full the queue is that it waits at.

      Where standard output is no terminal, or one that cannot move its cursor (TERM=dumb), it prints a \
      table each second until Ctrl-C. The program of that name is `^top`.
      """,
    flags: [
      Flag("all", nil, "every process of the machine"),
      Flag("once", nil, "one table, which the command yields as a list of records"),
    ], traits: .reports,
    examples: [
      Example("print (top --once)[0].name", "brood"),
      Example(
        "queue new jobs 10\nqueue put jobs 1\nlock new m\nlock acquire m\n"
          + "print (top --once)[0].holds", "lock m"),
    ]
  ) { call in
    try call.session.output.flush()
    let interpreter = call.interpreter
    var sampler = TopSampler(interpreter.session, isWhole: call.isSet("all"))
    if call.isSet("once") {
      let sample = complete(sampler.sample(), sampler)
      let records = Value.items(sample.rows.map(record))
      if call.site.wantsValue { return records }
      let text = table(sample).joined(separator: "\n")
      return .report(ReportObject(records, text: text))
    }
    let term = (interpreter.host as? BroodHost)?.environmentVariable("TERM") ?? ""
    if Terminal.isTerminal(0), Terminal.isTerminal(1), !Terminal.isPlain(term) {
      try TopScreen(interpreter, sampler, term: term).run()
    } else {
      try repeatTables(&sampler, interpreter)
    }
    return .null
  }

  private static func complete(_ sample: TopSample, _ sampler: TopSampler) -> TopSample {
    var sample = sample
    sample.rows = TopOrder.tree.sorted(sample.rows)
    for place in sample.rows.indices {
      sample.rows[place].waits = sampler.waits(sample.rows[place])
    }
    return sample
  }

  /// For what cannot be drawn anew; Ctrl-C is thrown.
  private static func repeatTables(
    _ sampler: inout TopSampler, _ interpreter: Interpreter
  ) throws {
    while true {
      let deadline = Clock.deadline(after: TopScreen.period)
      let sample = complete(sampler.sample(), sampler)
      var lines = ["top  \(sample.time)"] + table(sample)
      if !sample.queues.isEmpty {
        lines.insert("queues: " + sample.queues.joined(separator: ", "), at: 1)
      }
      lines.insert(contentsOf: sample.pools, at: 1)
      try interpreter.write(lines.joined(separator: "\n") + "\n\n")
      try interpreter.session.output.flush()
      _ = try interpreter.session.pause(interpreter, until: deadline) { false }
    }
  }

  private static func table(_ sample: TopSample) -> [String] {
    let table = TopTable(sample.rows, width: ReportWidth.columns, isTree: true)
    return [table.head] + sample.rows.map(table.line)
  }

  private static func record(_ row: TopRow) -> Value {
    .record([
      "name": .text(row.name), "pid": .int(Int(row.pid)), "state": .text(row.state),
      "waits": .text(row.waits ?? ""), "since": row.since.map { .duration(Int($0)) } ?? .null,
      "holds": .text(row.holds), "queue": .text(row.queue), "cpu": .float(row.cpu),
      "memory": .size(Int(row.memory)),
    ])
  }
}
