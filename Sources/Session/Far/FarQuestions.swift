import Language
import Machines
import Posix

/// What a session asks an agent about the processes there: `ps`, `why`, `who`.
public struct FarQuestion: Sendable {
  public enum Verb: UInt8, Sendable { case list = 1, why, who }

  public var verb: Verb
  /// Pids, or what `who` is asked about.
  public var words: [String]
  public var sources: Bool

  public init(_ verb: Verb, _ words: [String] = [], sources: Bool = false) {
    self.verb = verb
    self.words = words
    self.sources = sources
  }

  var bytes: [UInt8] {
    var writer = FieldWriter()
    writer.add(verb.rawValue)
    writer.add(sources)
    writer.add(words)
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws(FieldReader.Malformed) {
    var reader = FieldReader(bytes)
    guard let verb = Verb(rawValue: try reader.number()) else { throw FieldReader.Malformed() }
    self.verb = verb
    sources = try reader.flag()
    words = try reader.texts()
  }
}

/// What an agent said.
public struct FarAnswer {
  /// Of the machine, as the pool names it.
  public var host = ""
  /// Maps.
  public var records: [Value] = []
  /// The same as a report.
  public var text = ""
  /// Why there are none.
  public var problem: String?

  public init(records: [Value] = [], text: String = "", problem: String? = nil) {
    self.records = records
    self.text = text
    self.problem = problem
  }

  func bytes(_ interpreter: Interpreter) -> [UInt8] {
    var writer = FieldWriter()
    let codec = ValueCodec(interpreter, handles: FarHandles())
    let value = (try? codec.copied(.items(records))) ?? []
    writer.add(text)
    writer.add(problem ?? (value.isEmpty ? "its answer cannot be sent" : ""))
    writer.add(rest: value)
    return writer.bytes
  }

  init(_ message: FarMessage, from host: String) throws(FieldReader.Malformed) {
    var reader = FieldReader(message.bytes)
    self.host = host
    // What comes from elsewhere is not trusted with the terminal.
    text = try reader.text().split(separator: "\n", omittingEmptySubsequences: false)
      .map { TerminalText.line(String($0)) }.joined(separator: "\n")
    let problem = try reader.text()
    self.problem = problem.isEmpty ? nil : TerminalText.line(problem)
    let codec = ValueCodec(nil, handles: FarHandles())
    let rest = reader.rest
    let value = try? rest.withUnsafeBytes { try codec.value($0) }
    guard case .list(let list)? = value?.plain else { return }
    records = list.items.compactMap { item in
      guard case .map(let map) = item.plain else { return nil }
      map.set("host", .text(host))
      return .map(map)
    }
  }
}

extension Session {
  /// How long agents have to answer (ns).
  private static let answerTime: Int64 = 3_000_000_000

  /// The machines that pools and runs of this process have, by their names.
  public var farHostNames: [String] { farHosts.map(\.name) }

  private var farHosts: [FarHost] {
    machines.filter { $0.owner == Process.pid }.flatMap(\.all).filter(\.isConnected)
  }

  /// Asks the agents of all machines, or of the one of a name, and waits for a few seconds.
  ///
  /// A machine that two pools have is asked once for each agent.
  public func ask(
    _ question: FarQuestion, host name: String? = nil, _ interpreter: Interpreter
  ) throws -> [FarAnswer] {
    let hosts = farHosts.filter { name == nil || $0.name == name }
    var answers = [FarAnswer?](repeating: nil, count: hosts.count)
    for (place, host) in hosts.enumerated() {
      host.ask(question) { answers[place] = $0 }
    }
    _ = try pause(interpreter, until: Clock.deadline(after: Session.answerTime)) {
      !answers.contains { $0 == nil }
    }
    return zip(hosts, answers).map { host, answer in
      var result = answer ?? FarAnswer(problem: "it does not answer")
      result.host = host.name
      return result
    }
  }
}
