import Commands
import Glibc
import Language

/// Generates texts, runs each in an interpreter of its own, and looks at what came of it.
final class Fuzzer {
  private var mutator: Mutator
  private let host = QuietHost()
  private let table: CommandTable

  init(seed: UInt64, files: [String]) {
    mutator = Mutator(seed: seed, corpus: files.map(Fuzzer.bytes(of:)))
    let harmful: Set<String> = ["write", "append", "cd", "input", "read", "sleep"]
    table = CommandTable(
      Library.families.map { family in
        CommandFamily(family.title, family.commands.filter { !harmful.contains($0.name) })
      } + [InlineStubs.family])
  }

  /// Runs `count` texts and prints how often each outcome came.
  func run(_ count: Int) {
    var tally: [String: Int] = [:]
    for _ in 0..<count {
      let text = mutator.next()
      mutator.keepForPostMortem(text)
      tally[outcome(of: text), default: 0] += 1
    }
    for (outcome, times) in tally.sorted(by: { $0.key < $1.key }) { print("\(outcome): \(times)") }
    print("\(count) texts, no crash")
  }

  /// Runs one text and names the outcome.
  private func outcome(of text: [UInt8]) -> String {
    let interpreter = Interpreter(table: table, host: host)
    interpreter.maximumLength = 1 << 20
    host.reset()
    let source = Source(name: "fuzz", bytes: text)
    let findings = interpreter.compile(source, isPersistent: text.count % 2 == 0)
    if let error = findings.errors.first {
      check(error)
      return "refused"
    }
    guard let function = findings.function else { return "nothing" }
    InlineStubs.depth = 0
    defer {
      if InlineStubs.depth != 0 { fail("\(InlineStubs.depth) inline blocks were not left") }
    }
    do {
      let value = try interpreter.run(function)
      _ = Interpreter.shown(value).utf8.count
      return "ran"
    } catch let error as ErrorObject {
      check(error)
      return "stopped: \(error.kind.rawValue)"
    } catch is ExitRequest {
      return "stopped: exit"
    } catch {
      fail("an error of another type: \(error)")
    }
  }

  /// An error must say something and point into the text.
  private func check(_ error: ErrorObject) {
    // What a text throws is its own affair.
    if error.message.isEmpty, error.kind != .thrown { fail("an error without a message") }
    guard let location = error.location else {
      fail("an error without a place: \(error.message)")
    }
    _ = location.description
    _ = location.source.text(location.span)
  }

  private func fail(_ message: String) -> Never {
    print("failed: \(message)")
    exit(1)
  }

  private static func bytes(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let n = fread(&chunk, 1, chunk.count, file)
      if n == 0 { return result }
      result += chunk[0..<n]
    }
  }
}
