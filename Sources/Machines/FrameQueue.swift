/// Messages that wait to be sent: what steers goes before what carries much, between whole frames.
public struct FrameQueue {
  private var urgent: [[UInt8]] = []
  private var bulk: [[UInt8]] = []
  private var urgentHead = 0
  private var bulkHead = 0
  /// The frame that is being written, and how much of it was.
  private var current: [UInt8] = []
  private var written = 0
  /// How many bytes wait.
  public private(set) var count = 0

  public init() {}

  /// Whether the last byte that was written ended a frame.
  public var isBetweenFrames: Bool { written == current.count || written == 0 }

  public mutating func add(_ message: FarMessage) {
    let frames = Frame.frames(of: message)
    for frame in frames { count += frame.count }
    switch message.kind {
    case .ping, .pong, .hold, .drain, .bye, .window, .cancel, .hello:
      urgent += frames
    default:
      bulk += frames
    }
  }

  /// Hands over what is to be written next, until `write` takes less than all.
  ///
  /// - Parameter write: writes some bytes and yields how many.
  public mutating func drain<E: Error>(
    _ write: (UnsafeRawBufferPointer) throws(E) -> Int
  ) throws(E) {
    while true {
      if written == current.count {
        guard let next = takeNext() else { return }
        current = next
        written = 0
      }
      var failure: E?
      let (from, frame) = (written, current)
      let taken = frame.withUnsafeBytes { bytes -> Int in
        do throws(E) {
          return try write(UnsafeRawBufferPointer(rebasing: bytes[from...]))
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if taken <= 0 { return }
      written += taken
      count -= taken
    }
  }

  private mutating func takeNext() -> [UInt8]? {
    if urgentHead < urgent.count {
      defer { FrameQueue.advance(&urgent, &urgentHead) }
      return urgent[urgentHead]
    }
    if bulkHead < bulk.count {
      defer { FrameQueue.advance(&bulk, &bulkHead) }
      return bulk[bulkHead]
    }
    return nil
  }

  private static func advance(_ list: inout [[UInt8]], _ head: inout Int) {
    list[head] = []
    head += 1
    if head == list.count || head > 1024 {
      list.removeFirst(head)
      head = 0
    }
  }
}
