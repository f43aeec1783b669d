import Posix
import Processes

/// Puts what comes of an output elsewhere where that of a program here goes: into a pipe.
final class FarOutput {
  let output: TaskOutput
  private let loop: EventLoop
  private let grant: (Int) -> Void
  private var pending: [UInt8] = []
  private var watch: Watch?

  /// - Parameter grant: told how many bytes were taken, so that as many more may come.
  init(_ output: TaskOutput, _ loop: EventLoop, grant: @escaping (Int) -> Void) {
    self.output = output
    self.loop = loop
    self.grant = grant
  }

  func take(_ bytes: ArraySlice<UInt8>) {
    pending += bytes
    flush()
  }

  private func flush() {
    var taken = 0
    while taken < pending.count, output.writeEnd >= 0 {
      let count = pending.withUnsafeBytes { bytes in
        try? Transfer.writeNow(output.writeEnd, UnsafeRawBufferPointer(rebasing: bytes[taken...]))
      }
      guard let count, count > 0 else { break }
      taken += count
    }
    pending.removeFirst(taken)
    if taken > 0 { grant(taken) }
    if pending.isEmpty {
      stop()
    } else if watch == nil {
      watch = try? loop.watch(output.writeEnd, for: .write, as: .worker) { [weak self] in
        self?.flush()
      }
    }
  }

  private func stop() {
    if let watch { loop.remove(watch) }
    watch = nil
  }

  /// Nothing more comes.
  func finish() {
    var tries = 0
    while !pending.isEmpty, tries < 1 << 16 {
      tries += 1
      output.drain()
      flush()
    }
    stop()
    output.release()
  }
}
