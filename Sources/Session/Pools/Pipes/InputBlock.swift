import Posix

/// Memory that parts of one or two blocks share; it goes back to its pool with the last of them.
final class BlockMemory {
  let bytes: UnsafeMutableRawBufferPointer
  private let pool: Pool

  static let size = 1 << 18

  /// Memory that is used again and again.
  final class Pool {
    private var free: [UnsafeMutableRawBufferPointer] = []

    func take() -> BlockMemory {
      BlockMemory(
        free.popLast() ?? .allocate(byteCount: BlockMemory.size, alignment: 4096), self)
    }

    fileprivate func giveBack(_ bytes: UnsafeMutableRawBufferPointer) {
      if free.count < 32 { free.append(bytes) } else { bytes.deallocate() }
    }

    deinit { for bytes in free { bytes.deallocate() } }
  }

  private init(_ bytes: UnsafeMutableRawBufferPointer, _ pool: Pool) {
    self.bytes = bytes
    self.pool = pool
  }

  deinit { pool.giveBack(bytes) }
}

/// A part of the input that one program gets: what is there of it, and what of that is left.
final class InputBlock {
  /// Bytes of it.
  struct Piece {
    let memory: BlockMemory
    var bytes: Range<Int>
  }

  /// What is in memory.
  private(set) var pieces: [Piece] = []
  private var first = 0
  /// How much that is.
  private(set) var count = 0
  /// What is in a file, and how far it was handed over.
  var file: Int32 = -1
  var range = 0..<0
  private(set) var place = 0
  /// The file is its own.
  private let ownsFile: Bool
  /// Its end is known, and all of it is there.
  var isWhole = false
  /// The program has gone: what is still to come is dropped.
  private(set) var isUnwanted = false
  /// What hands it over.
  weak var feeder: BlockFeeder?
  /// Told when there is more of it, or it is whole.
  var onMore: (() -> Void)?
  /// Told when some of what was in memory was handed over.
  var onLess: (() -> Void)?

  init() { ownsFile = false }

  /// A block that is collected in a file.
  init(collecting file: Int32) {
    self.file = file
    ownsFile = true
  }

  /// A part of a file.
  init(_ file: Int32, _ range: Range<Int>) {
    self.file = file
    self.range = range
    place = range.lowerBound
    ownsFile = false
    isWhole = true
  }

  deinit { if ownsFile { Descriptors.close(file) } }

  func append(_ piece: Piece) {
    if piece.bytes.isEmpty || isUnwanted { return }
    count += piece.bytes.count
    if let last = pieces.last, last.memory === piece.memory,
      last.bytes.upperBound == piece.bytes.lowerBound, pieces.count > first
    {
      pieces[pieces.count - 1].bytes = last.bytes.lowerBound..<piece.bytes.upperBound
    } else {
      pieces.append(piece)
    }
  }

  /// What comes next of what is in memory.
  var next: UnsafeRawBufferPointer? {
    guard first < pieces.count else { return nil }
    let piece = pieces[first]
    return UnsafeRawBufferPointer(rebasing: piece.memory.bytes[piece.bytes])
  }

  /// So many bytes of it were handed over.
  func drop(_ number: Int) {
    count -= number
    let piece = pieces[first]
    pieces[first].bytes = (piece.bytes.lowerBound + number)..<piece.bytes.upperBound
    if pieces[first].bytes.isEmpty {
      first += 1
      if first == pieces.count || first > 64 {
        pieces.removeFirst(first)
        first = 0
      }
    }
    onLess?()
  }

  /// So many bytes of the file were handed over.
  func advance(_ number: Int) { place += number }

  /// How much of the file is left.
  var left: Int { range.upperBound - place }

  /// Whether nothing is left, and nothing comes.
  var isDone: Bool { isWhole && count == 0 && left <= 0 }

  /// It is handed over again from its beginning, for another attempt.
  func rewind() { place = range.lowerBound }

  /// Nothing of it is wanted any more.
  func abandon() {
    isUnwanted = true
    pieces = []
    (first, count) = (0, 0)
    onMore = nil
    onLess?()
  }
}

/// Where blocks come from.
protocol BlockSource: AnyObject {
  /// Whether `next` can be answered now.
  var isReady: Bool { get }
  /// The next block, nil at the end; the first bytes of it are there.
  func next() throws -> InputBlock?
  /// Told when `isReady` may have become true, or something went wrong.
  var onChange: (() -> Void)? { get set }
  /// Begins to read.
  func begin() throws
  func end()
  /// What went wrong.
  var problem: (any Error)? { get }
  /// Whether blocks can be handed over again.
  var isRepeatable: Bool { get }
}
