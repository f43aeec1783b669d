import Channels
import Language
import Session

/// What was recorded since the step of the lesson began.
enum LessonEvents {
  /// Read once for each look at a goal, which may ask several times.
  static func all(_ kind: String?) -> [RecordedFact] {
    if let known = LessonRun.current?.facts?[kind ?? ""] { return known }
    guard let recording = Recording.own else { return [] }
    let began = LessonRun.current?.began ?? 0
    let session = Session.current
    let waits = session.processes.reaped(since: began).reversed()
      .map { RecordedFact(reaped: $0, by: session.rootPid) }
    var facts = RecordedFact.all(in: recording, since: began, kind: kind)
    for wait in waits where kind == nil || kind == "wait" {
      let place = facts.firstIndex { $0.time > wait.time } ?? facts.count
      facts.insert(wait, at: place)
    }
    LessonRun.current?.keep(facts, of: kind ?? "")
    return facts
  }

  static func record(_ fact: RecordedFact) -> Value {
    let began = LessonRun.current?.began ?? Recording.own?.begin.monotonic ?? 0
    return .record([
      "ev": .text(fact.kind), "t": .duration(Int(fact.time - began)), "by": .text(fact.by),
      "of": fact.of.isEmpty ? .null : .text(fact.of), "pid": .int(Int(fact.pid)),
      "signal": text(fact.signal), "status": fact.status.map { .int($0) } ?? .null,
      "verb": text(fact.verb), "on": text(fact.on),
      "n": fact.number.map { .int($0) } ?? .null, "value": text(fact.value),
      "out": text(fact.outcome), "text": text(fact.text),
      "fresh": .bool(fact.time >= (LessonRun.current?.lastEntry ?? 0)),
    ])
  }

  private static func text(_ text: String?) -> Value { text.map { .text($0) } ?? .null }
}
