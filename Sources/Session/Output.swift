import Glibc
import Language
import Posix

/// Standard output, collected so that one write carries many lines.
///
/// Lines stay whole: until a flush, only finished lines go out.
public final class Output {
  private var buffer: [UInt8] = [] {
    didSet { Output.hasPending = !buffer.isEmpty }
  }
  /// Whether something waits to be written, told without asking the one output of this process.
  nonisolated(unsafe) public private(set) static var hasPending = false
  private var isFlushing = false
  private var terminal: Bool?

  /// Runs handlers when a write has to wait and a signal comes; may throw to give up.
  public var onAttention: OnAttention = { Attention.clear() }

  /// What a write throws once the reader has gone; without a result the output is discarded from
  /// then on.
  var brokenPipe: () -> ErrorObject? = { nil }
  private var isBroken = false
  /// Stands in front of every line while it is set, as a task's tag.
  var linePrefix: String? {
    didSet { prefix = linePrefix.map { Array($0.utf8) } ?? [] }
  }
  private var prefix: [UInt8] = []

  /// How long a write waits for its reader (ns); nil for as long as it takes.
  var timeout: Int64?
  /// Runs before something goes out, as a prompt has to make room for it.
  public var beforeWriting: (() -> Void)?

  private static let size = 1 << 16

  /// Adds to the output; throws when a write was due and failed.
  public func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    if isBroken { return }
    if Recorder.isOn { record(bytes) }
    if prefix.isEmpty { buffer.append(contentsOf: bytes) } else { appendPrefixed(bytes) }
    guard let last = bytes.last else { return }
    if buffer.count >= Output.size {
      try flush(onlyLines: true)
    } else if last == 0x0A, isTerminal {
      try flush()
    }
  }

  /// The beginning of what is printed.
  private func record(_ bytes: UnsafeBufferPointer<UInt8>) {
    let line = bytes.prefix { $0 != 0x0A }.prefix(112)
    Recorder.write(.print, String(decoding: line, as: UTF8.self))
  }

  private func appendPrefixed(_ bytes: UnsafeBufferPointer<UInt8>) {
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let isLast = line.endIndex == bytes.endIndex
      if isLast, line.isEmpty { return }
      if buffer.isEmpty || buffer.last == 0x0A { buffer.append(contentsOf: prefix) }
      buffer.append(contentsOf: line)
      if !isLast { buffer.append(0x0A) }
    }
  }

  /// Whether standard output is a terminal, where finished lines are shown at once.
  public var isTerminal: Bool {
    if let terminal { return terminal }
    let answer = isatty(1) == 1
    terminal = answer
    return answer
  }

  /// Descriptor 1 was redirected or put back: what it is must be found out again.
  public func descriptorChanged() {
    terminal = nil
    isBroken = false
  }

  /// Whether something waits to be written.
  public var isPending: Bool { !buffer.isEmpty }

  /// Hands everything to the operating system.
  public func flush() throws { if !buffer.isEmpty { try flush(onlyLines: false) } }

  /// Writes what there is, without taking any memory: the last that a process does.
  func writeAtOnce() {
    buffer.withUnsafeBytes { bytes in
      var rest = bytes
      while let base = rest.baseAddress, !rest.isEmpty {
        let count = Glibc.write(1, base, rest.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  /// Before others can learn something from this process and print themselves: what came before is
  /// to stand before.
  @inlinable @inline(__always)
  public func flushBeforeOthersKnow() throws { if Output.hasPending { try flush() } }

  /// In a forked child: what was collected is the parent's to write.
  func forgetAfterFork() {
    if !buffer.isEmpty { buffer = [] }
    if isFlushing { isFlushing = false }
  }

  private func flush(onlyLines: Bool) throws {
    // A handler that prints while a write waits only adds to the buffer.
    if isFlushing { return }
    isFlushing = true
    defer { isFlushing = false }
    repeat {
      var rest: [UInt8] = []
      if onlyLines, let end = buffer.lastIndex(of: 0x0A) {
        rest = Array(buffer[(end + 1)...])
        buffer.removeLast(buffer.count - end - 1)
      } else if onlyLines, buffer.count < Output.size * 16 {
        return
      }
      let taken = buffer
      buffer = rest
      var written = 0
      beforeWriting?()
      do {
        try taken.withUnsafeBytes { bytes in
          try Transfer.writeAll(
            1, bytes, counting: &written, timeout: timeout, onAttention: onAttention)
        }
      } catch let error as SystemError {
        if error.code == EPIPE {
          if let broken = brokenPipe() { throw broken }
          isBroken = true
          buffer = []
          return
        }
        throw error.asError("cannot write to standard output")
      } catch {
        // A handler left: the rest is still to be written, before what was added meanwhile.
        buffer.insert(contentsOf: taken[written...], at: 0)
        throw error
      }
      if buffer.isEmpty, taken.capacity <= 4 * Output.size {
        buffer = taken
        buffer.removeAll(keepingCapacity: true)
      }
    } while !onlyLines && !buffer.isEmpty
  }
}
