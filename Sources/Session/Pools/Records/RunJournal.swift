import Language

/// Keeps what becomes of the tasks of a run, programs or blocks, from one run to the next.
///
/// What cannot be written is told by `check`, since tasks end in callbacks.
public protocol RunJournal: AnyObject {
  /// Whether a task need not be done, since it is known what became of it: that is put into its
  /// record, and of a program why in either case.
  func recall(_ record: inout TaskRecord) throws -> Bool

  /// An attempt runs; told of programs only.
  func began(_ record: TaskRecord)

  /// It is finished, and what it wrote or yielded was handed over.
  ///
  /// - Parameters: what it wrote, where that is kept for its record.
  func ended(_ record: TaskRecord, output: [UInt8]?, error: [UInt8]?)

  /// Whether nothing should be started, since something waits to be written.
  var isWaiting: Bool { get }

  /// Throws what went wrong.
  func check() throws
}

extension RunJournal {
  public func began(_ record: TaskRecord) {}
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

/// What became of a task.
public enum TaskOutcome {
  case value(Value)
  case failure(ErrorObject)
}
