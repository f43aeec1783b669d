import Glibc
import Language
import Posix
import Processes

/// What gives programs their standard input: `--pipe` and `--pipepart`.
///
/// The input is cut into blocks at ends of records, and each program gets one; with round robin each
/// gets many, whenever it has taken the one before.
public final class PipeInput {
  public struct Options {
    /// What ends a record, and what begins one.
    public var end: [UInt8] = [0x0A]
    public var start: [UInt8] = []
    /// How many bytes a block has at least, unless the input ends.
    public var block = 10 << 20
    /// How many records a block has, instead.
    public var records: Int?
    /// Programs get several blocks, as they take them.
    public var isRoundRobin = false
    /// The file to be read instead of standard input, and its name.
    public var file: (descriptor: Int32, name: String)?
    /// How many programs run at a time.
    public var jobs = 1
    /// A block may be wanted again for another attempt.
    public var isRepeatable = false

    public init() {}
  }

  /// The longest mark of a record.
  public static let longestMark = 1 << 16
  /// So much of all blocks may wait in memory: a part of what the machine has.
  private static let mostInMemory = max(
    256 << 20, SystemMemory.total / 16)

  private let options: Options
  private let session: Session
  private let interpreter: Interpreter
  private var source: (any BlockSource)?
  private var blocks: [Int: InputBlock] = [:]
  private var feeders: [Int: BlockFeeder] = [:]
  private var taken = 0
  private var hasEnded = false
  private var problem: (any Error)?
  private var isDealing = false
  private var mustDeal = false
  /// Told when `hasNext` may have changed.
  var onChange: (() -> Void)?

  public init(_ session: Session, _ interpreter: Interpreter, _ options: Options) {
    self.session = session
    self.interpreter = interpreter
    self.options = options
  }

  // MARK: The input

  /// Begins to read.
  func begin(_ store: OutputStore) throws {
    let source = try makeSource(store)
    self.source = source
    source.onChange = { [weak self] in
      self?.deal()
      self?.onChange?()
    }
    try source.begin()
  }

  private func makeSource(_ store: OutputStore) throws -> any BlockSource {
    let cutter = BlockCutter(
      end: options.end, start: options.start,
      options.records.map { .records($0) } ?? .bytes(options.block))
    let fd = options.file?.descriptor ?? 0
    let isOwned = options.file != nil
    let status = try mapErrors("cannot read the input") { try FileStatus(descriptor: fd) }
    // Files of /proc have no size.
    if status.kind == .regular, status.size > 0 {
      let start = isOwned ? 0 : max(0, Int(lseek(fd, 0, SEEK_CUR)))
      return FileBlocks(fd, from: start, to: Int(status.size), owned: isOwned, cutter) {
        [session, interpreter] in try session.attend(interpreter)
      }
    }
    let (all, isTooMuch) = options.block.multipliedReportingOverflow(by: options.jobs + 1)
    let isCollected = options.isRepeatable || isTooMuch || all > PipeInput.mostInMemory
    let blocks = StreamBlocks(
      fd, owned: isOwned, session.loop, cutter, most: min(options.block, PipeInput.mostInMemory),
      makeFile: isCollected ? { () throws(SystemError) in try PipeInput.makeFile(store) } : nil)
    blocks.onFull = { error in store.tellFull(error, in: nil) }
    return blocks
  }

  private static func makeFile(_ store: OutputStore) throws(SystemError) -> Int32 {
    guard let file = try store.makeFile() else {
      throw SystemError(call: "open", code: EOPNOTSUPP, detail: store.directory)
    }
    return file
  }

  func end() {
    source?.end()
    for feeder in feeders.values { feeder.letGo() }
    feeders = [:]
  }

  /// Throws what went wrong.
  func check() throws {
    if let problem = problem ?? source?.problem { throw problem }
  }

  /// Whether `next` can be answered now.
  var hasNext: Bool {
    if hasEnded { return true }
    guard source?.isReady == true else { return false }
    return !options.isRoundRobin
      || feeders.count < options.jobs && !feeders.values.contains(where: \.isIdle)
  }

  /// The next block, for a program of its own; nil at the end.
  public func next() throws -> TaskInput? {
    guard !hasEnded, let block = try source?.next() else {
      finish()
      return nil
    }
    blocks[taken] = block
    taken += 1
    return TaskInput("block \(taken)")
  }

  private func finish() {
    hasEnded = true
    for feeder in feeders.values {
      if feeder.isIdle { feeder.close() } else { feeder.onIdle = nil }
    }
  }

  /// Hands blocks to programs that have taken theirs.
  private func deal() {
    guard options.isRoundRobin else { return }
    mustDeal = true
    if isDealing { return }
    isDealing = true
    defer { isDealing = false }
    while mustDeal {
      mustDeal = false
      while !hasEnded, source?.isReady == true,
        let feeder = feeders.values.first(where: \.isIdle)
      {
        do {
          guard let block = try source?.next() else {
            finish()
            break
          }
          feeder.feed(block)
        } catch {
          problem = problem ?? error
          return
        }
      }
    }
    onChange?()
  }

  // MARK: Programs

  /// The standard input of a program that is about to begin.
  func descriptor(_ index: Int) throws -> Int32 {
    feeders.removeValue(forKey: index)?.letGo()
    let feeder = try BlockFeeder(session.loop)
    feeder.onProblem = { [weak self] error in
      self?.problem = error
      self?.onChange?()
    }
    feeders[index] = feeder
    if let block = blocks[index] {
      block.rewind()
      feeder.feed(block)
    }
    return feeder.readEnd
  }

  /// The program runs.
  func started(_ index: Int) {
    guard let feeder = feeders[index] else { return }
    if options.isRoundRobin {
      blocks[index] = nil
      if !hasEnded {
        feeder.onIdle = { [weak self] in self?.deal() }
      }
    }
    feeder.start()
  }

  /// The program could not be started.
  func refused(_ index: Int) { feeders.removeValue(forKey: index)?.letGo() }

  /// The program has ended.
  func ended(_ index: Int) {
    guard let feeder = feeders.removeValue(forKey: index) else { return }
    if options.isRepeatable { feeder.letGo() } else { feeder.close() }
    deal()
  }

  /// No further attempt is made.
  func release(_ index: Int) { blocks.removeValue(forKey: index)?.abandon() }
}
