/// A thing of the operating system or the session that a value refers to: a process, a channel.
///
/// Subclasses live above the language, which knows only this much of them.
open class Handle {
  public init() {}

  /// The name of its type in messages, as `process`.
  open var typeName: String { "handle" }

  /// How it looks when shown, as `[3] 4711 worker running`.
  open var text: String { typeName }

  /// A field by name, nil when it has none such.
  open func field(_ name: String) throws -> Value? { nil }

  /// The names that `field` knows.
  open var fieldNames: [String] { [] }

  /// Sets a field; throws `type` where that is not possible.
  open func setField(_ name: String, _ value: Value) throws {
    throw ErrorObject(.type, "the fields of a \(typeName) cannot be assigned")
  }

  /// Whether two handles mean the same thing.
  open func isSame(_ other: Handle) -> Bool { self === other }
}

/// A source of values that can be run through once.
open class StreamObject {
  public init() {}

  /// The next value, nil at the end; blocks and throws as its source does.
  open func next() throws -> Value? { nil }

  /// Called when a loop leaves before the end.
  open func close() {}
}

/// A stream over a closure.
public final class GeneratedStream: StreamObject {
  private let generate: () throws -> Value?
  public init(_ generate: @escaping () throws -> Value?) { self.generate = generate }
  public override func next() throws -> Value? { try generate() }
}

/// The result of a command that reports: printed where a statement discards it.
public final class ReportObject {
  public let value: Value
  /// How to print it, when the value's own form is not it; cleaned for a terminal.
  public let text: String?

  public init(_ value: Value, text: String? = nil) {
    self.value = value
    self.text = text.map(TerminalText.lines)
  }
}

/// A function with the variables that it captured.
public final class Closure {
  public let function: Function
  let cells: UnsafeMutablePointer<Cell>
  let cellCount: Int

  init(_ function: Function, cells captured: [Cell]) {
    self.function = function
    cellCount = captured.count
    cells = .allocate(capacity: max(1, captured.count))
    cells.initialize(from: captured, count: captured.count)
  }

  deinit {
    cells.deinitialize(count: cellCount)
    cells.deallocate()
  }

  /// The captured variables, in the order of `function.captures`.
  public var captured: [Cell] { Array(UnsafeBufferPointer(start: cells, count: cellCount)) }
}
