import Language
import Posix
import Processes
import Session

/// `record` and `mark`: what happens, kept to be looked at later.
enum RecordCommands {
  static let family = CommandFamily("Recording", [record, mark, BlackBoxReport.command])

  private static let record = Command(
    "record", "Record what the session's processes do",
    details: """
      `record on` begins: forks, ends, signals and their handlers, what is done with channels and the \
      first bytes of the values, sleeps, tasks, printed lines and marks, each with its time and place. \
      Processes that were forked before have no part in it. `record off` halts it, `record on` goes \
      on. `record to FILE` also writes all of it to FILE at the end of the session, or at `record off`, \
      as JSON lines; so does `brood --record FILE script.brood`. Without an argument it says whether \
      recording is on.

      At a prompt it is on from the start. Each process keeps its last 60,000 events or so, all \
      together `config limit.record`; where that, or memory, comes to its end, recording stops and \
      says so. `config record.values off` keeps only the lengths of values. What `input --secret` \
      reads is never kept.
      """,
    parameters: [
      Parameter("what", .choice(["on", "off", "to"]), .optional),
      Parameter("file", .path, .optional),
    ],
    examples: [
      Example(
        "let f = (^mktemp)\nrecord to $f\nqueue new q\nqueue put q 7\nrecord off\n"
          + "print (len (filter (lines (read $f)) { |line| contains $line 'queue put' }))", "1")
    ]
  ) { call in
    let session = call.session
    switch call.count > 0 ? call.text(0) : "" {
    case "on":
      try check(call, hasFile: false)
      try session.record()
    case "off":
      try check(call, hasFile: false)
      session.stopRecording()
      try session.writeRecording()
    case "to":
      try check(call, hasFile: true)
      try session.recordTo(call.text(1))
      try session.record()
    default: return .text(Recorder.isOn ? "on" : "off")
    }
    return .null
  }

  private static func check(_ call: borrowing Call, hasFile: Bool) throws {
    if hasFile, call.count < 2 {
      throw call.error(.arity, "'record to' needs a file", help: "as: record to run.jsonl")
    }
    if !hasFile, call.count > 1 {
      throw call.error(
        .arity, "'record \(call.text(0))' takes no file", at: 1, help: "as: record to run.jsonl")
    }
  }

  private static let mark = Command(
    "mark", "Put a mark into the recording",
    details: """
      `timeline --from MARK --to MARK` shows what lies between two. Where nothing is recorded it does \
      nothing.
      """,
    parameters: [Parameter("text", .text)], examples: [Example("mark 'the second phase'")]
  ) { call in
    call.session.mark(call.text(0))
    return .null
  }
}
