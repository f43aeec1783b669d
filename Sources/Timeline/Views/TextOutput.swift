/// Bytes of a file that is being made, with the forms of text in JSON and XML.
struct TextOutput {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ text: String) { bytes += text.utf8 }
  mutating func add(_ number: Int64) { bytes += String(number).utf8 }
  mutating func add(_ number: Int) { bytes += String(number).utf8 }

  /// A string of JSON, which can stand within a script of HTML too: `<` is written as an escape.
  mutating func addJSON(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): add("\\\"")
      case UInt8(ascii: "\\"): add("\\\\")
      case 0x0A: add("\\n")
      case 0x0D: add("\\r")
      case 0x09: add("\\t")
      case 0x00..<0x20, 0x7F, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
        add("\\u00")
        bytes.append(TextOutput.digit(byte >> 4))
        bytes.append(TextOutput.digit(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A text or null.
  mutating func addJSON(_ text: String?) {
    if let text { addJSON(text) } else { add("null") }
  }

  /// Text of XML and HTML; what these may not hold, or what would turn text around, as `\u{1b}`.
  mutating func addXML(_ text: String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": add("&lt;")
      case ">": add("&gt;")
      case "&": add("&amp;")
      case "\"": add("&quot;")
      default:
        if TextOutput.isHidden(scalar) {
          add("\\u{\(String(scalar.value, radix: 16))}")
        } else {
          bytes += String(scalar).utf8
        }
      }
    }
  }

  /// Whether a reader would not see a character, or see others in another place because of it.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 0x20 || (0x7F..<0xA0).contains(value) { return true }
    if value < 0x600 { return false }
    switch value {
    case 0x061C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xFFFE...0xFFFF, 0xE0000...0xE007F:
      return true
    default: return false
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

/// Times as people read them.
enum TimeText {
  /// A time since the beginning, as `1.250s`, `12.3ms`, `450µs`, `17ns`: three digits or more.
  static func short(_ nanoseconds: Int64, micro: String = "µs") -> String {
    if nanoseconds < 0 {
      return "-" + short(nanoseconds == .min ? .max : -nanoseconds, micro: micro)
    }
    switch nanoseconds {
    case 0: return "0s"
    case ..<1_000: return "\(nanoseconds)ns"
    case ..<1_000_000: return decimal(nanoseconds, 1_000) + micro
    case ..<1_000_000_000: return decimal(nanoseconds, 1_000_000) + "ms"
    default: return decimal(nanoseconds, 1_000_000_000) + "s"
    }
  }

  /// With as many places as keep three digits; zeros at the end are dropped.
  private static func decimal(_ value: Int64, _ unit: Int64) -> String {
    let whole = value / unit
    let thousandths = value % unit / (unit / 1000)
    if whole >= 1000 { return "\(whole)" }
    var fraction = String(thousandths)
    fraction = String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    fraction = String(fraction.prefix(whole >= 100 ? 1 : whole >= 10 ? 2 : 3))
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
  }

  /// Seconds with nine places, without loss.
  static func seconds(_ nanoseconds: Int64) -> String {
    let fraction = String(nanoseconds.magnitude % 1_000_000_000)
    let zeros = String(repeating: "0", count: 9 - fraction.utf8.count)
    let sign = nanoseconds < 0 ? "-" : ""
    return "\(sign)\(nanoseconds.magnitude / 1_000_000_000).\(zeros)\(fraction)"
  }

  /// A step for ticks: 1, 2 or 5 times a power of ten, at least so many nanoseconds.
  static func step(atLeast least: Int64) -> Int64 {
    var power: Int64 = 1
    while power < Int64.max / 10 {
      for factor: Int64 in [1, 2, 5] where power * factor >= least { return power * factor }
      power *= 10
    }
    return power
  }
}

extension Chart {
  /// Whether a point is in the time that is shown.
  func shows(_ point: Point) -> Bool { point.time >= begin && point.time <= end }

  /// As `4 processes, 120 events, 20 arrows in 1.25s`.
  public var summary: String { summary(micro: "µs") }

  func summary(micro: String) -> String {
    let span = TimeText.short(end.subtractingReportingOverflow(begin).partialValue, micro: micro)
    var text =
      "\(count(lanes.count, "process", "processes")), \(count(max(0, events - leftOut.events), "event")), "
      + "\(count(arrows.count, "arrow")) in \(span)"
    let left = [
      leftOut.lanes > 0 ? count(leftOut.lanes, "process", "processes") : nil,
      leftOut.events > 0 ? count(leftOut.events, "event") : nil,
      leftOut.arrows > 0 ? count(leftOut.arrows, "arrow") : nil,
    ].compactMap(\.self)
    if !left.isEmpty { text += "; not shown: " + left.joined(separator: ", ") }
    return text
  }

  /// What the recording lacks; one line each.
  public var remarks: [String] {
    var lines: [String] = []
    if lost > 0 {
      lines.append("\(count(lost, "event")) had been overwritten before they were read")
    }
    if unmatched > 0 {
      lines.append("\(count(unmatched, "receipt")) of messages whose sending was not recorded")
    }
    if disordered > 0 {
      lines.append("\(count(disordered, "arrow")) drawn later than recorded: clocks do not agree")
    }
    if unread > 0 { lines.append("\(count(unread, "line")) could not be understood") }
    return lines
  }
}

func count(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
  number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
}
