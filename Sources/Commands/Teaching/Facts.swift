import Language
import Session
import Teaching

/// What is so in this session now, in sentences.
struct Facts {
  let interpreter: Interpreter
  let language: TextLanguage
  var session: Session { interpreter.session }

  init(_ interpreter: Interpreter, _ language: TextLanguage) {
    self.interpreter = interpreter
    self.language = language
  }

  /// The sentences of a kind of facts; none for an unknown kind.
  func told(_ kind: String) -> [String] {
    switch kind {
    case "zombies": [zombies]
    default: []
    }
  }

  func say(_ english: String, _ chinese: String) -> String {
    language == .chinese ? chinese : english
  }

  private var zombies: String {
    let found = session.processes.users.filter { $0.letter == "Z" }
    if found.isEmpty { return say("No zombie.", "没有僵尸进程。") }
    let list = found.prefix(5).map { "\($0.name) (\($0.pid))" }.joined(separator: ", ")
    let more = found.count > 5 ? ", …" : ""
    return found.count == 1
      ? say("One zombie: \(list).", "有一个僵尸进程：\(list)。")
      : say("\(found.count) zombies: \(list)\(more).", "有 \(found.count) 个僵尸进程：\(list)\(more)。")
  }
}
