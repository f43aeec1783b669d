import Glibc
import Language
import Posix

/// Blocks of a file: only what stands where they end is read here.
final class FileBlocks: BlockSource {
  private let file: Int32
  private let ownsFile: Bool
  private let size: Int
  private var place: Int
  private var cutter: BlockCutter
  private let memory = BlockMemory.Pool().take()
  /// Which part of the file is in memory.
  private var seen = 0..<0
  private let attend: () throws -> Void
  let isReady = true
  let isRepeatable = true
  var onChange: (() -> Void)?
  let problem: (any Error)? = nil

  /// - Parameter start: where the first block begins.
  init(
    _ file: Int32, from start: Int, to size: Int, owned: Bool, _ cutter: BlockCutter,
    attend: @escaping () throws -> Void
  ) {
    self.file = file
    self.size = size
    self.cutter = cutter
    self.attend = attend
    ownsFile = owned
    place = start
  }

  deinit { if ownsFile { Descriptors.close(file) } }

  func begin() {}

  /// What comes after this run reads behind its input.
  func end() { if !ownsFile { lseek(file, off_t(place), SEEK_SET) } }

  func next() throws -> InputBlock? {
    if place >= size { return nil }
    let start = place
    while true {
      let free = min(cutter.free, size - place)
      cutter.skip(free)
      place += free
      if place >= size { break }
      if !seen.contains(place) { try read() }
      if seen.isEmpty {
        // It has become shorter since.
        place = size
        break
      }
      let bytes = UnsafeRawBufferPointer(
        rebasing: memory.bytes[(place - seen.lowerBound)..<seen.count])
      let (count, hasEnded) = cutter.take(bytes, isLast: seen.upperBound >= size)
      // What is left may be the beginning of a mark.
      if !hasEnded { seen = 0..<0 }
      place += count
      if hasEnded { break }
    }
    return InputBlock(file, start..<place)
  }

  /// Reads what stands at the place.
  private func read() throws {
    try attend()
    let window = UnsafeMutableRawBufferPointer(
      rebasing: memory.bytes[..<min(BlockMemory.size, size - place)])
    let count = try mapErrors("cannot read the input") {
      try MemoryFile.read(file, into: window, at: place)
    }
    seen = place..<(place + count)
  }
}
