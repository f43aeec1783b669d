import Glibc
import Language
import Posix
import Processes
import Session

/// The output of background jobs at an interactive terminal: each writes to a pty of its own, and
/// whole lines of it are printed where they disturb nothing.
public final class BackgroundTerminals: BackgroundOutput {
  /// Prints whole lines above the one being typed; they end in a newline.
  public var printer: ([UInt8]) -> Void = { try? Transfer.writeAll(1, $0) }

  private final class Line {
    let main: Int32
    var watch: Watch?
    var process: ProcessHandle?
    /// The beginning of a line whose end has not come yet.
    var rest: [UInt8] = []
    /// In the foreground everything is shown at once.
    var isForeground = false

    init(main: Int32) { self.main = main }
  }

  private let loop: EventLoop
  private let sizeSource: Int32
  /// Opened, but without a process yet, by the descriptor that the job gets.
  private var waiting: [Int32: Line] = [:]
  private var lines: [Line] = []

  /// - Parameter terminal: whose size the jobs' terminals get.
  public init(_ session: Session, terminal: Int32) {
    loop = session.loop
    sizeSource = terminal
    session.hooks.afterForkInChild.append { [self, session] in
      // The private main ends are closed already.
      waiting = [:]
      lines = []
      if session.hooks.backgroundOutput === self { session.hooks.backgroundOutput = nil }
    }
  }

  // MARK: From the session

  public func open() throws -> Int32 {
    let (main, slave) = try mapErrors("cannot open a terminal for the job") {
      try Terminal.openPty(size: try? Terminal.size(sizeSource))
    }
    waiting[slave] = Line(main: main)
    return slave
  }

  public func attach(_ descriptor: Int32, to process: ProcessHandle) {
    Descriptors.close(descriptor)
    guard let line = waiting.removeValue(forKey: descriptor) else { return }
    line.process = process
    line.watch = try? loop.watch(line.main, for: .read, as: .display) {
      [weak self, weak line] in
      if let self, let line { serve(line, rounds: 8) }
    }
    lines.append(line)
  }

  public func abandon(_ descriptor: Int32) {
    Descriptors.close(descriptor)
    if let line = waiting.removeValue(forKey: descriptor) { Descriptors.close(line.main) }
  }

  // MARK: From the prompt and the commands

  /// Prints all that a job has written so far, before the news of its end.
  public func drain(_ process: ProcessHandle) {
    for line in lines where line.process === process {
      serve(line, rounds: 1024)
      finishLine(line)
    }
  }

  /// The window has another size.
  public func resize() {
    guard let size = try? Terminal.size(sizeSource) else { return }
    for line in lines { try? Terminal.setSize(line.main, size) }
  }

  package func bringToForeground(_ process: ProcessHandle) {
    for line in lines where line.process === process {
      line.isForeground = true
      emit(line, all: true)
    }
  }

  package func sendToBackground(_ process: ProcessHandle) {
    for line in lines where line.process === process {
      serve(line, rounds: 1024)
      line.isForeground = false
    }
  }

  // MARK: Reading

  private func serve(_ line: Line, rounds: Int) {
    for _ in 0..<rounds {
      var isAtEnd = false
      let isMore = withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { buffer in
        do {
          guard let count = try Transfer.readNow(line.main, into: buffer) else { return false }
          isAtEnd = count == 0
          line.rest.append(contentsOf: buffer[..<count])
          return count > 0
        } catch {
          // EIO: no process has the other side open any more.
          isAtEnd = true
          return false
        }
      }
      emit(line, all: line.isForeground)
      if isAtEnd { return close(line) }
      if !isMore { return }
    }
  }

  /// Prints the whole lines, or all there is.
  private func emit(_ line: Line, all: Bool) {
    guard !line.rest.isEmpty else { return }
    if all {
      try? Transfer.writeAll(1, line.rest)
      line.rest = []
    } else if let end = line.rest.lastIndex(of: 0x0A) {
      printer(Array(line.rest[...end]))
      line.rest.removeSubrange(...end)
    } else if line.rest.count > 1 << 16 {
      finishLine(line)
    }
  }

  private func finishLine(_ line: Line) {
    guard !line.rest.isEmpty else { return }
    printer(line.rest + [0x0A])
    line.rest = []
  }

  private func close(_ line: Line) {
    finishLine(line)
    if let watch = line.watch { loop.remove(watch) }
    line.watch = nil
    Descriptors.close(line.main)
    lines.removeAll { $0 === line }
  }
}
