import TestSupport
import Testing

extension Terminal {
  /// Waits for what `stty -a; echo ready` prints: the terminal is as a shell wants it.
  func expectSaneModes() throws {
    let modes = try expect(/(?s)speed .*\nready\n/)
    for mode in ["echo", "icanon", "icrnl", "isig", "opost"] {
      #expect(modes.contains(" \(mode) ") || modes.contains("\n\(mode) "), "\(mode): \(modes)")
    }
    #expect(!screen.bracketsPastes)
  }
}
