import Glibc
import Language
import Posix
import Processes

/// Hands blocks to the standard input of one program, as it takes them.
final class BlockFeeder {
  /// The end for the program; closed here once it runs.
  private(set) var readEnd: Int32
  private var writeEnd: Int32
  private let loop: EventLoop
  private var watch: Watch?
  private var block: InputBlock?
  /// Its program runs.
  private(set) var isRunning = false
  /// For files that splice(2) cannot read.
  private var memory: BlockMemory?
  private var canSplice = true
  /// Told when a block was handed over; nil where the program gets only one.
  var onIdle: (() -> Void)?
  /// Told when the input cannot be read.
  var onProblem: ((any Error) -> Void)?

  /// So much a pipe should hold, so that programs wait less often.
  private static let widePipe = 1 << 20
  /// So many writes one after the other, before other programs have their turn.
  private static let rounds = 32

  init(_ loop: EventLoop) throws {
    self.loop = loop
    let ends = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
    (readEnd, writeEnd) = ends
    do {
      // The flag belongs to this end alone: programs' own ends wait as they expect.
      writeEnd = try mapErrors { try Descriptors.makePrivate(ends.write) }
      try mapErrors { [writeEnd] in try Descriptors.setNonBlocking(writeEnd, true) }
    } catch {
      close()
      throw error
    }
    OutputPipe.widen(writeEnd, to: BlockFeeder.widePipe)
  }

  /// Whether it may have another block.
  var isIdle: Bool { writeEnd >= 0 && block == nil }

  /// Whether its program still takes something.
  var isOpen: Bool { writeEnd >= 0 }

  /// The descriptor that takes what need not be looked at; nil while something waits here.
  var bypass: Int32? { isRunning && writeEnd >= 0 && watch == nil ? writeEnd : nil }

  func feed(_ block: InputBlock) {
    self.block = block
    block.feeder = self
    block.onMore = { [weak self] in self?.write() }
    if isRunning { write() }
  }

  /// The program has its end.
  func start() {
    Descriptors.close(readEnd)
    readEnd = -1
    isRunning = true
    write()
  }

  /// Writes what the pipe takes.
  private func write() {
    guard isRunning, let block else { return }
    var rounds = BlockFeeder.rounds
    while rounds > 0 {
      rounds -= 1
      if block.isDone { return finish() }
      do throws(SystemError) {
        guard try writeOnce(block) else { return stop() }
      } catch {
        if error.code == EAGAIN { break }
        if error.code != EPIPE { onProblem?(error.asError("cannot hand over the input")) }
        // The program has closed its input: it wants no more.
        return close()
      }
    }
    listen()
  }

  /// False if there is nothing to be written now.
  private func writeOnce(_ block: InputBlock) throws(SystemError) -> Bool {
    if let bytes = block.next {
      block.drop(try Transfer.writeFile(writeEnd, bytes))
      return true
    }
    if block.left <= 0 { return false }
    if canSplice {
      do throws(SystemError) {
        let moved = try OutputPipe.fill(
          writeEnd, from: block.file, at: block.place, atMost: block.left)
        // A file that has become shorter has ended.
        block.advance(moved > 0 ? moved : block.left)
        return true
      } catch {
        guard error.code == EINVAL else { throw error }
        canSplice = false
      }
    }
    let memory = self.memory ?? BlockMemory.Pool().take()
    self.memory = memory
    let window = UnsafeMutableRawBufferPointer(
      rebasing: memory.bytes[..<min(memory.bytes.count, block.left)])
    let got = try MemoryFile.read(block.file, into: window, at: block.place)
    if got == 0 {
      block.advance(block.left)
      return true
    }
    block.advance(
      try Transfer.writeFile(writeEnd, UnsafeRawBufferPointer(rebasing: window[..<got])))
    return true
  }

  private func listen() {
    guard watch == nil, writeEnd >= 0 else { return }
    do throws(SystemError) {
      watch = try loop.watch(writeEnd, for: .write) { [weak self] in self?.write() }
    } catch {
      onProblem?(error.asError("cannot watch a pipe"))
      close()
    }
  }

  private func stop() {
    if let watch { loop.remove(watch) }
    watch = nil
  }

  private func finish() {
    stop()
    block?.onMore = nil
    block = nil
    if let onIdle { onIdle() } else { close() }
  }

  /// Nothing more is handed over; the rest of its block is not wanted.
  func close() {
    stop()
    block?.abandon()
    block = nil
    Descriptors.close(readEnd)
    Descriptors.close(writeEnd)
    (readEnd, writeEnd) = (-1, -1)
    onIdle?()
  }

  /// The same, where the block is kept for another attempt.
  func letGo() {
    block?.onMore = nil
    block = nil
    onIdle = nil
    close()
  }

  deinit { letGo() }
}
