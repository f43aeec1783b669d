import Language
import Teaching

/// Which topic of `explain` an error leads to.
enum ErrorTopics {
  /// The name of a topic that there is; nil for an error that needs no explanation.
  static func topic(_ error: ErrorObject) -> String? {
    guard let word = topicWord(error) else { return nil }
    return TextLibrary.topicNames.contains(word) ? word : nil
  }

  private static func topicWord(_ error: ErrorObject) -> String? {
    let call = error.location.map { $0.source.text($0.span) } ?? ""
    let verb = call.prefix { $0.isLetter }
    switch error.kind {
    case .deadlock: return "deadlock"
    case .closed: return "closed"
    case .peerDied: return "death"
    case .timeout: return "timeout"
    case .full, .empty: return "queue"
    case .limit: return verb == "fork" ? "fork" : nil
    case .missing, .system: return verb == "wait" ? "wait" : nil
    case .thrown, .failed, .interrupted, .type, .range, .arity, .syntax: return nil
    }
  }
}
