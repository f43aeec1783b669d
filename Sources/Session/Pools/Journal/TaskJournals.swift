import Language

/// Keeps what becomes of the programs of `pool run`, from one run to the next.
///
/// What cannot be written is told by `check`, since programs end in callbacks.
public protocol ProgramJournal: AnyObject {
  /// Whether a program need not run for an input, since it is known what became of it: that is put
  /// into its record, and why in either case.
  func recall(_ record: inout ProgramRecord) throws -> Bool

  /// An attempt runs.
  func began(_ record: ProgramRecord)

  /// It is finished, and what it wrote was handed over.
  ///
  /// - Parameters: what it wrote, where that is kept for its record.
  func ended(_ record: ProgramRecord, output: [UInt8]?, error: [UInt8]?)

  /// Whether nothing should be started, since something waits to be written.
  var isWaiting: Bool { get }

  /// Throws what went wrong.
  func check() throws
}

/// What a program's record has from a journal; of a call with several inputs, what each of them has.
public struct RecalledProgram {
  /// For the journal's own use.
  public var entry: AnyObject?
  /// The content of the task.
  public var key = ""
  /// Why it was run or not, in words.
  public var why: String?
  /// Whether it was not run.
  public var isSkipped = false
  /// What it wrote then, where that was kept.
  public var output: [UInt8]?
  public var error: [UInt8]?

  public init() {}
}

/// Keeps what becomes of the tasks of `pool map`, from one run to the next.
public protocol BlockJournal: AnyObject {
  /// What became of a task earlier, if it need not be done.
  func recall(_ index: Int, _ item: Value) -> TaskOutcome?

  /// A task is finished.
  func ended(_ index: Int, _ item: Value, _ outcome: TaskOutcome)

  /// A task was ended, or not begun, since it is not wanted any more.
  func interrupted(_ index: Int)

  /// Whether nothing should be started, since something waits to be written.
  var isWaiting: Bool { get }

  /// Throws what went wrong.
  func check() throws
}

/// What became of a task.
public enum TaskOutcome {
  case value(Value)
  case failure(ErrorObject)
}
