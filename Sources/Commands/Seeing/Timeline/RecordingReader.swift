import Language
import Timeline

/// Reads a recording: JSON lines, first one about the session, then one for each event.
///
/// Fields that are not known are passed over, and so are events of kinds that are not known; lines that
/// are no JSON are counted. The last line may be torn, as by a death; it is cut then.
struct RecordingReader {
  /// What the file is called in errors.
  private let name: String

  /// - Throws: `syntax` for what is no recording.
  static func read(_ bytes: [UInt8], _ name: String) throws(ErrorObject) -> ChartSource {
    try RecordingReader(name: name).read(bytes)
  }

  private func read(_ bytes: [UInt8]) throws(ErrorObject) -> ChartSource {
    var source: ChartSource?
    var unread = 0
    var events: [ChartEvent] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      let map = RecordingReader.map(bytes, start, end)
      if source == nil {
        source = try header(map)
      } else if let map {
        if let event = RecordingReader.event(map) { events.append(event) }
      } else if end > start, end < bytes.count {
        unread += 1
      }
      start = end + 1
    }
    guard var source else { throw wrong("it is empty") }
    source.events = events
    source.unread = unread
    return source
  }

  private func wrong(_ reason: String) -> ErrorObject {
    ErrorObject(
      .syntax, "'\(name)' is no recording: \(reason)",
      help: "recordings are made by: brood --record FILE script.brood, or record to FILE")
  }

  private static func map(_ bytes: [UInt8], _ start: Int, _ end: Int) -> MapObject? {
    bytes.withUnsafeBufferPointer { all -> MapObject? in
      let line = UnsafeBufferPointer(rebasing: all[start..<end])
      guard String(validating: line, as: UTF8.self) != nil else { return nil }
      var parser = JSONParser(line)
      guard case .map(let map)? = try? parser.parse() else { return nil }
      return map
    }
  }

  // MARK: The first line

  private func header(_ map: MapObject?) throws(ErrorObject) -> ChartSource {
    guard let map, let version = RecordingReader.int(map, "brood") else {
      throw wrong("its first line is not that of one")
    }
    guard version == 1 else {
      throw ErrorObject(
        .syntax, "'\(name)' has version \(version) of recordings, and this brood reads version 1",
        help: "read it with the brood that wrote it, or a newer one")
    }
    return ChartSource(
      session: RecordingReader.pid(map, "session"), script: RecordingReader.text(map, "script"),
      host: RecordingReader.text(map, "host"), boot: RecordingReader.text(map, "boot"),
      zero: RecordingReader.int(map, "zero") ?? 0,
      began: RecordingReader.time(RecordingReader.text(map, "began")))
  }

  /// A time of ISO 8601 in UTC, with up to nine places, in ns since 1970.
  static func time(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ first: Int, _ count: Int) -> Int? {
      guard first + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[first..<first + count] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      (1970..<2200).contains(year), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    var nanoseconds = 0
    if bytes.count > 20, bytes[19] == UInt8(ascii: ".") {
      let digits = bytes[20...].prefix { (0x30...0x39).contains($0) }.prefix(9)
      for place in 0..<9 {
        let digit = place < digits.count ? Int(digits[20 + place] - 0x30) : 0
        nanoseconds = nanoseconds * 10 + digit
      }
    }
    // Days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = shifted % 400 * 365 + shifted % 400 / 4 - shifted % 400 / 100 + dayOfYear
    let days = shifted / 400 * 146_097 + dayOfEra - 719_468
    let seconds = days * 86400 + hour * 3600 + minute * 60 + second
    return Int64(seconds) * 1_000_000_000 + Int64(nanoseconds)
  }

  // MARK: Events

  private static func event(_ map: MapObject) -> ChartEvent? {
    guard let time = int(map, "t"), let what = what(map) else { return nil }
    let place = text(map, "at")
    return ChartEvent(time, pid(map, "pid"), what, at: place.isEmpty ? nil : place)
  }

  private static func what(_ map: MapObject) -> ChartEvent.What? {
    switch text(map, "ev") {
    case "start": return .start(name: text(map, "name"), parent: pid(map, "parent"))
    case "fork": return .fork(child: pid(map, "child"), name: text(map, "name"))
    case "spawn": return .spawn(child: pid(map, "child"), name: text(map, "name"))
    case "exec": return .exec(name: text(map, "name"))
    case "exit": return .exit(ending(map))
    case "wait": return .wait(child: pid(map, "child"), ending(map))
    case "kill": return .kill(to: pid(map, "to"), signal: text(map, "signal"))
    case "handler": return .handler(signal: text(map, "signal"))
    case "handled": return .handled(signal: text(map, "signal"))
    case "op":
      let value = text(map, "value")
      let outcome = text(map, "out")
      return .operation(
        ChartEvent.Operation(
          text(map, "verb"), object(map), number: int(map, "n"), count: int(map, "count") ?? 1,
          size: int(map, "size"), value: value.isEmpty ? nil : value,
          outcome: outcome.isEmpty ? "ok" : outcome))
    case "sleep": return .sleep(verb: text(map, "verb"), on: object(map))
    case "wake": return .wake(on: object(map), by: pid(map, "by"))
    case "task":
      return .task(
        ChartEvent.PoolTask(
          int(map, "task") ?? 0, attempt: int(map, "attempt") ?? 1, pool: text(map, "pool"),
          isBegin: text(map, "phase") == "begin", outcome: text(map, "out")))
    case "print": return .print(text(map, "text"))
    case "mark": return .mark(text(map, "text"))
    case "lost": return .lost(int(map, "count") ?? 0)
    default: return nil
    }
  }

  private static func object(_ map: MapObject) -> ChartEvent.SharedObject {
    ChartEvent.SharedObject(text(map, "on"), int(map, "id") ?? 0, text(map, "name"))
  }

  private static func ending(_ map: MapObject) -> ChartEvent.Ending? {
    let signal = text(map, "signal")
    if !signal.isEmpty { return .signal(signal) }
    return int(map, "status").map { .status(Int($0)) }
  }

  private static func int(_ map: MapObject, _ key: String) -> Int64? {
    switch map.get(key) {
    case .int(let number)?: return Int64(number)
    // JSON has one kind of number.
    case .float(let number)? where abs(number) < 9e18: return Int64(number)
    default: return nil
    }
  }

  private static func pid(_ map: MapObject, _ key: String) -> Int32 {
    Int32(clamping: int(map, key) ?? 0)
  }

  private static func text(_ map: MapObject, _ key: String) -> String {
    switch map.get(key) {
    case .string(let text)?: text.string
    case .int(let number)?: "\(number)"
    default: ""
    }
  }
}
