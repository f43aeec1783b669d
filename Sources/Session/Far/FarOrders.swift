import Glibc
import Machines
import Posix
import Processes

/// What is said about workers of an agent, and what they work on.
enum FarOrder {
  /// To an agent.
  enum Worker: UInt8 { case make = 1, stop, terminate, kill }

  /// From an agent.
  enum News: UInt8 { case ready = 1, late, unable, ended }

  enum Code: UInt8 { case function = 1, forget, initializer, directory }

  enum Work: UInt8 { case batch = 1, program }

  /// Of a cancelled program: only if it has not begun.
  static let giveBack: [UInt8] = [2]

  static func worker(_ order: Worker, _ number: UInt32) -> FarMessage {
    var writer = FieldWriter()
    writer.add(order.rawValue)
    writer.add(number)
    return FarMessage(.worker, 0, writer.bytes)
  }

  static func code(_ code: Code, _ number: UInt32, _ bytes: [UInt8]) -> FarMessage {
    var writer = FieldWriter()
    writer.add(code.rawValue)
    writer.add(rest: bytes)
    // 0 are the settings.
    return FarMessage(.code, UInt64(number) + 1, writer.bytes)
  }

  static func news(_ news: News, _ number: UInt32, _ rest: [UInt8] = []) -> FarMessage {
    var writer = FieldWriter()
    writer.add(news.rawValue)
    writer.add(number)
    writer.add(rest: rest)
    return FarMessage(.worker, 0, writer.bytes)
  }

  static func bye(_ reason: String = "") -> FarMessage { FarMessage(.bye, 0, Array(reason.utf8)) }

  static func ping(_ kind: FrameKind, _ moment: Int64) -> FarMessage {
    var writer = FieldWriter()
    writer.add(moment)
    return FarMessage(kind, 0, writer.bytes)
  }
}

/// How a process of an agent ended.
struct FarEnd {
  var pid: Int32 = 0
  /// Its exit status; nil if a signal ended it.
  var exit: Int32?
  var signal: Int32 = 0
  var userTime: Int64 = 0
  var systemTime: Int64 = 0
  var maxRSS: Int64 = 0
  /// Since its task began (ns).
  var elapsed: Int64 = 0
  /// Of a worker: the batch and the place of the task that it had in hand.
  var inHand: (batch: UInt64, place: Int)?
  /// It took too long.
  var isLate = false
  /// It did not get memory that it needed.
  var isExhausted = false
  /// What its task had written, where that was kept.
  var output: [UInt8] = []
  var error: [UInt8] = []

  init() {}

  init(_ info: ExitInfo) {
    pid = info.pid
    switch info.cause {
    case .exited(let status): exit = status
    case .signaled(let signal, _): self.signal = signal.number
    }
    userTime = info.userTime
    systemTime = info.systemTime
    maxRSS = info.maxRSS
  }

  var info: ExitInfo? {
    let cause: ExitInfo.Cause
    if let exit {
      cause = .exited(exit)
    } else if let signal = Signal(signal) {
      cause = .signaled(signal, core: false)
    } else {
      return nil
    }
    return ExitInfo(
      pid: pid, cause: cause, userTime: userTime, systemTime: systemTime, maxRSS: maxRSS)
  }

  func write(to writer: inout FieldWriter) {
    writer.add(pid)
    writer.add(exit != nil)
    writer.add(exit ?? signal)
    for number in [userTime, systemTime, maxRSS, elapsed] { writer.add(number) }
    writer.add(inHand != nil)
    writer.add(inHand?.batch ?? 0)
    writer.add(UInt32(clamping: inHand?.place ?? 0))
    writer.add(isLate)
    writer.add(isExhausted)
    writer.add(block: output)
    writer.add(block: error)
  }

  init(_ reader: inout FieldReader) throws(FieldReader.Malformed) {
    pid = try reader.number()
    let hasExited = try reader.flag()
    let status: Int32 = try reader.number()
    if hasExited { exit = status } else { signal = status }
    userTime = try reader.number()
    systemTime = try reader.number()
    maxRSS = try reader.number()
    elapsed = try reader.number()
    let hasInHand = try reader.flag()
    let batch: UInt64 = try reader.number()
    let place = Int(try reader.number(UInt32.self))
    if hasInHand { inHand = (batch, place) }
    isLate = try reader.flag()
    isExhausted = try reader.flag()
    output = try reader.block()
    error = try reader.block()
    for number in [userTime, systemTime, maxRSS, elapsed] where number < 0 {
      throw FieldReader.Malformed()
    }
  }
}

/// The times of the protocol (ns).
enum FarTimes {
  /// All are so many times shorter in tests.
  private static let factor: Int64 = {
    guard let text = getenv("BROOD_TEST_FAR_SPEED"), let factor = Int64(String(cString: text)),
      factor > 0
    else { return 1 }
    return min(factor, 100)
  }()

  static let second: Int64 = 1_000_000_000
  /// Between two signs of life.
  static var period: Int64 { 5 * second / factor }
  /// After so much silence an agent ends.
  static var timeout: Int64 { 15 * second / factor }
  /// After so much silence a session takes a host for lost.
  static var lost: Int64 { 20 * second / factor }
  /// How long an agent may take to greet: a program needs its time to start, whatever the test.
  static var greeting: Int64 { max(30 * second / factor, 10 * second) }
  /// So long an agent that is told to hold forgives silence.
  static var hold: Int64 { 3600 * second }
  /// The least wait before a host is tried again the first time, doubled each time, and the most.
  static var firstRetry: Int64 { second / factor }
  static var mostRetry: Int64 { 30 * second / factor }
}
