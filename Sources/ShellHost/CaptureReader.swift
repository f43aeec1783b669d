import Language
import Posix
import Processes
import Session

/// Collects what a pipe delivers while the event loop runs.
package final class CaptureReader {
  private(set) var bytes: [UInt8] = []
  package private(set) var isComplete = false
  /// Why not all of it could be read.
  private(set) var problem: ErrorObject?
  private var fd: Int32
  private let loop: EventLoop
  private var watch: Watch?

  /// - Parameter fd: a private descriptor, which it closes in the end.
  package init(_ fd: Int32, _ loop: EventLoop) throws {
    self.fd = fd
    self.loop = loop
    watch = try mapErrors { try loop.watch(fd, for: .read) { [weak self] in self?.readAll() } }
  }

  private func readAll() {
    let size = 1 << 16
    // A few rounds at most, so that signals and other sources have their turn.
    for _ in 0..<16 {
      let used = bytes.count
      var count: Int?
      do {
        if bytes.capacity < used + size {
          try bytes.requireRoom(size)
          bytes.reserveCapacity(max(used + size, used * 2))
        }
        count = try withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
          let got = try Transfer.readNow(fd, into: buffer)
          if let got { bytes.append(contentsOf: buffer[..<got]) }
          return got
        }
      } catch {
        problem = error as? ErrorObject ?? (error as? SystemError)?.asError(Self.action)
        finish()
        // The program must not wait for ever.
        Descriptors.close(fd)
        fd = -1
        return
      }
      guard let count else { return }
      if count == 0 { return finish() }
    }
  }

  private func finish() {
    isComplete = true
    if let watch { loop.remove(watch) }
    watch = nil
  }

  package func close() {
    finish()
    Descriptors.close(fd)
  }

  private static let action = "cannot read the output of the program"

  /// The text without its last newline.
  package func text() throws -> Value {
    try LargeMemory.require(bytes.count)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return .string(StringObject.make(repairing: bytes))
  }
}
