import Glibc
import Language
import Posix
import Processes

/// What one program writes to one descriptor, collected in memory and, where it is much, in a file
/// without a name; or in a file of `--results` as it comes.
///
/// While the disk is full nothing more is read, so the program waits and nothing is lost.
final class TaskOutput {
  /// The end for the program; closed here once it runs.
  private(set) var writeEnd: Int32
  private var readEnd: Int32
  private let store: OutputStore
  private let relay: LineRelay?
  private var watch: Watch?
  /// What is in memory, after what is in the file.
  private var chunks: [(memory: OutputStore.Chunk, count: Int)] = []
  private var compact: [UInt8] = []
  private var file: Int32 = -1
  /// The file of `--results`, if it is there; it is closed where all of the output is in it.
  private(set) var path: String?
  /// How much of the first chunk is in the file.
  private var moved = 0
  private var canMove = true
  private var isWide = false
  private var hasFiles = true
  private(set) var size = 0
  private(set) var hasEnded = false
  private var isHeld = false
  private var isDraining = false

  private static let widePipe = 1 << 20
  private static let pause: Int64 = 200_000_000

  /// - Parameters:
  ///   - relay: what passes lines on at once; nothing is kept then.
  ///   - path: of a new file that gets all of it as it comes; where there is no room for one, it is
  ///     made in the end.
  init(_ store: OutputStore, relay: LineRelay? = nil, path: String? = nil) throws {
    self.store = store
    self.relay = relay
    let ends = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
    let write = OwnedDescriptor(ends.write)
    readEnd = try mapErrors { try Descriptors.makePrivate(ends.read) }
    writeEnd = write.release()
    if let path { try create(path) }
  }

  private func create(_ path: String) throws {
    do throws(SystemError) {
      file = try Descriptors.makePrivate(
        try Descriptors.open(path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK))
      self.path = path
    } catch {
      if OutputStore.isNoRoom(error) { return store.tellFull(error, in: path) }
      throw error
    }
  }

  // MARK: Reading

  /// Serves it from now on.
  func begin() throws {
    if store.isMuch { widen() }
    try listen()
  }

  /// The program has its end.
  func release() {
    Descriptors.close(writeEnd)
    writeEnd = -1
  }

  /// The program waits less often.
  private func widen() {
    isWide = true
    OutputPipe.widen(readEnd, to: TaskOutput.widePipe)
  }

  private func listen() throws {
    watch = try mapErrors {
      try store.loop.watch(readEnd, for: .read) { [weak self] in self?.read(rounds: 16) }
    }
  }

  /// Takes what is there; not until the end, since others may hold it open.
  func drain() {
    stop()
    isHeld = false
    isDraining = true
    read(rounds: .max)
  }

  private func read(rounds: Int) {
    var rounds = rounds
    while rounds > 0, !hasEnded, !isHeld, readEnd >= 0 {
      rounds -= 1
      if relay == nil, hasFiles, !isDraining, file >= 0 || store.isFull(size) {
        if !spill() { return }
      } else if !readIntoMemory() {
        return
      }
    }
  }

  /// Whether there may be more.
  private func readIntoMemory() -> Bool {
    if chunks.last.map({ OutputStore.chunkSize - $0.count < 4096 }) ?? true {
      chunks.append((store.take(), 0))
    }
    let last = chunks.count - 1
    let (memory, count) = chunks[last]
    let room = UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    let got = try? Transfer.readNow(readEnd, into: room)
    guard let got else {
      if count == 0 { store.giveBack(chunks.removeLast().memory) }
      return false
    }
    if got == 0 {
      if count == 0 { store.giveBack(chunks.removeLast().memory) }
      hasEnded = true
      stop()
      return false
    }
    size += got
    if let relay {
      relay.take(UnsafeRawBufferPointer(rebasing: room[..<got]))
      if store.hasManyLines, !isDraining { hold() }
    } else {
      chunks[last].count = count + got
    }
    if got >= 1 << 16, !isWide {
      // It was full: the program had to wait, and the next one would have to.
      store.isMuch = true
      widen()
    }
    return true
  }

  /// Nothing is read until lines were shown.
  private func hold() {
    stop()
    isHeld = true
    store.whenShown { [weak self] in self?.goOn() }
  }

  private func goOn() {
    guard isHeld else { return }
    isHeld = false
    if readEnd >= 0, !hasEnded, watch == nil { try? listen() }
  }

  // MARK: The file

  /// Moves what is in memory, and what comes, into the file; false if there is nothing or no room.
  private func spill() -> Bool {
    do throws(SystemError) {
      if file < 0 {
        guard let made = try store.makeFile() else {
          hasFiles = false
          return true
        }
        file = made
      }
      try moveMemory()
      guard canMove else { return try readThenMove() }
      let got: Int?
      do throws(SystemError) {
        got = try OutputPipe.move(readEnd, to: file, atMost: TaskOutput.widePipe)
      } catch {
        guard error.code == EINVAL else { throw error }
        canMove = false
        return true
      }
      guard let got else { return false }
      size += got
      if got == 0 {
        hasEnded = true
        stop()
      }
      return got > 0
    } catch {
      waitForRoom(error)
      return false
    }
  }

  private func moveMemory() throws(SystemError) {
    while let (memory, count) = chunks.first {
      while moved < count {
        moved += try Transfer.writeFile(
          file, UnsafeRawBufferPointer(rebasing: memory[moved..<count]))
      }
      moved = 0
      store.giveBack(memory)
      chunks.removeFirst()
    }
  }

  private func readThenMove() throws(SystemError) -> Bool {
    guard readIntoMemory() else { return false }
    try moveMemory()
    return true
  }

  /// No room: read on when there is.
  private func waitForRoom(_ error: SystemError) {
    stop()
    isHeld = true
    store.tellFull(error, in: path)
    _ = store.loop.addTimer(at: Clock.deadline(after: TaskOutput.pause)) { [weak self] in
      guard let self, isHeld, readEnd >= 0 else { return }
      goOn()
      read(rounds: 16)
    }
  }

  // MARK: The end

  /// Nothing more is wanted of it.
  func seal() {
    stop()
    Descriptors.close(readEnd)
    readEnd = -1
    relay?.finish()
    if path != nil { try? moveMemory() }
    if path != nil, chunks.isEmpty {
      // It is read again when its turn comes; a million outputs shall not hold a descriptor each.
      Descriptors.close(file)
      file = -1
    }
    // Nor shall a million small ones hold a chunk each.
    if file < 0, chunks.count == 1, chunks[0].count <= 1 << 14 {
      compact = Array(chunks[0].memory[..<chunks[0].count])
      releaseChunks()
    }
  }

  private func stop() {
    if let watch { store.loop.remove(watch) }
    watch = nil
  }

  private func releaseChunks() {
    for (memory, _) in chunks { store.giveBack(memory) }
    chunks = []
  }

  /// The file of `--results` has another name now.
  func rename(to path: String) throws(SystemError) {
    guard let old = self.path else { return }
    guard Glibc.rename(old, path) == 0 else {
      throw SystemError(call: "rename", code: errno, detail: path)
    }
    self.path = path
  }

  /// Hands over what the file of `--results` lacks, since there was no room for it, and has it there.
  func completeFile(_ append: (UnsafeRawBufferPointer) throws -> Void) throws {
    while let (memory, count) = chunks.first {
      try append(UnsafeRawBufferPointer(rebasing: memory[moved..<count]))
      moved = 0
      store.giveBack(memory)
      chunks.removeFirst()
    }
  }

  /// Hands all of it over, piece by piece.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    if file < 0, let path, size > 0 {
      file = try mapErrors("cannot read a result again") {
        try Descriptors.makePrivate(try Descriptors.open(path, O_RDONLY))
      }
    }
    if file >= 0 {
      var place = 0
      let buffer = store.take()
      defer { store.giveBack(buffer) }
      while true {
        let count = try MemoryFile.read(file, into: buffer, at: place)
        if count == 0 { break }
        place += count
        try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
    for (i, (memory, count)) in chunks.enumerated() {
      try body(UnsafeRawBufferPointer(rebasing: memory[(i == 0 ? moved : 0)..<count]))
    }
    if !compact.isEmpty { try compact.withUnsafeBytes { try body($0) } }
  }

  /// All of it at once.
  var bytes: [UInt8] {
    get throws {
      if size == compact.count { return compact }
      var result: [UInt8] = []
      result.reserveCapacity(size)
      try forEachPiece { result.append(contentsOf: $0) }
      return result
    }
  }

  /// Its last line that is not empty, for messages.
  var lastLine: String? {
    if let relay { return LineRelay.lastLine(of: relay.end) }
    var end: [UInt8] = []
    try? forEachPiece { piece in
      end.append(contentsOf: piece.suffix(4096))
      if end.count > 8192 { end.removeFirst(end.count - 4096) }
    }
    return LineRelay.lastLine(of: end)
  }

  /// Lets go of what is not needed any more.
  func close() {
    stop()
    Descriptors.close(writeEnd)
    writeEnd = -1
    if file >= 0 { Descriptors.close(file) }
    file = -1
    releaseChunks()
    compact = []
    size = 0
  }

  deinit {
    close()
    Descriptors.close(readEnd)
  }
}
