import Glibc
import Language
import Posix
import Session

/// `kill` in all its spellings.
enum KillCommand {
  static let command = Command(
    "kill", "Send a signal to processes",
    details: """
      The signal is TERM unless another is given, in front with a dash or behind the processes: \
      `kill -9 P`, `kill -KILL P`, `kill P SIGKILL`. A last argument from 1 to 64 is a signal.

      `kill -l` lists all signals, with the keys of a terminal that send them. `kill -0 P` sends nothing and only checks that it could.
      """,
    parameters: [Parameter("process", .any, .rest, "names, handles or pids, and the signal")],
    flags: [
      Flag("tree", nil, "the processes and all their descendants"),
      Flag("group", nil, "the whole process groups of the processes"),
    ],
    traits: .reports,
    examples: [
      Example("let p = fork { sleep 10 }\nkill -9 $p\nprint (wait $p).signal", "KILL"),
      Example("let p = fork { sleep 10 }\nkill $p SIGINT\nprint (wait $p).signal", "INT"),
      Example("print (kill -l)[8].name", "KILL"),
    ]
  ) { call in
    var request = Request()
    try request.read(call)
    if request.isList {
      if call.count == 1 { return SignalTableReport.value() }
      return SignalTableReport.value(
        of: try (1..<call.count).map { try signal(named: call.spelled($0), call, $0) })
    }
    try call.session.output.flush()
    for (target, index) in request.targets {
      try call.at(index) { try send(request.signal, to: target, call) }
    }
    // A signal to oneself takes effect before the next command.
    if Attention.isPending { try call.session.attend(call.interpreter) }
    return .null
  }

  /// The signals that a call sends, and to which processes; none where it only lists or checks.
  static func sent(_ call: borrowing Call) throws -> [(pid: Int32, signal: Int32)] {
    var request = Request()
    try request.read(call)
    guard !request.isList, let signal = request.signal else { return [] }
    return request.targets.map { ($0.0.pid, signal.number) }
  }

  /// The arguments, sorted.
  private struct Request {
    var targets: [(ProcessTarget, Int)] = []
    /// Nil is number 0: only a check.
    var signal: Signal? = .term
    var isList = false

    mutating func read(_ call: borrowing Call) throws {
      var end = call.count
      var first = 0
      if end > 0, case let word = call.spelled(0), word.hasPrefix("-"), word.count > 1 {
        first = 1
        if word == "-l" || word == "-L" {
          isList = true
          return
        }
        var name = String(word.dropFirst())
        if name == "s", end > 1 {
          name = call.spelled(1)
          first = 2
        }
        signal = name == "0" ? nil : try KillCommand.signal(named: name, call, first - 1)
      } else if end > 1, let last = KillCommand.trailingSignal(call, end - 1) {
        signal = last
        end -= 1
      }
      guard first < end else {
        throw call.error(
          .arity, "'kill' needs a process", help: "usage: kill [-SIGNAL] PROCESS…, or kill -l")
      }
      for index in first..<end {
        let value = try KillCommand.processes(call, index)
        for item in value {
          let target = try call.at(index) { try ProcessTarget(item) }
          targets += target.withMembers.map { ($0, index) }
        }
      }
    }
  }

  private static func signal(
    named name: String, _ call: borrowing Call, _ index: Int
  ) throws -> Signal {
    try call.at(index) { try ParameterType.signal(named: name) }
  }

  private static func trailingSignal(_ call: borrowing Call, _ index: Int) -> Signal? {
    if case .int(let number) = call[index] {
      return (1...64).contains(number) ? Signal(Int32(number)) : nil
    }
    guard case .string = call[index] else { return nil }
    return Signal(call.spelled(index))
  }

  private static func processes(_ call: borrowing Call, _ index: Int) throws -> [Value] {
    var word = call.spelling(index)?.asText
    if word == nil, case .string(let text) = call[index] { word = text.string }
    let given: Value?
    do {
      given = try ParameterType.processValues(call[index], word: word, call.session)
    } catch let error as ErrorObject {
      error.location = error.location ?? call.location(index)
      if error.kind == .missing, index > 0, index == call.count - 1,
        let signal = nearest(call.spelled(index).uppercased(), among: Signal.all.map(\.name))
      {
        throw error.amended { $0.help = "did you mean the signal \(signal)?" }
      }
      throw error
    }
    guard let value = given else {
      throw ErrorObject.badValue(
        "process", must: "a name, handle or pid", is: call[index],
        location: call.location(index))
    }
    if case .list(let list) = value { return list.items }
    return [value]
  }

  private static func send(
    _ signal: Signal?, to target: ProcessTarget, _ call: borrowing Call
  ) throws {
    try target.requireSingle()
    try target.requireLive()
    guard let signal else { return try SignalDelivery.probe(target) }
    if call.isSet("group") { return try SignalDelivery.sendToGroup(of: target, signal, call) }
    if call.isSet("tree") {
      let outcome = try SignalDelivery.sendToTree(of: target, signal, call)
      if let problem = outcome.problem { throw problem }
    } else {
      try SignalDelivery.send(signal, to: target)
    }
  }
}
