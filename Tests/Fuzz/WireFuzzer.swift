import Commands
import Glibc
import Language

/// Decodes mutated and random messages: whatever comes of them but a crash, a hang or much memory
/// is fine, and what is a value must come back as the same value.
final class WireFuzzer {
  private var random: Random
  private let host = QuietHost()
  private let interpreter: Interpreter
  private let encoder: WireEncoder
  private let decoder: WireDecoder
  private var corpus: [[UInt8]] = []

  /// Enough for a thousand times the longest message; more is an error of the decoder.
  private static let memory: rlim_t = 1 << 30

  init(seed: UInt64) {
    random = Random(seed: seed)
    interpreter = Interpreter(table: CommandTable(Library.families), host: host)
    interpreter.maximumLength = 1 << 20
    let coder = EchoCoder()
    encoder = WireEncoder(interpreter, handles: coder)
    decoder = WireDecoder(interpreter, handles: coder)
    for text in WireFuzzer.texts { corpus.append(message(of: text)) }
  }

  /// What the messages are made from.
  private static let texts = [
    "null", "true", "-5", "300", "9223372036854775807", "0.1", "'text'", "\"日本é\"", "5s", "64KiB",
    "[1, -2, 3.5, 'a', [], [:]]", "[a: 1, b: [c: 2s, 'long key of a map': 'and its value']]",
    "1..5", "[1..<5, 0..-9223372036854775807]", "now", "(range 100)", "$upper",
    "(bytes 'some bytes')", "(split 'a b c d e f g h i j k l m n o p q r s t u v w x y z' ' ')",
    "{ |x| $x * 2 }", "let n = 5\n{ |x, y = 3, ...z| $x + $n * $y }",
    "var f = null\nf = { |n| if $n < 1 { 0 } else { call $f ($n - 1) } }\n$f",
    "fn even(n) { if $n == 0 { true } else { odd ($n - 1) } }\n"
      + "fn odd(n) { if $n == 0 { false } else { even ($n - 1) } }\n[{ |n| even $n }, $odd]",
    "var total = [a: 1]\nfn add(n: int, --twice) { total.a += $n; { $total } }\n[$add, { $total }]",
    "try { throw 'no luck' } catch e { let x = $e }\ntry { [1][5] } catch e { [$e, 'after'] }",
    "fn f(x) { $x.nothing }\ntry { f 3 } catch e { $e }",
  ]

  /// The value of a text, encoded.
  private func message(of text: String) -> [UInt8] {
    host.reset()
    // Functions of the top level are values by their names.
    let isName = text.hasPrefix("$")
    do {
      if isName {
        return try encoder.copied(try interpreter.function(named: String(text.dropFirst())))
      }
      let findings = interpreter.compile(Source(name: "corpus", text: text))
      guard let function = findings.function else {
        fail("the corpus has an error: \(findings.errors.first?.message ?? "?")")
      }
      let value = try interpreter.run(function).plain
      return try encoder.copied(.items([value, .handle(EchoHandle(3, [1, 2, 3]))]))
    } catch {
      fail("the corpus has an error: \((error as? ErrorObject)?.message ?? "\(error)")")
    }
  }

  func run(_ count: Int) {
    var limit = rlimit(rlim_cur: WireFuzzer.memory, rlim_max: WireFuzzer.memory)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    for message in corpus where outcome(of: message) != "a value" {
      fail("a message of the corpus is not understood: \(message)")
    }
    var tally: [String: Int] = [:]
    for _ in 0..<count {
      let message = next()
      keepForPostMortem(message)
      tally[outcome(of: message), default: 0] += 1
    }
    for (outcome, times) in tally.sorted(by: { $0.key < $1.key }) { print("\(outcome): \(times)") }
    print("\(count) messages, no crash")
  }

  // MARK: Messages

  private func next() -> [UInt8] {
    switch random.below(10) {
    case 0: return (0..<random.below(60)).map { _ in random.byte() }
    case 1: return lies()
    default: return mutated()
    }
  }

  /// Many nested containers and texts that claim to be long.
  private func lies() -> [UInt8] {
    let leads: [[UInt8]] = [
      [0xDD], [0xDF], [0xDB], [0xC6], [0xC9], [0x91], [0x9F], [0x81, 0x01], [0xDC, 0xFF, 0xFF],
      [0x97, 0xD4, 16, 0], [0x93, 0xC7, 40, 17],
    ]
    var out: [UInt8] = []
    let depth = 1 + random.below(random.below(4) == 0 ? 3000 : 20)
    let fixed = random.below(2) == 0 ? leads[random.below(leads.count)] : nil
    for _ in 0..<depth {
      let lead = fixed ?? leads[random.below(leads.count)]
      out += lead
      if lead.count == 1, lead[0] > 0xA0 {
        let size = UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(32))
        out += withUnsafeBytes(of: size.bigEndian, Array.init)
      }
    }
    return out + [UInt8](repeating: random.byte(), count: random.below(3000))
  }

  private func mutated() -> [UInt8] {
    var message = corpus[random.below(corpus.count)]
    for _ in 0...(random.below(2) == 0 ? 0 : random.below(4)) {
      let at = random.below(message.count + 1)
      switch random.below(9) {
      case 0 where at < message.count: message[at] = random.byte()
      case 5...7 where at < message.count:
        // A letter for a letter keeps lengths right, and changes texts of functions.
        message[at] = UInt8(truncatingIfNeeded: 0x20 + random.below(0x60))
      case 2 where at < message.count:
        message.removeSubrange(at..<min(message.count, at + 1 + random.below(8)))
      case 3:
        let other = corpus[random.below(corpus.count)]
        let from = random.below(other.count + 1)
        message.insert(contentsOf: other[from..<min(other.count, from + random.below(60))], at: at)
      case 4 where at < message.count: message[at] ^= 1 << UInt8(random.below(8))
      default: message.insert(random.byte(), at: at)
      }
    }
    return message
  }

  // MARK: Outcomes

  private func outcome(of message: [UInt8]) -> String {
    let value: Value
    do {
      value = try message.withUnsafeBytes { try decoder.decode($0) }
    } catch let error as ErrorObject {
      if error.message.isEmpty { fail("an error without a message") }
      if inPortions(message) != nil { fail("refused as a whole, taken in portions") }
      return "refused: \(error.kind.rawValue)"
    } catch {
      fail("an error of another type: \(error)")
    }
    let again = reencoded(value)
    guard let pieces = inPortions(message), reencoded(pieces) == again else {
      fail("taken as a whole, something else in portions")
    }
    let second = again.withUnsafeBytes { try? decoder.decode($0) }
    guard let second, reencoded(second) == again else { fail("a value does not come back") }
    _ = Interpreter.shown(value).utf8.count
    use(value)
    return "a value"
  }

  private func reencoded(_ value: Value) -> [UInt8] {
    do {
      let bytes = try encoder.copied(value)
      if try encoder.encodedSize(of: value) != bytes.count { fail("a size is wrong") }
      return bytes
    } catch {
      fail("a value that came cannot go: \((error as? ErrorObject)?.message ?? "\(error)")")
    }
  }

  /// Decoded from a source that gives some bytes at a time; nil if it is refused.
  private func inPortions(_ message: [UInt8]) -> Value? {
    let most = 1 + random.below(30)
    var place = 0
    let value = try? decoder.decode(length: random.below(2) == 0 ? message.count : nil) { buffer in
      let count = min(most, buffer.count, message.count - place)
      buffer.copyBytes(from: message[place..<(place + count)])
      place += count
      return count
    }
    // Without a length nobody asks for what follows.
    return place == message.count ? value : nil
  }

  /// Calls what can be called.
  private func use(_ value: Value) {
    switch value {
    case .closure:
      host.reset()
      do {
        _ = try interpreter.invoke(value, [.int(3)])
      } catch {
        if (error as? ErrorObject)?.message.isEmpty != false { fail("an error without a message") }
      }
    case .list(let list): for item in list.items.prefix(4) { use(item) }
    case .error(let error): _ = error.location.map { $0.description + $0.source.text($0.span) }
    default: break
    }
  }

  private func fail(_ message: String) -> Never {
    print("failed: \(message)")
    exit(1)
  }

  /// Leaves the message where a crash can be looked at: the file named by BROOD_FUZZ_LAST.
  private func keepForPostMortem(_ message: [UInt8]) {
    guard let path = getenv("BROOD_FUZZ_LAST"), let file = fopen(path, "w") else { return }
    fwrite(message, 1, message.count, file)
    fclose(file)
  }
}

/// A handle that is nothing but what stands for it on the wire.
private final class EchoHandle: Handle {
  let kind: UInt8
  let bytes: [UInt8]

  init(_ kind: UInt8, _ bytes: [UInt8]) {
    self.kind = kind
    self.bytes = bytes
  }
}

private final class EchoCoder: HandleCoder {
  func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8]) {
    guard let handle = handle as? EchoHandle else { throw Wire.cannotSend(handle) }
    return (handle.kind, handle.bytes)
  }

  func encodedCount(of handle: Handle) throws -> Int { try encode(handle).bytes.count }

  func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle {
    EchoHandle(kind, Array(bytes))
  }
}
