import Language

/// A host without an operating system, which keeps what is printed.
final class TestHost: Host {
  let attention = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  var output = ""
  /// What programs were asked to do, as `mode: name arguments`.
  var pipelines: [String] = []
  /// Throws `interrupted` at this turn of a loop.
  var interruptAfter: Int?
  var files: [String: String] = [:]
  private var turns = 0
  private var clock = 0

  init() { attention.initialize(to: 0) }
  deinit { attention.deallocate() }

  func attend(_ interpreter: Interpreter) throws {
    turns += 1
    if let interruptAfter, turns >= interruptAfter {
      attention.pointee = 0
      throw ErrorObject(.interrupted, "interrupted")
    }
  }

  func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    output += String(decoding: bytes, as: UTF8.self)
  }
  func flush() throws {}
  func liveVariable(_ name: String) -> Value { name == "pid" ? .int(42) : .null }
  func setEnvironment(_ name: String, _ value: Value) throws {
    output += "\(name)=\(value.asText)\n"
  }
  func isProgram(_ name: String) -> Bool { name == "cat" }
  func programNames() -> [String] { ["cat"] }

  func run(_ pipeline: Pipeline, _ interpreter: Interpreter) throws -> Value {
    let stages = pipeline.stages.map { stage in
      switch stage.work {
      case .program(let name, let arguments, _): ([name] + arguments).joined(separator: " ")
      case .closure: "{…}"
      }
    }
    pipelines.append("\(pipeline.mode): " + stages.joined(separator: " | "))
    if stages.last?.hasPrefix("false") == true, pipeline.mode == .statement {
      throw ErrorObject(.failed, "'false' failed with exit status 1")
    }
    switch pipeline.mode {
    case .capture: return .text("output")
    case .ok: return .bool(stages.last?.hasPrefix("false") != true)
    default: return .null
    }
  }

  func redirected(
    _ redirections: [Redirection], _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> Value {
    output += "[to \(redirections.map(\.target).joined(separator: ","))]"
    return try body()
  }

  func expand(pattern: String, attend: () throws -> Void) throws -> [String] {
    pattern.hasPrefix("none") ? [] : [pattern + "1", pattern + "2"]
  }

  func load(path: String, from source: Source?) throws -> Source {
    guard let text = files[path] else { throw ErrorObject(.missing, "no file '\(path)'") }
    return Source(name: path, text: text)
  }

  func monotonicNow() -> Int {
    clock += 1_000_000
    return clock
  }
}

/// Commands enough to test the language by itself.
let testTable: CommandTable = {
  let table = CommandTable(testFamilies + [inlineFamily])
  // Tests run side by side, so it is put together before they share it.
  _ = table.families
  return table
}()

private let testFamilies = [
  CommandFamily(
    "Test",
    [
      Command(
        "print", "Print", parameters: [Parameter("values", .spelled, .rest)],
        flags: [Flag("to", .text, "where"), Flag("loud", nil, "in capitals")]
      ) { call in
        let text = call.rest(from: 0).map(\.asText).joined(separator: " ")
        let to = call.flag("to").map { "[\($0.asText)] " } ?? ""
        try call.interpreter.write(to + (call.isSet("loud") ? text.uppercased() : text) + "\n")
        return .null
      },
      Command("double", "Twice", parameters: [Parameter("n", .int)], traits: .pure) { call in
        .int(call.int(0) * 2)
      },
      Command("shout", "Text", parameters: [Parameter("text", .text)]) { call in
        .text(call.text(0).uppercased())
      },
      Command(
        "each", "Each", parameters: [Parameter("list", .iterable), Parameter("f", .function)]
      ) { call in
        let function = call[1]
        try call.interpreter.iterate(call[0]) { item, _ in
          _ = try call.invoke(function, item)
          return true
        }
        return .null
      },
      Command(
        "child", "Like fork", parameters: [Parameter("f", .function)], traits: .snapshots
      ) { call in try call.invoke(call[0]) },
      Command("report", "Reports", traits: .reports) { _ in
        .items([.record(["a": .int(1)]), .record(["a": .int(22)])])
      },
      Command(
        "call", "Call",
        parameters: [Parameter("f", .function), Parameter("arguments", .any, .rest)]
      ) { call in try call.interpreter.invoke(call[0], call.rest(from: 1)) },
      Command("queue put", "Put", parameters: [Parameter("name", .text), Parameter("v", .any)]) {
        call in
        try call.interpreter.write("put \(call.text(0)) \(call[1].asText)\n")
        return .null
      },
      Command("help", "Help", parameters: [Parameter("topic", .text, .rest)]) { call in
        try call.interpreter.write("help on \(call.text(0)) \(call.text(1))\n")
        return .null
      },
      Command("source", "Source", parameters: [Parameter("path", .path)]) { call in
        try call.interpreter.runSource(call.text(0), from: call.site.source)
      },
    ])
]

/// What came of a program text.
struct Outcome {
  var output = ""
  var value: Value = .null
  var error: ErrorObject?
  /// What the text left with, by `exit`.
  var exit: Int32?
  var errors: [ErrorObject] = []
  var warnings: [String] = []
  var pipelines: [String] = []

  /// `kind: message` of the first error.
  var failure: String? {
    if let exit { return "exit \(exit)" }
    return (errors.first ?? error).map { "\($0.kind.rawValue): \($0.message)" }
  }

  /// The source text that the first error points at.
  var place: String? {
    (errors.first ?? error)?.location.map { $0.source.text($0.span) }
  }
}

/// Runs a text in an interpreter of its own.
func run(
  _ text: String, persistent: Bool = false, prepare: (TestHost) -> Void = { _ in }
) -> Outcome {
  let host = TestHost()
  prepare(host)
  let interpreter = Interpreter(table: testTable, host: host)
  return run(text, interpreter, host, persistent: persistent)
}

func run(
  _ text: String, _ interpreter: Interpreter, _ host: TestHost, persistent: Bool = true
) -> Outcome {
  var outcome = Outcome()
  host.output = ""
  let findings = interpreter.compile(
    Source(name: "test", text: text), isPersistent: persistent)
  outcome.errors = findings.errors
  outcome.warnings = findings.warnings.map(\.message)
  if let function = findings.function {
    do {
      outcome.value = try interpreter.run(function)
      try interpreter.printReport(outcome.value)
    } catch {
      outcome.error = error as? ErrorObject
      outcome.exit = (error as? ExitRequest)?.status
    }
  }
  outcome.output = host.output
  outcome.pipelines = host.pipelines
  return outcome
}
