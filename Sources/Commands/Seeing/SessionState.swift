import Channels
import Language
import Posix
import Processes
import Session

/// What a command can change: processes, open descriptors, channels.
///
/// `config changes` compares two.
public struct SessionState {
  /// Name and state letter, by pid.
  private let processes: [Int32: (name: String, letter: Character)]
  private let descriptors: Int
  /// What stands in a channel, by its number.
  private let channels: [UInt64: (name: String, brief: String)]

  /// Looks at the session as this process sees it.
  public init(_ session: Session) {
    let survey = ProcessSurvey(session)
    var processes: [Int32: (String, Character)] = [:]
    for pid in survey.members where pid != survey.root {
      guard let stat = survey.tree.processes[pid] else { continue }
      processes[pid] = (TerminalText.line(survey.name(stat)), ProcessState(stat).letter)
    }
    self.processes = processes
    descriptors = session.reader.descriptors(of: Process.pid)?.count ?? 0
    channels = Dictionary(
      session.channels.facts.map { ($0.number, (TerminalText.line($0.name), $0.brief)) }
    ) { first, _ in first }
  }

  init(
    processes: [Int32: (name: String, letter: Character)], descriptors: Int,
    channels: [UInt64: (name: String, brief: String)]
  ) {
    (self.processes, self.descriptors, self.channels) = (processes, descriptors, channels)
  }

  /// As `+1 process kid S · +2 descriptors · queue q 2→3`; nil if nothing has changed.
  public func changes(since before: SessionState) -> String? {
    var parts: [String] = []
    let pids = processes.keys.sorted()
    let new = pids.filter { before.processes[$0] == nil }
    parts += SessionState.list(
      "+", new.compactMap { processes[$0].map { "\($0.name) \($0.letter)" } })
    let gone = before.processes.keys.sorted().filter { processes[$0] == nil }
    parts += SessionState.list("-", gone.compactMap { before.processes[$0]?.name })
    parts += SessionState.limited(
      pids.compactMap { pid in
        guard let now = processes[pid], let then = before.processes[pid], now.letter != then.letter
        else { return nil }
        // Who runs and who waits changes by itself.
        if "RSD".contains(now.letter), "RSD".contains(then.letter) { return nil }
        return "\(now.name) \(then.letter)→\(now.letter)"
      })
    let difference = descriptors - before.descriptors
    if difference != 0 {
      let sign = difference > 0 ? "+" : "-"
      parts.append("\(sign)\(abs(difference)) descriptor\(abs(difference) == 1 ? "" : "s")")
    }
    let numbers = channels.keys.sorted()
    parts += SessionState.limited(
      numbers.filter { before.channels[$0] == nil }.compactMap {
        channels[$0].map { "+\($0.name)" }
      }
        + before.channels.keys.sorted().filter { channels[$0] == nil }
        .compactMap { before.channels[$0].map { "-\($0.name)" } })
    parts += SessionState.limited(
      numbers.compactMap { number in
        guard let now = channels[number], let then = before.channels[number],
          now.brief != then.brief
        else { return nil }
        return "\(now.name) \(then.brief)→\(now.brief)"
      })
    return parts.isEmpty ? nil : parts.joined(separator: " · ")
  }

  private static let most = 4

  private static func list(_ sign: String, _ names: [String]) -> [String] {
    if names.isEmpty { return [] }
    let word = names.count == 1 ? "process" : "processes"
    let shown = names.prefix(most).joined(separator: ", ") + (names.count > most ? ", …" : "")
    return ["\(sign)\(names.count) \(word) \(shown)"]
  }

  private static func limited(_ parts: [String]) -> [String] {
    parts.count <= most ? parts : parts.prefix(most) + ["… \(parts.count - most) more"]
  }
}
