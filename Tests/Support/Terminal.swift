import CTestSupport
import Foundation

/// A program on a pseudo-terminal of its own, driven by what is on the screen.
public final class Terminal {
  public private(set) var screen: Screen
  public let child: Child
  private var master: Int32
  /// The program and all that shared its terminal have closed it.
  public private(set) var ended = false
  /// Where the last expectation was met: a line counted from the first one, and characters in it.
  private var mark = (line: 0, offset: 0)
  private var clearings = 0

  public init(
    _ program: String, _ arguments: [String] = [], environment: [String: String],
    directory: String? = nil, columns: Int = 80, rows: Int = 24
  ) throws {
    var name = [CChar](repeating: 0, count: 128)
    master = support_open_pty(&name, name.count, Int32(columns), Int32(rows))
    guard master >= 0 else { throw SystemFailure("cannot open a pseudo-terminal") }
    screen = Screen(columns: columns, rows: rows)
    let tty = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      child = try Child(
        program, arguments, environment: environment, directory: directory, streams: .terminal(tty))
    } catch {
      Foundation.close(master)
      throw error
    }
  }

  deinit { close() }

  /// Hang up, then end what is left of the session.
  public func close() {
    guard master >= 0 else { return }
    Foundation.close(master)
    master = -1
    child.end()
  }

  // MARK: Keys

  public enum Key: Sendable {
    case enter, tab, backspace, escape, delete, up, down, left, right, home, end
    case control(Character)
    /// Text as a terminal sends it when it is pasted.
    case paste(String)

    var bytes: String {
      switch self {
      case .enter: "\r"
      case .tab: "\t"
      case .backspace: "\u{7f}"
      case .escape: "\u{1b}"
      case .delete: "\u{1b}[3~"
      case .up: "\u{1b}[A"
      case .down: "\u{1b}[B"
      case .right: "\u{1b}[C"
      case .left: "\u{1b}[D"
      case .home: "\u{1b}[H"
      case .end: "\u{1b}[F"
      case .control(let letter): String(UnicodeScalar((letter.asciiValue ?? 0) & 0x1f))
      case .paste(let text): "\u{1b}[200~\(text)\u{1b}[201~"
      }
    }
  }

  /// Type text as it is, without Enter.
  public func type(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    let deadline = Deadline(.seconds(10))
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        // The program may be waiting for us to read before it reads.
        guard !deadline.hasPassed else { throw unmet("it does not read what is typed") }
        let ready = poll([(master, POLLIN | POLLOUT)], until: deadline)
        if ready[0] { readSome() }
      } else if errno != EINTR {
        throw SystemFailure("cannot type")
      }
    }
  }

  public func press(_ keys: Key...) throws {
    for key in keys { try type(key.bytes) }
  }

  /// Type a line and Enter.
  public func enter(_ line: String) throws { try type(line + "\r") }

  /// Change the size of the window.
  public func resize(columns: Int, rows: Int) throws {
    screen.resize(columns: columns, rows: rows)
    guard support_resize_pty(master, Int32(columns), Int32(rows)) == 0 else {
      throw SystemFailure("cannot resize the terminal")
    }
  }

  // MARK: Expectations

  /// Wait for a text after the place where the last expectation was met.
  public func expect(_ text: String, within limit: Duration = .seconds(10)) throws {
    try expect("‘\(text)’", within: limit) { $0.range(of: text) }
  }

  /// Wait for a match after the place where the last expectation was met, and yield its text.
  @discardableResult
  public func expect<Output>(_ regex: Regex<Output>, within limit: Duration = .seconds(10)) throws
    -> String
  {
    try expect("a match of the expression", within: limit) { $0.firstMatch(of: regex)?.range }
  }

  /// Wait until the cursor's line is this; for a line being edited, which changes before the mark.
  public func expectLine(_ line: String, within limit: Duration = .seconds(10)) throws {
    try expectScreen("‘\(line)’ in the cursor's line", within: limit) { $0.cursorLine == line }
  }

  /// Wait until the screen is as described.
  public func expectScreen(
    _ what: String, within limit: Duration = .seconds(10), where holds: (Screen) -> Bool
  ) throws {
    let deadline = Deadline(limit)
    while !holds(screen) {
      guard update(until: deadline) else { throw unmet(what) }
    }
  }

  /// Wait for the program to end.
  public func expectEnd(within limit: Duration = .seconds(10)) throws -> Status {
    let deadline = Deadline(limit)
    while update(until: deadline) {}
    guard let status = child.wait(until: deadline) else { throw unmet("the end of the program") }
    return status
  }

  /// Read what there is, waiting for it until the deadline; false if nothing will or did come.
  public func update(until deadline: Deadline) -> Bool {
    guard !ended, poll([(master, POLLIN)], until: deadline)[0] else { return false }
    readSome()
    return !ended
  }

  @discardableResult
  private func expect(
    _ what: String, within limit: Duration, find: (String) -> Range<String.Index>?
  ) throws -> String {
    let deadline = Deadline(limit)
    while true {
      let text = textAfterMark()
      if let range = find(text) {
        moveMark(over: text[..<range.upperBound])
        return String(text[range])
      }
      if !update(until: deadline) {
        // The last words of a program come with its end.
        if ended, find(textAfterMark()) != nil { continue }
        throw unmet(what)
      }
    }
  }

  private func textAfterMark() -> String {
    if clearings != screen.clearings {
      clearings = screen.clearings
      mark = (screen.firstPosition, 0)
    }
    var lines = screen.lines(from: mark.line)
    if let first = lines.first { lines[0] = String(first.dropFirst(mark.offset)) }
    return lines.joined(separator: "\n")
  }

  private func moveMark(over text: Substring) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    mark.offset = (lines.last?.count ?? 0) + (lines.count > 1 ? 0 : mark.offset)
    mark.line += lines.count - 1
  }

  private func readSome() {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(master, &buffer, buffer.count)
    if count > 0 {
      screen.feed(buffer[..<count])
      let answers = screen.takeAnswers()
      if !answers.isEmpty { try? type(answers) }
    } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
      ended = true  // EIO: nobody has the other side open.
    }
  }

  private func unmet(_ what: String) -> UnmetExpectation {
    UnmetExpectation(what: what, screen: screen.text, ended: ended)
  }
}

/// What a terminal was expected to show and did not.
public struct UnmetExpectation: Error, CustomStringConvertible {
  let what: String
  let screen: String
  let ended: Bool

  public var description: String {
    """
    expected \(what)\(ended ? ", but the program has closed the terminal" : ""); the screen shows:
    \(screen.split(separator: "\n", omittingEmptySubsequences: false).map { "  | \($0)" }
      .joined(separator: "\n"))
    """
  }
}
