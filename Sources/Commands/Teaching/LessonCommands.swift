import Language
import Posix
import Session
import ShellHost
import Teaching

/// `lesson` and its verbs.
enum LessonCommands {
  static let family = CommandFamily(
    "Learning",
    [
      ExplainCommand.explain, TranslateCommand.command, PredictCommand.command, lesson, next, hint,
      check, reset, skip, show, quit, events,
      shown,
      LessonTest.command, LessonReport.command,
    ])

  /// The verbs that a single word means while a lesson runs.
  static let single = ["next", "hint", "check", "reset", "skip", "show", "quit"]

  private static let word = ParameterType(
    "lesson", "the number or name of a lesson, or a file that ends in .md",
    completion: .live("lesson")
  ) { input in .text(input.word ?? input.value.asText) }

  private static let lesson = Command(
    "lesson", "Learn by doing: list the lessons, or begin one",
    details: """
      Without a name it lists the lessons with what was done of them. A lesson runs at the prompt: \
      real processes, and goals that look at what is so, never at what was typed. It begins with the \
      first step that was not done, or with STEP. Enter goes on when a step is reached.

      While a lesson runs, a single word means its verb: `next hint check reset skip show quit`. \
      `reset` ends what the lesson has started and sets the scene anew, `skip` does the step, `show` \
      puts the solution into the line. Progress is kept in $XDG_STATE_HOME/brood/lessons. A lesson of \
      one's own is a Markdown file; `lesson test` proves it.

      In a script it prints the lesson's text.
      """,
    parameters: [
      Parameter("lesson", word, .optional), Parameter("step", .int.atLeast(1), .optional),
    ], traits: .reports,
    examples: [Example("print ((lesson)[0].title != \"\")", "true")]
  ) { call in
    guard call.has(0) else { return list(call.interpreter) }
    let asked = call.spelled(0)
    guard let found = try LessonShelf.lesson(asked, call.interpreter) else {
      throw call.error(
        .missing, "there is no lesson '\(asked)'", at: 0, help: LessonShelf.advice(for: asked))
    }
    let count = found.lesson.steps.count
    if call.has(1), call.int(1) > count {
      throw call.error(.range, "this lesson has \(count) steps", at: 1)
    }
    guard call.session.isInteractive else {
      return text(found.lesson, from: call.has(1) ? call.int(1) : nil, call.interpreter)
    }
    try begin(found, at: call.has(1) ? call.int(1) : nil, call.interpreter)
    return .null
  }

  /// Runs a lesson at the prompt, from a step or from the first that was not done.
  private static func begin(
    _ found: (lesson: Lesson, name: String), at step: Int?, _ interpreter: Interpreter
  ) throws {
    let records = LessonRecords(interpreter)
    let progress = records.progress.state(of: found.name)
    let first = step ?? progress.next(of: found.lesson.steps.count)
    let run = try LessonRun(found.lesson, name: found.name, interpreter, records: records)
    try run.start(at: (first ?? 1) - 1)
  }

  // MARK: Lists and texts

  private static func list(_ interpreter: Interpreter) -> Value {
    let list = LessonList(interpreter)
    return .report(ReportObject(.items(list.records), text: list.text))
  }

  /// A lesson to be read, without its solutions.
  private static func text(_ lesson: Lesson, from: Int?, _ interpreter: Interpreter) -> Value {
    let layout = TextLayout(for: interpreter, isReport: true)
    var text = layout.title(lesson.title) + "\n"
    if from == nil, !lesson.introduction.isEmpty {
      text += layout.text(lesson.introduction) + "\n"
    }
    for step in lesson.steps where from == nil || step.number == from {
      text += layout.paragraph("**\(step.number)/\(lesson.steps.count)  \(step.title)**") + "\n"
      if !step.prose.isEmpty { text += layout.text(step.prose) + "\n" }
      if let question = step.prediction {
        text += layout.paragraph(question.question)
        for (number, option) in question.options.enumerated() {
          text += layout.text([.item(marker: "\(number + 1). ", option)])
        }
        text += "\n"
      }
    }
    let steps = lesson.steps.map { step in
      Value.record(["title": .text(step.title), "goal": .bool(step.goal != nil)])
    }
    return .report(
      ReportObject(
        .record(["title": .text(lesson.title), "steps": .items(steps), "text": .text(text)]),
        text: text))
  }

  // MARK: Verbs

  /// A verb of the lesson that runs.
  private static func verb(
    _ name: String, _ summary: String, _ body: @escaping @Sendable (LessonRun) throws -> Void
  ) -> Command {
    let code = "try { lesson \(name) } catch e { print $e.message }"
    let example = Example(code, "no lesson runs here")
    return Command("lesson \(name)", summary, examples: [example]) { call in
      guard let run = LessonRun.current else {
        let end = LessonRun.ended
        if let arguments = end?.arguments(for: name),
          let found = try LessonShelf.lesson(arguments.lesson, call.interpreter)
        {
          try begin(found, at: arguments.step, call.interpreter)
          return .null
        }
        throw call.error(
          .missing, "no lesson runs here",
          help: end?.help ?? "lesson lists them, lesson 1 begins the first")
      }
      // These say themselves what is so.
      run.entryBegan = nil
      try body(run)
      return .null
    }
  }

  private static let next = verb("next", "Go on to the next step of the lesson") { try $0.next() }
  private static let hint = verb("hint", "Tell one more hint for the step") { try $0.hint() }
  private static let check = verb("check", "Look now whether the step's goal is reached") {
    try $0.check()
  }
  private static let reset = verb(
    "reset", "End what the lesson has started, and set the step's scene anew"
  ) { try $0.reset() }
  private static let skip = verb("skip", "Have the step done, and go on") { try $0.skip() }
  private static let show = verb(
    "show", "Put the step's solution into the line, without running it"
  ) {
    try $0.show()
  }
  private static let quit = verb("quit", "Leave the lesson; what it has started ends") {
    try $0.quit()
  }

  private static let events = Command(
    "lesson events", "List what the session's processes have done since the step began",
    details: """
      For goals of lessons. Without a lesson: since the recording began (`record on`; at a prompt it \
      is on). OF is the child, the target or the object.
      """,
    parameters: [
      Parameter(
        "event",
        .choice([
          "fork", "spawn", "exec", "exit", "end", "wait", "kill", "handler", "handled", "op",
          "sleep",
          "wake", "task", "print", "mark",
        ]), .optional, "only those of this kind"),
      Parameter("of", .text, .optional, "only those about this"),
    ], traits: .reports,
    examples: [
      Example(
        "record on\nlet p = fork --name kid { exit 3 }\nwait $p\n"
          + "print (lesson events wait kid)[0].status", "3")
    ]
  ) { call in
    let kind = call.has(0) ? call.text(0) : nil
    let of = call.has(1) ? call.text(1) : nil
    return .items(
      LessonEvents.all(kind).filter { fact in
        (kind == nil || fact.kind == kind) && (of == nil || fact.of == of)
      }.map { LessonEvents.record($0) })
  }

  private static let shown = Command(
    "lesson shown", "Whether the shell has shown a word since the step began",
    details: """
      For goals of lessons: true if one of the words was in a result at the prompt, in an error, or in what \
      the shell itself has printed. In a `then` only what was shown counts since the entry that has met \
      the parts before. False where no lesson runs.
      """,
    parameters: [
      Parameter("word", .text, .required, "a whole word, as Z or waiting"),
      Parameter("more", .text, .rest, "others that will do as well"),
    ],
    examples: [Example("print (lesson shown Z)", "false")]
  ) { call in
    let words = [call.text(0)] + call.rest(from: 1).map(\.asText)
    return .bool(LessonRun.current?.hasShown(words) ?? false)
  }
}
