import Glibc

/// Passes the lines of one program on as they come, whole and with a tag in front.
final class LineRelay {
  private let store: OutputStore
  private let isError: Bool
  private let frame: LineFrame
  /// The beginning of a line.
  private var rest: [UInt8] = []
  /// The last that was written, for messages.
  private(set) var end: [UInt8] = []

  init(_ store: OutputStore, isError: Bool, _ frame: LineFrame) {
    self.store = store
    self.isError = isError
    self.frame = frame
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    if isError {
      end.append(contentsOf: bytes.suffix(4096))
      if end.count > 8192 { end.removeFirst(end.count - 4096) }
    }
    LineRelay.forEachLine(bytes) { line, isWhole in
      rest.append(contentsOf: line)
      if isWhole { pass(isWhole: true) }
    }
  }

  /// A line that was not ended stays so, unless another program's follows it.
  func finish() {
    if !rest.isEmpty { pass(isWhole: false) }
  }

  private func pass(isWhole: Bool) {
    let line = frame.before + rest + frame.after
    store.add(line + (isWhole ? [0x0A] : []), isError: isError, isWhole: isWhole)
    rest.removeAll(keepingCapacity: true)
  }

  /// Each line without its end, and whether it had one.
  static func forEachLine(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Bool) throws -> Void
  ) rethrows {
    guard let base = bytes.baseAddress else { return }
    var place = 0
    while place < bytes.count {
      let found = memchr(base + place, 0x0A, bytes.count - place)
      let stop = found.map { UnsafeRawPointer($0) - base } ?? bytes.count
      try body(UnsafeRawBufferPointer(rebasing: bytes[place..<stop]), found != nil)
      place = stop + 1
    }
  }

  /// The last line that is not empty.
  static func lastLine(of bytes: [UInt8]) -> String? {
    var end = bytes[...]
    while let last = end.last, last == 0x0A || last == 0x20 || last == 0x0D { end.removeLast() }
    if end.isEmpty { return nil }
    let start = end.lastIndex(of: 0x0A).map { $0 + 1 } ?? end.startIndex
    return String(decoding: end[start...].prefix(300), as: UTF8.self)
  }
}
