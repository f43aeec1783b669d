import Language
import Posix
import Session
import Teaching

/// How fast pipe, queue and shared memory are, measured here and now by the shell's own verbs.
struct FactsOfSpeed {
  private let interpreter: Interpreter
  private let language: TextLanguage

  init(_ interpreter: Interpreter, _ language: TextLanguage) {
    self.interpreter = interpreter
    self.language = language
  }

  /// A sentence; none where the measurement fails.
  var told: [String] {
    let turns = 100
    guard
      let pipe = time(
        "let p = pipe new; for i in 1..\(turns) { pipe send $p.a $i; pipe recv $p.b }; pipe drop $p",
        turns),
      let queue = time(
        "let q = queue new; for i in 1..\(turns) { queue put $q $i; queue get $q }; queue drop $q",
        turns),
      let memory = time(
        "let n = shm new int 0; for i in 1..\(turns) { shm set $n $i; shm get $n }; shm drop $n",
        turns)
    else { return [] }
    return [
      Phrase(
        "One process writes and reads, measured here: pipe \(pipe), queue \(queue), shared memory "
          + "\(memory).",
        "由一个进程写入再读出，在本机实测：管道 \(pipe)，队列 \(queue)，共享内存 \(memory)。"
      ).text(language)
    ]
  }

  /// How long one turn of a text takes, as `1.2 µs`: in the shortest of five rounds, since others
  /// compute, too.
  private func time(_ text: String, _ turns: Int) -> String? {
    let findings = interpreter.compile(Source(name: "facts", text: text))
    guard let function = findings.function else { return nil }
    var least = Int64.max
    for _ in 1...5 {
      let began = Clock.monotonic
      guard (try? interpreter.session.aside { try interpreter.value(of: function) }) != nil else {
        return nil
      }
      least = min(least, Clock.monotonic - began)
    }
    let tenths = least * 10 / Int64(turns) / 1000
    return "\(tenths / 10).\(tenths % 10) µs"
  }
}
