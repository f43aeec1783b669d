import Language
import Posix

/// The record of a block's task in a small form, since `pool map --records` may make millions of
/// them: 128 bytes, beside what the task wrote and yielded.
final class BlockEntries: EntrySource {
  static let names = TaskRecord.fieldNames + TaskRecord.fieldsOfBlocks

  private enum Field: String {
    case index, key, item, pid, host, attempts, start, elapsed, cpu, maxrss, exit, signal
    case hasTimedOut = "timed_out"
    case ok, output, error, value, failure
  }

  private static let fields = names.compactMap(Field.init(rawValue:))
  nonisolated(unsafe) private static let all = RecordKeys(fields.map(\.rawValue))
  /// Most tasks write nothing.
  nonisolated(unsafe) private static let nothing = Value.text("")

  private let index: Int
  private let item: Value
  private let pid: Int32
  private let attempts: Int32
  /// ns since 1970; 0 for a task that was not begun.
  private let start: Int
  /// ns.
  private let elapsed: Int
  private let cpu: Int
  /// KiB.
  private let maxrss: UInt32
  private let exit: Int16
  private let signal: UInt8
  private let flags: Flags
  /// What it yielded, or the error that it failed with.
  private let result: Value
  private let output: Value
  private let error: Value

  private struct Flags: OptionSet {
    let rawValue: UInt8
    static let isOk = Flags(rawValue: 1)
    static let hasTimedOut = Flags(rawValue: 2)
    static let hasElapsed = Flags(rawValue: 4)
    static let hasCPU = Flags(rawValue: 8)
    static let hasMemory = Flags(rawValue: 16)
    static let hasExit = Flags(rawValue: 32)
  }

  /// Nil for facts that it has no room for.
  init?(_ record: TaskRecord, _ outcome: TaskOutcome) {
    func fact(_ name: String) -> Value { record.facts?.get(name) ?? .null }
    var flags: Flags = []
    index = record.index
    item = record.item
    guard let attempts = Int32(exactly: record.attempts) else { return nil }
    self.attempts = attempts
    switch fact("pid") {
    case .null: pid = 0
    case .int(let number):
      guard let number = Int32(exactly: number), number > 0 else { return nil }
      pid = number
    default: return nil
    }
    switch fact("start") {
    case .null: start = 0
    case .time(let moment) where moment != 0: start = moment
    default: return nil
    }
    guard let (elapsed, hasElapsed) = BlockEntries.time(fact("elapsed")),
      let (cpu, hasCPU) = BlockEntries.time(fact("cpu"))
    else { return nil }
    (self.elapsed, self.cpu) = (elapsed, cpu)
    if hasElapsed { flags.insert(.hasElapsed) }
    if hasCPU { flags.insert(.hasCPU) }
    switch fact("maxrss") {
    case .null: maxrss = 0
    case .size(let bytes):
      guard bytes % 1024 == 0, let memory = UInt32(exactly: bytes / 1024) else { return nil }
      maxrss = memory
      flags.insert(.hasMemory)
    default: return nil
    }
    switch fact("exit") {
    case .null: exit = 0
    case .int(let status):
      guard let status = Int16(exactly: status) else { return nil }
      exit = status
      flags.insert(.hasExit)
    default: return nil
    }
    switch fact("signal") {
    case .null: signal = 0
    case .string(let name):
      guard let known = Signal(name.string), known.name == name.string else { return nil }
      signal = UInt8(truncatingIfNeeded: known.number)
    default: return nil
    }
    if case .null = fact("key") {} else { return nil }
    if record.facts?.get("host") != nil { return nil }
    output = BlockEntries.shared(fact("output"))
    error = BlockEntries.shared(fact("error"))
    switch outcome {
    case .value(let value): result = value
    case .failure(let error): result = .error(error)
    }
    if record.isOk { flags.insert(.isOk) }
    if record.hasTimedOut { flags.insert(.hasTimedOut) }
    self.flags = flags
    super.init(BlockEntries.all)
  }

  private static func time(_ value: Value) -> (time: Int, isKnown: Bool)? {
    switch value {
    case .null: (0, false)
    case .duration(let time): (time, true)
    default: nil
    }
  }

  private static func shared(_ text: Value) -> Value {
    if case .string(let string) = text, string.byteCount == 0 { return nothing }
    return text
  }

  override func value(at place: Int) -> Value {
    guard BlockEntries.fields.indices.contains(place) else { return .null }
    switch BlockEntries.fields[place] {
    case .index: return .int(index)
    case .key: return .null
    case .item: return item
    case .pid: return pid == 0 ? .null : .int(Int(pid))
    case .host: return .text(Machine.hostName)
    case .attempts: return .int(Int(attempts))
    case .start: return start == 0 ? .null : .time(start)
    case .elapsed: return flags.contains(.hasElapsed) ? .duration(elapsed) : .null
    case .cpu: return flags.contains(.hasCPU) ? .duration(cpu) : .null
    case .maxrss: return flags.contains(.hasMemory) ? .size(Int(maxrss) * 1024) : .null
    case .exit: return flags.contains(.hasExit) ? .int(Int(exit)) : .null
    case .signal: return Signal(Int32(signal)).map { .text($0.name) } ?? .null
    case .hasTimedOut: return .bool(flags.contains(.hasTimedOut))
    case .ok: return .bool(flags.contains(.isOk))
    case .output: return output
    case .error: return error
    case .value: return flags.contains(.isOk) ? result : .null
    case .failure: return flags.contains(.isOk) ? .null : result
    }
  }
}
