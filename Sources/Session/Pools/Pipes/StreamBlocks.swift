import CPosix
import Glibc
import Language
import Posix
import Processes

/// Blocks of what comes through a pipe, a socket or from a terminal, as it comes.
///
/// A block is there from its first byte on. What its program has not taken yet waits in memory; of
/// further blocks at most one does. Blocks that may be handed over again are collected in files first,
/// and are there when they are whole.
final class StreamBlocks: BlockSource {
  private let fd: Int32
  private let loop: EventLoop
  private var cutter: BlockCutter
  /// How much of a block may wait in memory.
  private let most: Int
  /// Makes the file of a block; nil where blocks stay in memory.
  private let makeFile: (() throws(SystemError) -> Int32)?
  private let pool = BlockMemory.Pool()
  private var memory: BlockMemory
  /// How much of the memory was read, and how much of that belongs to blocks.
  private var filled = 0
  private var decided = 0
  /// The block that is not whole.
  private var current: InputBlock?
  /// The block that was not taken yet.
  private var waiting: InputBlock?
  private var hasEnded = false
  private var watch: Watch?
  private var roomTimer: TimerID?
  private var canSplice: Bool
  private let ownsFD: Bool
  private(set) var problem: (any Error)?
  var onChange: (() -> Void)?
  /// Told when there is no room for a block's file.
  var onFull: ((SystemError) -> Void)?
  let isRepeatable: Bool

  /// How often something is read one after the other, before other things have their turn.
  private static let rounds = 32
  /// How long to wait for room on a full disk before trying again (ns).
  private static let pause: Int64 = 200_000_000
  /// Less is not worth a call of splice(2).
  private static let leastSplice = 1 << 16

  init(
    _ fd: Int32, owned: Bool, _ loop: EventLoop, _ cutter: BlockCutter, most: Int,
    makeFile: (() throws(SystemError) -> Int32)?
  ) {
    self.fd = fd
    self.loop = loop
    self.cutter = cutter
    self.most = most
    self.makeFile = makeFile
    ownsFD = owned
    memory = pool.take()
    isRepeatable = makeFile != nil
    canSplice = makeFile == nil && (try? FileStatus(descriptor: fd))?.kind == .fifo
  }

  deinit { if ownsFD { Descriptors.close(fd) } }

  // MARK: For who takes blocks

  var isReady: Bool { waiting != nil || hasEnded && current == nil && decided == filled }

  func next() throws -> InputBlock? {
    defer {
      waiting = nil
      goOn()
    }
    return waiting
  }

  func begin() throws {
    if canSplice { OutputPipe.widen(fd, to: 1 << 20) }
    goOn()
    if let problem { throw problem }
  }

  func end() {
    stop()
    if let roomTimer { loop.cancel(roomTimer) }
    roomTimer = nil
  }

  // MARK: Reading

  /// Whether more of the input is wanted now.
  private var mayRead: Bool {
    if hasEnded || problem != nil || roomTimer != nil { return false }
    guard let current else { return waiting == nil }
    return current.count < most
  }

  /// Cuts what was read, and has more read if that is wanted.
  private func goOn() {
    // A program that has taken its block may ask for the next one meanwhile.
    if isCutting { return }
    cut()
    guard mayRead else { return stop() }
    if watch != nil { return }
    do throws(SystemError) {
      watch = try loop.watch(fd, for: .read) { [weak self] in self?.read() }
    } catch {
      fail(error.asError("cannot wait for the input"))
    }
  }

  private func stop() {
    if let watch { loop.remove(watch) }
    watch = nil
  }

  private func fail(_ error: any Error) {
    problem = problem ?? error
    stop()
    onChange?()
  }

  private func read() {
    var rounds = StreamBlocks.rounds
    while rounds > 0, mayRead {
      rounds -= 1
      do throws(SystemError) {
        if try moveOn() { continue }
        guard let count = try Transfer.readNow(fd, into: room) else { break }
        filled += count
        if count == 0 { hasEnded = true }
        cut()
      } catch {
        return fail(error.asError("cannot read the input"))
      }
    }
    if !mayRead { stop() }
  }

  /// Memory for what is read next.
  private var room: UnsafeMutableRawBufferPointer {
    if memory.bytes.count - filled < 4096 {
      let next = pool.take()
      let rest = decided..<filled
      next.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory.bytes[rest]))
      memory = next
      (decided, filled) = (0, rest.count)
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory.bytes[filled...])
  }

  /// Moves what need not be looked at to the program, past this process; false where that cannot be.
  private func moveOn() throws(SystemError) -> Bool {
    guard canSplice, decided == filled, let current, current.count == 0,
      cutter.free >= StreamBlocks.leastSplice, let feeder = current.feeder,
      let target = feeder.bypass
    else { return false }
    let moved = brood_splice(fd, target, cutter.free)
    if moved > 0 {
      cutter.skip(Int(moved))
      return true
    }
    if moved == 0 {
      hasEnded = true
      cut()
      return true
    }
    switch Int32(truncatingIfNeeded: -moved) {
    // Nothing is there, or the program's pipe is full: other programs shall not wait for it.
    case EAGAIN, EINTR: return false
    case EPIPE:
      feeder.close()
      return true
    case EINVAL:
      canSplice = false
      return false
    case let code: throw SystemError(call: "splice", code: code)
    }
  }

  // MARK: Cutting

  private func cut() {
    isCutting = true
    defer { isCutting = false }
    while problem == nil, roomTimer == nil, current != nil || waiting == nil {
      let bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[decided..<filled])
      if bytes.isEmpty, !hasEnded || current == nil { return }
      let (count, isCut) = cutter.take(bytes, isLast: hasEnded)
      if count > 0, let block = current ?? makeBlock() {
        block.append(InputBlock.Piece(memory: memory, bytes: decided..<(decided + count)))
        decided += count
        if !collect(block) { isClosing = isCut || hasEnded && decided == filled }
        block.onMore?()
      }
      if roomTimer != nil { return }
      if isCut || hasEnded && decided == filled { close() } else { return }
    }
  }

  private var isCutting = false
  /// The block is whole when there is room for its rest.
  private var isClosing = false

  private func makeBlock() -> InputBlock? {
    do throws(SystemError) {
      let block = makeFile == nil ? InputBlock() : InputBlock(collecting: try makeFile?() ?? -1)
      block.onLess = { [weak self] in self?.drained() }
      current = block
      if makeFile == nil { offer(block) }
      return block
    } catch {
      fail(error.asError("cannot keep the input"))
      return nil
    }
  }

  private func offer(_ block: InputBlock) {
    waiting = block
    onChange?()
  }

  /// The block has ended.
  private func close() {
    guard let block = current else { return }
    isClosing = false
    current = nil
    block.isWhole = true
    if makeFile != nil { offer(block) }
    block.onMore?()
    if hasEnded { onChange?() }
  }

  /// A program has taken something, or wants no more.
  private func drained() {
    if watch == nil, current.map({ $0.count < most / 2 || $0.isUnwanted }) ?? false { goOn() }
  }

  // MARK: Files

  /// Moves a block into its file; false where there is no room for it now.
  private func collect(_ block: InputBlock) -> Bool {
    if makeFile == nil { return true }
    do throws(SystemError) {
      while let bytes = block.next {
        let count = try Transfer.writeFile(block.file, bytes)
        block.range = block.range.lowerBound..<(block.range.upperBound + count)
        block.drop(count)
      }
    } catch {
      guard OutputStore.isNoRoom(error) else {
        fail(error.asError("cannot keep the input"))
        return true
      }
      onFull?(error)
      roomTimer = loop.addTimer(at: Clock.deadline(after: StreamBlocks.pause)) { [weak self] in
        self?.tryForRoom()
      }
      return false
    }
    return true
  }

  private func tryForRoom() {
    roomTimer = nil
    guard let block = current, collect(block) else { return }
    if isClosing { close() }
    goOn()
  }
}
