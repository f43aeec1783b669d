import Glibc
import Language

/// The clock, and writing values in a given form.
enum TimeCommands {
  static let family = CommandFamily("Time and format", [now, format])

  private static let now = Command(
    "now", "Yield the present time",
    details: "The difference of two times is a duration. `float` of a time is its Unix seconds.",
    traits: .pure,
    examples: [
      Example("let start = now\nprint (type $start) (type ((now) - $start))", "time duration")
    ]
  ) { _ in
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .time(time.tv_sec * 1_000_000_000 + time.tv_nsec)
  }

  private static let format = Command(
    "format", "Write a time, number, duration or text in a given form",
    details: """
      A time takes the codes of strftime: %Y-%m-%d %H:%M:%S, in local time or with --utc; %L is \
      milliseconds.

      A duration takes %D days, %H hours, %M minutes, %S seconds, %L milliseconds, each what the \
      greater ones in the format leave.

      A number takes [[FILL]ALIGN][SIGN][0][WIDTH][,][.DIGITS][TYPE]: ALIGN is < > or ^, SIGN is + \
      or a blank, 0 fills with zeros, a comma groups thousands. TYPE is d, x, X, o or b for whole \
      numbers, f, e, g or % for any. A duration counts as seconds, a size as bytes. A text takes \
      FILL, ALIGN, WIDTH and, as the most characters, DIGITS.
      """,
    parameters: [
      Parameter("value", .any, .required, "a time, number, duration, size or text"),
      Parameter("format", .text),
    ],
    flags: [Flag("utc", nil, "the time in UTC, not local time")], traits: .pure,
    examples: [
      Example(
        "print (format 3.14159 .2f) (format 7 03d) (format 255 x) (format 1234567 ,)",
        "3.14 007 ff 1,234,567"),
      Example(
        "print (format 3725s \"%H:%M:%S\")\nprint (type (format (now) \"%F %T\"))",
        "01:02:05\nstring"),
    ]
  ) { call in
    let text = call.text(1)
    switch call.value(0) {
    case .time(let nanoseconds): return .text(try time(nanoseconds, text, call))
    case .duration(let nanoseconds) where text.contains("%") && NumberFormat(text) == nil:
      return .text(try duration(nanoseconds, text, call))
    case .int, .float, .duration, .size, .string, .bool:
      guard let format = NumberFormat(text) else { throw unknown(call) }
      guard let result = format.apply(to: call.value(0)) else {
        throw call.error(
          .type, "the format '\(text)' is not for a \(call.value(0).typeName)", at: 1,
          help: "see: help format")
      }
      return .text(result)
    default: throw call.bad("value", must: "a time, number, duration, size or text", at: 0)
    }
  }

  private static func unknown(_ call: borrowing Call) -> ErrorObject {
    call.bad(
      "format", must: "such as .2f, 05d, x or , and for times such as %H:%M", at: 1,
      help: "see: help format")
  }

  private static func time(
    _ nanoseconds: Int, _ text: String, _ call: borrowing Call
  ) throws -> String {
    let seconds = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : ~(~nanoseconds / 1_000_000_000)
    let milliseconds = (nanoseconds - seconds &* 1_000_000_000) / 1_000_000
    var clock = time_t(seconds)
    var parts = tm()
    useTimeZone(call.environment("TZ"))
    let isSplit = call.isSet("utc") ? gmtime_r(&clock, &parts) : localtime_r(&clock, &parts)
    guard isSplit != nil else { throw call.error(.range, "the time is out of range", at: 0) }
    if text.isEmpty { return "" }
    if text.utf8.count > 10_000 || text.utf8.contains(0) { throw unknown(call) }
    // A character behind it tells an empty result from too little room.
    let pattern = replacing(text) { $0 == "L" ? three(milliseconds) : nil } + "."
    var room = 256 + pattern.utf8.count * 4
    while room < 1 << 24 {
      let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        count = buffer.withMemoryRebound(to: CChar.self) { buffer in
          buffer.baseAddress.map { strftime($0, room, pattern, &parts) } ?? 0
        }
      }
      if !bytes.isEmpty { return String(decoding: bytes.dropLast(), as: UTF8.self) }
      room *= 4
    }
    throw call.error(.limit, "the text would be longer than 4MiB", at: 1)
  }

  /// Makes the C library see what the program may have set, `env.TZ`.
  private static func useTimeZone(_ zone: String?) {
    if let zone { setenv("TZ", zone, 1) } else { unsetenv("TZ") }
    tzset()
  }

  private static func duration(
    _ nanoseconds: Int, _ text: String, _ call: borrowing Call
  ) throws -> String {
    var rest = nanoseconds.magnitude
    var counts: [Character: UInt] = [:]
    let units: [(Character, UInt)] = [
      ("D", 86_400_000_000_000), ("H", 3_600_000_000_000), ("M", 60_000_000_000),
      ("S", 1_000_000_000), ("L", 1_000_000),
    ]
    var used: Set<Character> = []
    var isKnown = true
    _ = replacing(text) { code in
      used.insert(code)
      if code != "%", !units.contains(where: { $0.0 == code }) { isKnown = false }
      return nil
    }
    if !isKnown { throw unknown(call) }
    for (code, length) in units where used.contains(code) {
      counts[code] = rest / length
      rest %= length
    }
    let result = replacing(text) { code in
      if code == "%" { return "%" }
      guard let count = counts[code] else { return nil }
      switch code {
      case "D": return String(count)
      case "L": return three(Int(clamping: count))
      default: return count < 10 ? "0\(count)" : String(count)
      }
    }
    return (nanoseconds < 0 ? "-" : "") + result
  }

  private static func three(_ number: Int) -> String {
    number < 1000 ? String(String(1000 + number).dropFirst()) : String(number)
  }

  /// Replaces `%` and a character by what `change` makes of the character, nil to leave it.
  private static func replacing(_ text: String, _ change: (Character) -> String?) -> String {
    var result = ""
    var isCode = false
    for character in text {
      if isCode {
        result += change(character) ?? "%\(character)"
        isCode = false
      } else if character == "%" {
        isCode = true
      } else {
        result.append(character)
      }
    }
    return isCode ? result + "%" : result
  }
}
