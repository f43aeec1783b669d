import Language

/// A function that a worker was sent.
///
/// Each task gets the captured variables as they were sent, whatever tasks before it did to them,
/// but those that --init has set: these are the worker's own, and stay as its tasks leave them.
final class WorkerFunction {
  let value: Value
  let failure: ErrorObject?
  private var cells: [(cell: Cell, value: Value)] = []

  /// - Parameter own: the worker's variables that take the place of those of the same names.
  init(_ value: Value, own: [String: Cell], _ interpreter: Interpreter) {
    self.value = value
    failure = nil
    var seen: Set<ObjectIdentifier> = []
    collect(value, own, interpreter, &seen)
  }

  init(failure: ErrorObject) {
    value = .null
    self.failure = failure
  }

  private func collect(
    _ value: Value, _ own: [String: Cell], _ interpreter: Interpreter,
    _ seen: inout Set<ObjectIdentifier>
  ) {
    guard case .closure(let closure) = value, cells.count < 1000 else { return }
    if !own.isEmpty, let outer = try? closure.outerVariables(interpreter) {
      for variable in outer {
        if let place = variable.place, let cell = own[variable.name] {
          closure.rebind(place, to: cell)
          seen.insert(ObjectIdentifier(cell))
        }
      }
    }
    for cell in closure.captured where seen.insert(ObjectIdentifier(cell)).inserted {
      cells.append((cell, cell.value))
      collect(cell.value, own, interpreter, &seen)
    }
  }

  @inline(__always)
  func refresh() {
    for (cell, value) in cells { cell.value = value }
  }
}
