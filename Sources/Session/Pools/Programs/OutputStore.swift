import Glibc
import Language
import Posix
import Processes

/// Where the outputs of running programs are kept: in memory up to some amount in all, then in files
/// without a name.
final class OutputStore {
  /// One piece of memory, used again and again.
  typealias Chunk = UnsafeMutableRawBufferPointer

  let loop: EventLoop
  /// Told once when there is no room on the disk.
  var onFull: ((_ place: String, _ error: SystemError) -> Void)?
  /// Programs write much.
  var isMuch = false
  /// Lines to be shown, of standard output and standard error.
  private(set) var lines: (output: [UInt8], error: [UInt8]) = ([], [])
  /// Whether the last one was not ended.
  private var isOpen = (output: false, error: false)
  /// Those that read nothing more until lines were shown.
  private var waiting: [() -> Void] = []
  private var free: [Chunk] = []
  private var used = 0
  private var hasTold = false
  let directory: String

  static let chunkSize = 1 << 18
  /// How much one output, and all together, may hold in memory.
  static let mostOfOne = 8 << 20
  static let mostOfAll = 64 << 20
  /// How many bytes of lines may wait to be shown.
  private static let mostLines = 1 << 20
  /// O_TMPFILE, a macro that Swift does not see.
  private static let nameless = 0o20000000 | O_DIRECTORY

  /// - Parameter directory: for files without a name.
  init(_ loop: EventLoop, directory: String) {
    self.loop = loop
    self.directory = directory
  }

  deinit { for chunk in free { chunk.deallocate() } }

  func take() -> Chunk {
    used += OutputStore.chunkSize
    return free.popLast() ?? .allocate(byteCount: OutputStore.chunkSize, alignment: 4096)
  }

  func giveBack(_ chunk: Chunk) {
    used -= OutputStore.chunkSize
    if free.count < 64 { free.append(chunk) } else { chunk.deallocate() }
  }

  /// Whether an output of so many bytes should go to the disk.
  func isFull(_ size: Int) -> Bool {
    size >= OutputStore.mostOfOne || size > OutputStore.chunkSize && used >= OutputStore.mostOfAll
  }

  /// A file without a name; nil where there can be none.
  func makeFile() throws(SystemError) -> Int32? {
    do throws(SystemError) {
      return try Descriptors.makePrivate(
        try Descriptors.open(directory, OutputStore.nameless | O_RDWR, mode: 0o600))
    } catch {
      if OutputStore.isNoRoom(error) { throw error }
      return nil
    }
  }

  /// Whether there may be room later.
  static func isNoRoom(_ error: SystemError) -> Bool {
    [ENOSPC, EDQUOT, EFBIG].contains(error.code)
  }

  /// - Parameter path: of a file of `--results`; nil for one without a name.
  func tellFull(_ error: SystemError, in path: String?) {
    if hasTold { return }
    hasTold = true
    onFull?(path.map { _ in "for --results" } ?? "in '\(directory)'", error)
  }

  // MARK: Lines

  var hasLines: Bool { !lines.output.isEmpty || !lines.error.isEmpty }
  var hasManyLines: Bool { lines.output.count + lines.error.count > OutputStore.mostLines }

  /// Adds a line; one that was not ended before it is ended now.
  func add(_ line: [UInt8], isError: Bool, isWhole: Bool) {
    if isError {
      if isOpen.error { lines.error.append(0x0A) }
      lines.error += line
      isOpen.error = !isWhole
    } else {
      if isOpen.output { lines.output.append(0x0A) }
      lines.output += line
      isOpen.output = !isWhole
    }
  }

  /// Whether the last line that was shown on standard error was not ended: who asks ends it.
  func endShownLine() -> Bool {
    guard isOpen.error, lines.error.isEmpty else { return false }
    isOpen.error = false
    return true
  }

  func whenShown(_ body: @escaping () -> Void) { waiting.append(body) }

  /// The lines that wait; a program that waited for room goes on.
  func takeLines() -> (output: [UInt8], error: [UInt8]) {
    let taken = lines
    lines = ([], [])
    let ready = waiting
    waiting = []
    for body in ready { body() }
    return taken
  }
}
