import Glibc

/// Makes texts: mutated pieces of a corpus, random tokens, random bytes, deep nesting, huge numbers.
struct Mutator {
  private var numbers: Random
  private let corpus: [[UInt8]]
  private let pieces: [[UInt8]]

  private static let tokens = [
    "let ", "var ", "fn ", "if ", "else ", "while ", "for ", "in ", "try ", "catch ", "finally ",
    "return ", "throw ", "break", "continue", "x", "y", "$x", "$y", "${", "\"", "'", "(", ")", "[",
    "]", "{", "}", "{ |x| ", "|", "|>", "&&", "||", "&", ";", "\n", " = ", " += ", "==", "<", ">",
    "..", "..<", "...", "??", ".", ",", ":", "+", "-", "*", "/", "//", "%", "not ", "and ", "or ",
    "1", "0x7fffffffffffffff", "9223372036854775807", "-9223372036854775808", "1e308", "2s",
    "64KiB", "true", "false", "null", "\\", "#", "--flag", "--", "^ls", "print ", "map ", "each ",
    "len ", "call ", "[:]", "$x[0]", "$x.a", "$args", "ok ", "status ", "time ", "2>&1", "> f",
    "select { ", "queue $x { |v| ", "queue [$x, full] { |v, q| ", "after 1 { ", "lock with m { ",
    "shm lock s { |v| ", "lock with $x $y", "é", "哈", "\u{0}", "\t", "sort ", "reduce ", "split ",
    "range ", "json-parse ", "format ",
  ]

  init(seed: UInt64, corpus: [[UInt8]]) {
    numbers = Random(seed: seed)
    self.corpus = corpus.isEmpty ? [Array("print 1\n".utf8)] : corpus
    pieces = self.corpus.flatMap { $0.split(separator: 0x0A).map(Array.init) }
  }

  private mutating func random() -> UInt64 { numbers.next() }

  private mutating func below(_ n: Int) -> Int { numbers.below(n) }

  mutating func next() -> [UInt8] {
    switch below(20) {
    case 0: return (0..<below(200)).map { _ in UInt8(truncatingIfNeeded: random()) }
    case 1: return nested()
    case 2...6: return tokens()
    default: return mutated()
    }
  }

  private mutating func tokens() -> [UInt8] {
    var out: [UInt8] = []
    for _ in 0..<(1 + below(40)) {
      out += Array(Mutator.tokens[below(Mutator.tokens.count)].utf8)
      if below(3) == 0 { out.append(0x20) }
    }
    return out
  }

  private mutating func nested() -> [UInt8] {
    let open = [
      "(", "[", "{ ", "if true { ", "-", "not ", "[a: ", "\"${", "fn f() { ", "try { ",
      "lock with m { ", "select { after 1 { ", "shm lock s { |v| ",
    ]
    let piece = Array(open[below(open.count)].utf8)
    return Array(repeatElement(piece, count: 1 + below(5000)).joined())
      + (below(2) == 0 ? [] : Array("1".utf8))
  }

  private mutating func mutated() -> [UInt8] {
    var text: [UInt8] = []
    if below(3) == 0 {
      text = corpus[below(corpus.count)]
    } else {
      for _ in 0..<(1 + below(8)) { text += pieces[below(pieces.count)] + [0x0A] }
    }
    for _ in 0..<below(4) {
      let at = below(text.count + 1)
      switch below(6) {
      case 0 where !text.isEmpty:
        text[min(at, text.count - 1)] = UInt8(truncatingIfNeeded: random())
      case 1 where !text.isEmpty:
        text.removeSubrange(at..<min(text.count, at + 1 + below(12)))
      case 2:
        let from = below(text.count + 1)
        text.insert(contentsOf: Array(text[from..<min(text.count, from + below(40))]), at: at)
      default:
        text.insert(contentsOf: Array(Mutator.tokens[below(Mutator.tokens.count)].utf8), at: at)
      }
    }
    return text
  }

  /// Leaves the text where a crash can be looked at: the file named by BROOD_FUZZ_LAST.
  func keepForPostMortem(_ text: [UInt8]) {
    guard let path = getenv("BROOD_FUZZ_LAST"), let file = fopen(path, "w") else { return }
    fwrite(text, 1, text.count, file)
    fclose(file)
  }
}
