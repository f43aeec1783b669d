/// Where inputs come from that may not be there yet.
public struct InputStream {
  /// Readable when there may be more.
  public let descriptor: Int32
  /// Whether the next input, or the end, can be had without waiting.
  public let isReady: () throws -> Bool

  public init(descriptor: Int32, isReady: @escaping () throws -> Bool) {
    self.descriptor = descriptor
    self.isReady = isReady
  }
}
