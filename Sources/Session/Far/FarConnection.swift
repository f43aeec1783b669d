import Glibc
import Language
import Machines
import Posix
import Processes

/// One side of the talk between a session and an agent: frames in, frames out, on the event loop.
///
/// A heartbeat goes out by itself between frames. Any byte that comes is a sign of life.
final class FarConnection {
  enum End {
    case closed
    case broken(FrameReader.Failure)
    case failed(SystemError)
  }

  private let loop: EventLoop
  private(set) var input: Int32
  private(set) var output: Int32
  private var reader: FrameReader
  private var queue = FrameQueue()
  private var readWatch: Watch?
  private var writeWatch: Watch?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private(set) var lastHeard = Clock.monotonic
  private var isServing = false
  var onMessage: ((FarMessage) -> Void)?
  var onEnd: ((End) -> Void)?
  /// Told of what comes before the first frame.
  var onSkipped: (([UInt8]) -> Void)?
  /// Told when little is left to be written.
  var onRoom: (() -> Void)?

  /// - Parameters:
  ///   - input: a private descriptor to read from, which this owns from now on.
  ///   - output: likewise to write to; it may be the same.
  init(_ loop: EventLoop, input: Int32, output: Int32, mostMessage: Int = Frame.mostMessage) {
    self.loop = loop
    self.input = input
    self.output = output
    reader = FrameReader(mostMessage: mostMessage)
  }

  deinit {
    close()
    buffer.deallocate()
  }

  func begin() throws(SystemError) {
    try Descriptors.setNonBlocking(output, true)
    readWatch = try loop.watch(input, for: .read, as: .worker) { [weak self] in
      self?.receive(rounds: 16)
    }
    try Heartbeat.add(output)
  }

  var isOpen: Bool { input >= 0 }
  /// What came before the first frame.
  var skipped: [UInt8] { reader.skipped }
  /// Whether the greeting was changed on its way.
  var change: FrameReader.Failure? { reader.change }
  /// How many bytes wait to be written.
  var waiting: Int { queue.count }

  /// Whether what comes interrupts code that computes.
  func setAsynchronous(_ on: Bool) { try? Attention.signalWhenReady(input, on) }

  // MARK: Reading

  /// Takes what is there.
  func receive(rounds: Int) {
    // A message's consequence may be that more is looked for; it is served when this is done.
    if isServing { return }
    isServing = true
    defer { isServing = false }
    for _ in 0..<rounds {
      guard isOpen else { return }
      let count: Int?
      do throws(SystemError) {
        count = try Transfer.readNow(input, into: buffer)
      } catch {
        if error.code == EINTR { continue }
        return end(.failed(error))
      }
      guard let count else { return }
      if count == 0 { return end(.closed) }
      lastHeard = Clock.monotonic
      reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      do throws(FrameReader.Failure) {
        while isOpen, let message = try reader.next() { onMessage?(message) }
      } catch {
        return end(.broken(error))
      }
      if !reader.isSynced { onSkipped?(reader.skipped) }
    }
  }

  /// What was under way while nobody looked counts.
  func noteGap() { lastHeard = Clock.monotonic }

  // MARK: Writing

  func send(_ message: FarMessage) {
    guard isOpen else { return }
    queue.add(message)
    if writeWatch == nil { flush() }
  }

  private func flush() {
    Heartbeat.note(output, isBetweenFrames: false)
    do throws(SystemError) {
      try queue.drain { (bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int in
        try Transfer.writeNow(output, bytes) ?? 0
      }
    } catch {
      // What was sent before may have an answer that is there already.
      receive(rounds: .max)
      return end(.failed(error))
    }
    Heartbeat.note(output, isBetweenFrames: queue.isBetweenFrames)
    if queue.count == 0 {
      if let writeWatch { loop.remove(writeWatch) }
      writeWatch = nil
    } else if writeWatch == nil {
      writeWatch = try? loop.watch(output, for: .write, as: .worker) { [weak self] in
        self?.flush()
      }
    }
    if queue.count < 1 << 18 { onRoom?() }
  }

  /// Writes bytes that are no frame, before any frame, as far as they are taken at once; yields how
  /// many.
  func sendRaw(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
    try Transfer.writeNow(output, bytes) ?? 0
  }

  /// Writes what waits, as far as that goes within some time (ns).
  func finish(within time: Int64) {
    let deadline = Clock.deadline(after: time)
    while isOpen, queue.count > 0, Clock.monotonic < deadline {
      var entry = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
      _ = poll(&entry, 1, 50)
      flush()
    }
  }

  private func end(_ end: End) {
    guard isOpen else { return }
    close()
    let tell = onEnd
    onEnd = nil
    onMessage = nil
    tell?(end)
  }

  func close() {
    guard input >= 0 else { return }
    for watch in [readWatch, writeWatch] { if let watch { loop.remove(watch) } }
    (readWatch, writeWatch) = (nil, nil)
    Heartbeat.remove(output)
    Descriptors.close(input)
    if output != input { Descriptors.close(output) }
    (input, output) = (-1, -1)
  }
}
