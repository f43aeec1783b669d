import Language
import Posix
import Session

/// The commands of `process`.
enum ObjectCommands {
  static let all = [define, new, start, join, alive, info, terminate, close]

  private static let name = Parameter("name", .process, .required, "the process's name")

  private static let define = Command(
    "process define", "Define a class of processes by the block that they run",
    details: """
      The block's parameters take what `process new` is given: each its own argument, by position \
      or name. A block whose only parameter is called `args` gets the list of all arguments, and \
      one with `args, kwargs` that list and the map of those by name.
      """,
    parameters: [
      Parameter("class", .text, .required, "its name"),
      Parameter("block", .function, .required, "what each of its processes runs"),
    ],
    traits: .snapshots,
    examples: [
      Example(
        "process define Worker { |args| print (sum $args) }\n"
          + "process new w --class Worker --args [1, 2]\nprocess start w\nprocess join w", "3"),
      Example(
        "process define Greeter { |who| print \"hello $who\" }\n"
          + "process new g --class Greeter --args [world]\nprocess start g\nprocess join g",
        "hello world"),
    ]
  ) { call in
    let name = call.text(0)
    guard Names.isValid(name) else {
      throw call.error(.type, "'\(name)' cannot be the name of a class", at: 0)
    }
    call.session.processClasses[name] = call[1]
    return .null
  }

  private static let new = Command(
    "process new", "Describe a process, to be started later",
    details: "It runs a function, or what a class was defined with.",
    parameters: [Parameter("name", .text)],
    flags: [
      Flag("target", .function, "the function to run"),
      Flag("class", .text, "the class instead of a target"),
      Flag("args", .list, "the arguments"),
      Flag("kwargs", .map, "arguments by the names of the parameters"),
      Flag("daemon", nil, "end it with the process that starts it, instead of waiting for it"),
    ],
    rules: [.exclusive(["target", "class"]), .requires(anyOf: ["target", "class"])],
    traits: .snapshots,
    examples: [
      Example(
        "fn work(n, greeting) { print $greeting $n }\n"
          + "let w = process new Worker --target work --args [1] --kwargs [greeting: hi]\n"
          + "process start $w\nprint (process join $w) $w.exitcode", "hi 1\ntrue 0")
    ]
  ) { call in
    let session = call.session
    let name = call.text(0)
    let target = try target(call)
    let given: [Value] = if case .list(let list)? = call.flag("args") { list.items } else { [] }
    var arguments = NamedArguments.Arranged(positional: given)
    if case .closure(let closure) = target {
      let names = NamedArguments(of: closure.function)
      var named: MapObject?
      if case .map(let map)? = call.flag("kwargs") { named = map }
      let isClass = call.flag("class") != nil
      try call.at(flag: named == nil ? "args" : "kwargs") {
        if isClass, let whole = try names.whole(given, named) {
          arguments = whole
        } else if let named {
          arguments = try names.arranged(given, named)
        }
      }
    }
    let object = ProcessObject(
      name: name, target: target, arguments: arguments, isDaemon: call.isSet("daemon"))
    try call.at(0) { try session.names.claim(name, for: object) }
    return .handle(object)
  }

  private static func target(_ call: borrowing Call) throws -> Value {
    switch (call.flag("target"), call.flag("class")) {
    case (let target?, nil): return target
    case (nil, let name?):
      let classes = call.session.processClasses
      if let block = classes[name.asText] { return block }
      throw call.error(
        .missing, "there is no class '\(name.asText)'", flag: "class",
        help: classes.isEmpty
          ? "define it: process define \(name.asText) { … }"
          : "classes: " + namesText(classes.keys.sorted()))
    case (nil, nil), (_?, _?):
      // Of a call by its value, which no text has checked.
      throw call.brokenRule() ?? call.error(.arity, "'process new' needs a target")
    }
  }

  private static let start = Command(
    "process start", "Fork a process that was described by process new",
    parameters: [name],
    examples: [
      Example(
        "process new w --target { print working }\nprocess start w\nprocess join w", "working")
    ]
  ) { call in
    guard case .handle(let object as ProcessObject) = call[0] else {
      throw call.error(.type, "only what `process new` made can be started", at: 0)
    }
    try call.at(0) { try object.start(call.interpreter) }
    return call[0]
  }

  private static let join = Command(
    "process join", "Wait until a process has ended; yields false after a timeout",
    parameters: [name], flags: [.softTimeout],
    examples: [
      Example(
        "process new w --target { sleep 10 }\nprocess start w\n"
          + "print (process join w --timeout 10ms) (process alive w)\nprocess terminate w\n"
          + "print (process join w)", "false true\ntrue")
    ]
  ) { call in
    let process = try handle(call)
    let record = try call.session.wait(for: process, call.interpreter, until: call.deadline)
    return .bool(record != nil)
  }

  private static let alive = Command(
    "process alive", "Whether a process was started and has not ended", parameters: [name],
    examples: [
      Example(
        "process new w --target { 1 }\nprint (process alive w)\nprocess start w\n"
          + "process join w\nprint (process alive w)", "false\nfalse")
    ]
  ) { call in
    if case .handle(let object as ProcessObject) = call[0] {
      try call.at(0) { try object.requireOpen() }
      return .bool(object.isAlive)
    }
    return .bool(!"ZX".contains(try handle(call).letter))
  }

  private static let info = Command(
    "process info", "Show the name, pid, state and exit of a process",
    details: """
      `exit`, `signal` and `value` are those of `wait`, and null before the end; `exitcode` is the \
      status, or the signal's number negated.
      """,
    parameters: [name], traits: .reports,
    examples: [
      Example(
        "process new w --target { exit 2 }\nprint (process info w).pid\nprocess start w\n"
          + "process join w\nprint (process info w).exitcode", "null\n2")
    ]
  ) { call in
    let object = call[0].asProcessObject
    let shown: Handle = try object ?? handle(call)
    let facts = MapObject()
    for name in ["name", "pid", "alive", "daemon", "state", "word", "exitcode"] {
      facts.set(name, try call.at(0) { try shown.field(name) ?? .null })
    }
    let process = object?.process ?? shown as? ProcessHandle
    if let process, object == nil {
      facts.set("alive", .bool(!"ZX".contains(process.letter)))
      facts.set("daemon", .bool(process.isDaemon))
      facts.set("exitcode", ProcessObject.exitCode(of: process))
    }
    let session = call.session
    for name in ["exit", "signal", "value"] {
      facts.set(name, process.flatMap { ProcessObject.outcome(of: $0, name, session) } ?? .null)
    }
    let text = factsText(facts.pairs.map { ($0.key.asText, $0.value.asText) })
    return .report(ReportObject(.map(facts), text: text))
  }

  private static let terminate = Command(
    "process terminate", "Send TERM to a process", parameters: [name],
    examples: [
      Example(
        "process new w --target { sleep 10 }\nprocess start w\nprocess terminate w\n"
          + "process join w\nprint (process info w).exitcode", "-15")
    ]
  ) { call in
    try call.session.output.flush()
    let target = try ProcessTarget(call, 0)
    try call.at(0) { try target.requireSingle() }
    try call.at(0) { try SignalDelivery.send(.term, to: target) }
    return .null
  }

  private static let close = Command(
    "process close", "Forget a process that has ended, and free its name",
    details: "Its other verbs and fields then throw `closed`; the name may be given again.",
    parameters: [name],
    examples: [
      Example(
        "process new w --target { 1 }\nprocess start w\nprocess join w\nprocess close w\n"
          + "process new w --target { 2 }\nprint again", "again")
    ]
  ) { call in
    if let object = call[0].asProcessObject {
      try call.at(0) { try object.close(call.session) }
    } else if try call.session.reapNow(try handle(call)) == nil {
      throw call.error(
        .closed, "the process is still running", at: 0, help: "wait for it, or end it first")
    }
    return .null
  }

  private static func handle(_ call: borrowing Call) throws -> ProcessHandle {
    let target = try ProcessTarget(call, 0)
    if let handle = target.handle { return handle }
    throw call.error(
      .missing, "no child has the pid \(target.pid)", at: 0, help: call.session.liveProcesses)
  }
}

extension Value {
  /// What `process new` made, if this is such a thing.
  fileprivate var asProcessObject: ProcessObject? {
    if case .handle(let handle) = self { return handle as? ProcessObject }
    return nil
  }
}
