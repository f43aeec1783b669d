import Language
import Pools
import Posix
import Processes

/// What becomes of the output of programs.
extension ProgramRun {
  public struct Options {
    /// How output is shown.
    public enum Form: Sendable {
      /// Whole, when a program has ended.
      case whole
      /// Each line as it comes.
      case lines
      /// By the programs themselves, as it comes.
      case direct
      /// Not at all: it is in the records.
      case none
    }

    /// How many run at a time.
    public var jobs = 1
    /// Asked again while it runs, where that may change.
    public var changedJobs: (() -> ((_ cpus: Int) -> Int)?)?
    /// What bounds the number, where as many as possible were asked for.
    public var bound: String?
    /// The priority of the programs.
    public var niceness: Int32?
    /// Of a make above: each program beside the first needs a token of it.
    public var jobServer: JobServer?
    public var form = Form.whole
    /// In the order of the inputs; else in the order in which they end.
    public var isOrdered = true
    /// Records are wanted in the end, with the output in them unless it was shown.
    public var wantsRecords = false
    /// Shown instead of output: the text of a record.
    public var text: ((Value) throws -> [UInt8])?
    /// Shown before all others.
    public var head: [UInt8] = []
    public var results: ResultFiles?
    /// Where output that is large is kept meanwhile.
    public var directory = "/tmp"
    /// How much memory a program may have of its own.
    public var memoryLimit: Int?
    /// The programs outlive the session.
    public var isDetached = false
    /// The run is all that its process is for: HUP and USR1 mean something to it.
    public var takesSignals = false
    /// The programs get the terminal, one at a time.
    public var getsTerminal = false
    /// What the programs leave behind when they end goes on.
    public var keepsBackground = false
    /// Makes what stands in front of each line.
    public var tag: ((_ input: TaskInput, _ index: Int, _ slot: Int) -> [UInt8])?
    /// Each program's lines, or their tags, have a colour.
    public var isColored = false
    /// The machines where the programs run; nil for this one.
    public var placement: FarPlacement?
    /// Files of this machine that a program there needs, and those that it makes for this one.
    public var sends: ((TaskInput, _ index: Int, _ slot: Int) throws -> [[UInt8]])?
    public var fetches: ((TaskInput, _ index: Int, _ slot: Int) throws -> [[UInt8]])?
    /// How many run at a time on a machine with so many CPUs, where the user said so.
    public var jobsAt: ((_ cpus: Int) -> Int)?
    /// A full disk ends the run, which would wait for room otherwise.
    public var failsWhenFull = false

    public init() {}

    /// Whether something is made of an output when a program has ended and its turn has come.
    var showsLater: Bool { form == .whole || text != nil || results != nil }
  }

  func begin() throws {
    if options.head.isEmpty { return }
    try session.output.flush()
    try writer.write(options.head, to: 1)
  }

  /// What a program's output is collected in.
  func makeOutputs(_ record: TaskRecord) throws -> (output: TaskOutput?, error: TaskOutput?) {
    switch options.form {
    case .direct: return (nil, nil)
    case .lines:
      let frame = frame(record)
      return try makeOutputs(
        LineRelay(store, isError: false, frame), LineRelay(store, isError: true, frame))
    case .whole, .none:
      return try makeOutputs(nil, nil, files: try options.results?.files(of: record))
    }
  }

  private func makeOutputs(
    _ relay: LineRelay?, _ errorRelay: LineRelay?,
    files: (output: String, error: String)? = nil
  ) throws -> (output: TaskOutput?, error: TaskOutput?) {
    let output = try TaskOutput(store, relay: relay, path: files?.output)
    do {
      let errors = try TaskOutput(store, relay: errorRelay, path: files?.error)
      do {
        try output.begin()
        try errors.begin()
        return (output, errors)
      } catch {
        errors.close()
        throw error
      }
    } catch {
      output.close()
      throw error
    }
  }

  /// Shows what is due of the outputs that are whole.
  func show() throws {
    try showLines()
    if options.isOrdered {
      while finished.contains(nextShown) {
        try show(nextShown)
        nextShown += 1
      }
    } else {
      for index in finished.sorted() { try show(index) }
    }
  }

  private func showLines() throws {
    guard store.hasLines else { return }
    let (output, error) = store.takeLines()
    onShow?()
    try session.output.flush()
    try writer.write(output, to: 1)
    try writer.write(error, to: 2)
  }

  private func show(_ index: Int) throws {
    finished.remove(index)
    guard let record = live.removeValue(forKey: index) else { return }
    job.handedOver += 1
    var attempts = kept.removeValue(forKey: index) ?? []
    let all = attempts
    defer {
      for (output, error) in all {
        output.close()
        error.close()
      }
    }
    let (output, error) = attempts.popLast().map { ($0, $1) } ?? (nil, nil)
    for (number, attempt) in attempts.enumerated() {
      if let results = options.results, record.recalled?.isSkipped != true {
        try results.save(record, attempt.output, attempt.error, of: number + 1, writer)
      }
      if options.form == .whole { try write(record, attempt.output, attempt.error) }
    }
    try show(record, output, error)
    if record.isOk { handedOn += 1 }
    if output != nil, options.showsLater { writeDown(record, output, error) }
  }

  private func show(_ record: TaskRecord, _ output: TaskOutput?, _ error: TaskOutput?) throws {
    var record = record
    let isWanted = options.wantsRecords || !record.isOk
    if record.key == nil, isWanted || options.text != nil || options.results != nil {
      record.key = record.recalled?.key ?? key?(record.input, record.index)
    }
    if let results = options.results, record.recalled?.isSkipped != true {
      try results.save(record, output, error, writer)
    }
    if isWanted || options.text != nil {
      let isTold = options.form == .none
      let value = record.value(
        output: isTold ? try output?.bytes : nil, error: isTold ? try error?.bytes : nil)
      if isWanted { records.append(value) }
      if let text = options.text {
        onShow?()
        try session.output.flush()
        try writer.write(try text(value), to: 1)
      }
    }
    if options.form == .whole, let output, let error { try write(record, output, error) }
  }

  private func write(
    _ record: TaskRecord, _ output: TaskOutput, _ error: TaskOutput
  ) throws {
    if output.size + error.size == 0 { return }
    onShow?()
    try session.output.flush()
    let frame = frame(record)
    try writer.write(output, to: 1, in: frame)
    try writer.write(error, to: 2, in: frame)
  }

  /// Has the journal note what became of a program.
  func writeDown(_ record: TaskRecord, _ output: TaskOutput?, _ error: TaskOutput?) {
    guard let journal else { return }
    let keeps = options.wantsRecords && options.form == .none
    journal.ended(
      record, output: keeps ? try? output?.bytes : nil, error: keeps ? try? error?.bytes : nil)
  }
}
