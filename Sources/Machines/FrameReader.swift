/// Makes messages of the bytes of a stream, however they come; safe on any bytes.
///
/// Before the first good frame anything is skipped, since shells and servers greet; after it what is
/// no frame is an error for good.
public struct FrameReader {
  public enum Failure: Error, Equatable, Sendable {
    /// Something else stands where a frame should begin, or a frame is damaged.
    case garbage
    /// More than there may be was announced.
    case tooLarge
    /// More was skipped than any greeting has.
    case noFrame
    /// What carries the bytes changes them: a byte, and what came in its place.
    case changed(UInt8, UInt8)
  }

  private var buffer: [UInt8] = []
  private var start = 0
  /// What has come of a message whose rest is still to come.
  private var partial: FarMessage?
  private var failure: Failure?
  /// A good frame has come.
  public private(set) var isSynced = false
  /// The end of what was skipped, for messages about why no frame came.
  public private(set) var skipped: [UInt8] = []
  private var skippedCount = 0
  private static let mostSkipped = 1 << 20
  private static let keptSkipped = 2048
  private let mostMessage: Int

  public init(mostMessage: Int = Frame.mostMessage) { self.mostMessage = mostMessage }

  /// Adds bytes that came.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    if failure != nil { return }
    if start > 0, start == buffer.count || start > 1 << 20 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  public mutating func feed(_ bytes: [UInt8]) { bytes.withUnsafeBytes { feed($0) } }

  /// Whether something has come that is no whole message.
  public var hasRest: Bool { start < buffer.count || partial != nil }

  /// The next message that is whole; nil where more has to come first.
  ///
  /// - Throws: `Failure`; from then on always the same.
  public mutating func next() throws(Failure) -> FarMessage? {
    if let failure { throw failure }
    do throws(Failure) {
      return try nextMessage()
    } catch {
      failure = error
      buffer = []
      start = 0
      partial = nil
      throw error
    }
  }

  private mutating func nextMessage() throws(Failure) -> FarMessage? {
    while let (message, hasMore) = try nextFrame() {
      if let begun = partial, begun.kind == message.kind, begun.attempt == message.attempt {
        guard begun.bytes.count + message.bytes.count <= mostMessage else { throw .tooLarge }
        partial?.bytes += message.bytes
        if hasMore { continue }
        defer { partial = nil }
        return partial
      }
      if !hasMore { return message }
      // One message in parts at a time.
      guard partial == nil else { throw .garbage }
      partial = message
    }
    return nil
  }

  private mutating func nextFrame() throws(Failure) -> (FarMessage, hasMore: Bool)? {
    while true {
      if !isSynced { try skipToMagic() }
      let rest = buffer.count - start
      if rest < Frame.magic.count {
        // A beginning of something else is told at once.
        if isSynced, !buffer[start...].elementsEqual(Frame.magic.prefix(rest)) { throw .garbage }
        return nil
      }
      guard buffer[start..<(start + 4)].elementsEqual(Frame.magic) else { throw .garbage }
      if rest < Frame.headSize { return nil }
      let size = Int(number(at: 4, 4))
      let kind = FrameKind(rawValue: buffer[start + 12])
      let isPossible = size <= Frame.mostPayload && kind != nil && buffer[start + 13] < 2
      if isPossible, rest < Frame.headSize + size { return nil }
      if isPossible, let kind {
        let end = start + Frame.headSize + size
        let frame = buffer[start..<end]
        if Frame.checksum(frame) == UInt32(truncatingIfNeeded: number(at: 8, 4)) {
          let message = FarMessage(
            kind, number(at: 16, 8), Array(frame.dropFirst(Frame.headSize)))
          let hasMore = buffer[start + 13] == 1
          start = end
          isSynced = true
          return (message, hasMore)
        }
      }
      if isSynced { throw .garbage }
      if let change { throw change }
      // It only looked like one.
      skip(1)
    }
  }

  private func number(at place: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<count { value |= UInt64(buffer[start + place + i]) << UInt64(i * 8) }
    return value
  }

  // MARK: Before the first frame

  private mutating func skipToMagic() throws(Failure) {
    var place = start
    while place < buffer.count {
      let count = min(4, buffer.count - place)
      if buffer[place..<(place + count)].elementsEqual(Frame.magic.prefix(count)) { break }
      place += 1
    }
    skip(place - start)
    if skippedCount > FrameReader.mostSkipped { throw .noFrame }
  }

  private mutating func skip(_ count: Int) {
    if count == 0 { return }
    skipped += buffer[start..<(start + count)]
    if skipped.count > FrameReader.keptSkipped {
      skipped.removeFirst(skipped.count - FrameReader.keptSkipped)
    }
    skippedCount += count
    start += count
  }

  /// Whether what stands here is a greeting whose bytes were changed on their way, and which.
  ///
  /// Asked also when a greeting does not become whole in time.
  public var change: Failure? {
    guard !isSynced, buffer.count - start >= Frame.headSize + 8,
      buffer[start..<(start + 4)].elementsEqual(Frame.magic),
      buffer[start + 12] == FrameKind.hello.rawValue
    else { return nil }
    for value in 0..<256 {
      let place = start + Frame.headSize + value
      guard place < buffer.count else { return nil }
      if buffer[place] != UInt8(value) { return .changed(UInt8(value), buffer[place]) }
    }
    return nil
  }
}
