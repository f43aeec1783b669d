/// One value of the language: 8 bytes of payload and a tag byte, 16 bytes apart in memory.
///
/// Every reference payload is a single pointer, so that the machine can tell from the tag alone
/// whether a slot owns anything (see `Slots.swift`, which relies on the order of the cases:
/// the payload cases are numbered in the order in which they stand, `null` and `missing` follow).
public enum Value {
  // Trivial payloads: nothing to retain.
  case bool(Bool)
  case int(Int)
  case float(Double)
  /// Nanoseconds.
  case duration(Int)
  /// Bytes.
  case size(Int)
  /// Nanoseconds since 1970-01-01 UTC.
  case time(Int)
  // Single pointers.
  case string(StringObject)
  case bytes(BytesObject)
  case list(ListObject)
  case map(MapObject)
  case range(RangeObject)
  case closure(Closure)
  case error(ErrorObject)
  case stream(StreamObject)
  case handle(Handle)
  /// What a reporting command yields, until it is used as a value.
  case report(ReportObject)
  /// A variable that a closure captured; never seen by a program.
  case cell(Cell)
  case null
  /// An argument that was not given; never seen by a program.
  case missing

  /// The name of the value's type, as `type` gives it and messages use it.
  public var typeName: String {
    switch self {
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .duration: "duration"
    case .size: "size"
    case .time: "time"
    case .string: "string"
    case .bytes: "bytes"
    case .list: "list"
    case .map: "map"
    case .range: "range"
    case .closure: "closure"
    case .error: "error"
    case .stream: "stream"
    case .handle(let handle): handle.typeName
    case .report(let report): report.value.typeName
    case .cell(let cell): cell.value.typeName
    case .null, .missing: "null"
    }
  }

  /// A string value of a Swift string.
  public static func text(_ string: String) -> Value { .string(StringObject.make(string)) }

  /// A list value.
  public static func items(_ values: [Value]) -> Value { .list(ListObject(values)) }

  /// A map value with text keys, in the order given.
  public static func record(_ fields: KeyValuePairs<String, Value>) -> Value {
    let map = MapObject()
    for (key, value) in fields { map.set(.text(key), value) }
    return .map(map)
  }

  public var isNull: Bool {
    switch self {
    case .null, .missing: true
    default: false
    }
  }

  /// The value without the mark of a report.
  public var plain: Value {
    if case .report(let report) = self { return report.value }
    return self
  }

  /// How deep containers are nested in it: 0 for a scalar, 1 for a flat list.
  public var depth: Int {
    switch self {
    case .list(let list): list.depth
    case .map(let map): map.depth
    case .report(let report): report.value.depth
    case .error(let error): error.depth
    default: 0
    }
  }
}

/// Containers may be nested this deep, which bounds every recursion over values.
public let maximumDepth = 500

/// A variable that outlives its block because a closure captured it.
public final class Cell {
  public var value: Value

  public init(_ value: Value) { self.value = value }

  deinit { Reclaimer.release(&value) }
}

extension Value {
  /// What a variable's cell holds until its declaration has run.
  static func unset(_ name: String, _ declaration: Location) -> Value {
    .cell(Cell(.error(ErrorObject(.missing, "'\(name)' is not set yet", location: declaration))))
  }

  /// The error that reading it is, if it stands for a variable that was not set yet.
  var unsetError: ErrorObject? {
    guard case .cell(let cell) = self, case .error(let unset) = cell.value else { return nil }
    return ErrorObject(
      unset.kind, unset.message,
      help: unset.location.map { "its declaration at \($0.description) has not run" })
  }
}

/// Frees chains of closures and cells in a loop, since Swift's recursive release of a long chain
/// would overflow the stack.
enum Reclaimer {
  private final class State {
    var waiting: [Value] = []
    var isDraining = false
  }

  nonisolated(unsafe) private static let shared = PerThread { State() }

  static func release(_ value: inout Value) {
    switch value {
    case .closure, .list, .map, .cell, .error: break
    default: return
    }
    let state = shared.state
    state.waiting.append(value)
    value = .null
    if state.isDraining { return }
    state.isDraining = true
    while let last = state.waiting.popLast() { _ = consume last }
    state.isDraining = false
  }
}
