import Foundation
import TestSupport

/// The built shell at a terminal of its own, with an empty home.
final class PromptShell {
  let home: TemporaryDirectory
  let terminal: Terminal

  /// - Parameter prompt: the first line that is waited for.
  init(
    environment extra: [String: String] = [:], files: [String: String] = [:], columns: Int = 80,
    rows: Int = 24, home: TemporaryDirectory? = nil, prompt: String = "brood> "
  ) throws {
    self.home = try home ?? TemporaryDirectory()
    for (name, text) in files { try self.home.write(text, to: name) }
    var environment = Program.environment(home: self.home.path)
    environment["TERM"] = "xterm"
    environment.merge(extra) { $1 }
    terminal = try Terminal(
      Program.brood, environment: environment, directory: self.home.path, columns: columns,
      rows: rows)
    try terminal.expectLine(prompt)
  }

  /// Enters a line and waits for its output and the next prompt.
  func enter(_ line: String, expecting output: String = "") throws {
    try terminal.enter(line)
    try terminal.expect(String(line.prefix(40)))
    if !output.isEmpty { try terminal.expect(output) }
    try terminal.expect("\nbrood> ")
  }

  /// Leaves the shell, which must end well.
  func leave() throws -> Status {
    try terminal.press(.control("D"))
    return try terminal.expectEnd()
  }

  /// Types a text and waits until it is in the line.
  func type(_ text: String) throws {
    try terminal.type(text)
    try terminal.expectLine("brood> \(text)")
  }

  /// Waits until the screen ends in these lines, without the blanks at their ends.
  func expectEnding(_ text: String) throws {
    try terminal.expectScreen("a screen that ends in ‘\(text)’") { $0.text.hasSuffix(text) }
  }

  // MARK: Gates: children go on when the test says so

  /// Makes a named pipe that a child can read from to wait.
  func makeGate(_ name: String) throws {
    guard mkfifo("\(home.path)/\(name)", 0o600) == 0 else { throw SystemFailure("mkfifo") }
  }

  /// Lets the child go on that reads from the gate; waits for it to come there.
  func open(_ name: String, writing text: String = "go") throws {
    let deadline = Deadline(.seconds(10))
    var gate = Foundation.open("\(home.path)/\(name)", O_WRONLY | O_NONBLOCK)
    while gate < 0 {
      if deadline.hasPassed { throw SystemFailure("nobody reads from \(name)") }
      _ = terminal.update(until: Deadline(.milliseconds(10)))
      gate = Foundation.open("\(home.path)/\(name)", O_WRONLY | O_NONBLOCK)
    }
    defer { close(gate) }
    _ = (text + "\n").withCString { write(gate, $0, strlen($0)) }
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: "\(home.path)/\(name)", encoding: .utf8)
  }

  func permissions(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(home.path)/\(name)")
    return attributes[.posixPermissions] as? Int ?? -1
  }
}
