import Glibc
import Language
import Posix

/// What one program writes to one descriptor, collected: in memory, and beyond some size in a file
/// without a name.
///
/// While the disk is full nothing more is read, so the program waits and nothing is lost.
final class TaskOutput {
  /// The end for the program; closed here once it runs.
  private(set) var writeEnd: Int32
  private var readEnd: Int32
  private let loop: EventLoop
  private var watch: Watch?
  private var memory: [UInt8] = []
  private var file: Int32 = -1
  private(set) var size = 0
  private(set) var hasEnded = false
  private var isPaused = false

  static let mostMemory = 1 << 18
  private static let chunk = 1 << 16
  /// O_TMPFILE, a macro that Swift does not see.
  private static let nameless = 0o20000000 | O_DIRECTORY

  init(_ loop: EventLoop) throws {
    self.loop = loop
    let ends = try asking { try Descriptors.pipe() }
    writeEnd = ends.write
    readEnd = try asking { try Descriptors.makePrivate(ends.read) }
  }

  /// The program has its end.
  func begin() throws {
    Descriptors.close(writeEnd)
    writeEnd = -1
    watch = try asking {
      try loop.watch(readEnd, for: .read) { [unowned self] in read(rounds: 16) }
    }
  }

  /// Takes what is there; not until the end, since others may hold it open.
  func drain() {
    isPaused = false
    read(rounds: .max)
    stop()
  }

  private func read(rounds: Int) {
    var rounds = rounds
    while rounds > 0, !hasEnded, !isPaused, readEnd >= 0 {
      rounds -= 1
      let isMore = withUnsafeTemporaryAllocation(byteCount: TaskOutput.chunk, alignment: 16) {
        buffer -> Bool in
        guard let got = try? Transfer.readNow(readEnd, into: buffer) else { return false }
        if got == 0 {
          hasEnded = true
          stop()
          return false
        }
        keep(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
        return true
      }
      if !isMore { return }
    }
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) {
    size += bytes.count
    memory.append(contentsOf: bytes)
    if memory.count > TaskOutput.mostMemory { spill() }
  }

  private func spill() {
    do {
      if file < 0 {
        file = try Descriptors.makePrivate(
          try Descriptors.open("/tmp", TaskOutput.nameless | O_RDWR, mode: 0o600))
      }
      while !memory.isEmpty {
        let count = try memory.withUnsafeBytes { try Transfer.writeNow(file, $0) } ?? 0
        if count == 0 { break }
        memory.removeFirst(count)
      }
    } catch {
      // No room: read on when there is.
      isPaused = true
      _ = loop.addTimer(at: Clock.deadline(after: 200_000_000)) { [weak self] in
        guard let self, isPaused else { return }
        isPaused = false
        spill()
      }
    }
  }

  /// Nothing more is wanted of it.
  func seal() {
    stop()
    Descriptors.close(readEnd)
    readEnd = -1
  }

  private func stop() {
    if let watch { loop.remove(watch) }
    watch = nil
  }

  /// Hands all of it over, piece by piece.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    if file >= 0 {
      var place = 0
      try withUnsafeTemporaryAllocation(byteCount: TaskOutput.chunk, alignment: 16) { buffer in
        while true {
          let count = try MemoryFile.read(file, into: buffer, at: place)
          if count == 0 { return }
          place += count
          try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
      }
    }
    if !memory.isEmpty { try memory.withUnsafeBytes { try body($0) } }
  }

  /// All of it at once.
  var bytes: [UInt8] {
    get throws {
      if file < 0 { return memory }
      var result: [UInt8] = []
      result.reserveCapacity(size)
      try forEachPiece { result.append(contentsOf: $0) }
      return result
    }
  }

  /// Its last line that is not empty, for messages.
  var lastLine: String? {
    var end = memory.suffix(4096)[...]
    while let last = end.last, last == 0x0A || last == 0x20 || last == 0x0D { end.removeLast() }
    if end.isEmpty { return nil }
    let start = end.lastIndex(of: 0x0A).map { $0 + 1 } ?? end.startIndex
    return String(decoding: end[start...].prefix(300), as: UTF8.self)
  }

  /// Lets go of what is not needed any more.
  func close() {
    stop()
    Descriptors.close(writeEnd)
    writeEnd = -1
    if file >= 0 { Descriptors.close(file) }
    file = -1
    memory = []
  }

  deinit {
    Descriptors.close(readEnd)
    if file >= 0 { Descriptors.close(file) }
  }
}
