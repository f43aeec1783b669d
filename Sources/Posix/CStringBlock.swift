/// C strings, as execve(2) takes arguments and environments.
///
/// One block for all text: an environment has a hundred entries, and each spawn pays for it.
public struct CStringBlock {
  private var bytes: [CChar] = []
  private var starts: [Int] = []

  /// Makes one of texts.
  public init(_ strings: [String]) {
    bytes.reserveCapacity(strings.reduce(0) { $0 + $1.utf8.count + 1 })
    for string in strings { append(string.utf8) }
  }

  /// Makes one of bytes without a null among them.
  public init(_ words: [[UInt8]]) {
    bytes.reserveCapacity(words.reduce(0) { $0 + $1.count + 1 })
    for word in words { append(word) }
  }

  private mutating func append(_ text: some Sequence<UInt8>) {
    starts.append(bytes.count)
    for byte in text { bytes.append(CChar(bitPattern: byte)) }
    bytes.append(0)
  }

  /// How many strings it has.
  public var count: Int { starts.count }

  /// The bytes of all of them, each with its null character.
  public var byteCount: Int { bytes.count }

  /// Lends an array of them that ends with a null pointer.
  package func withPointers<Result>(
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    bytes.withUnsafeBufferPointer { buffer in
      // Neither call writes to them.
      let base = buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
      let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
        capacity: starts.count + 1)
      defer { pointers.deallocate() }
      for (i, start) in starts.enumerated() {
        (pointers + i).initialize(to: base?.advanced(by: start))
      }
      (pointers + starts.count).initialize(to: nil)
      return body(pointers)
    }
  }
}
