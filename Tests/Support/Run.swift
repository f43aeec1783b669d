import CTestSupport
import Foundation

/// What a program without a terminal wrote, and how it ended.
public struct Output {
  public var standardOutput: String
  public var standardError: String
  /// Nil if the program was killed because its time was up.
  public var status: Status?
  /// Processes of its session that outlived it and the grace time.
  public var leftBehind: [ProcessEntry]
}

/// Run a program to its end, but not longer than the limit, then end what is left of its session.
public func run(
  _ program: String, _ arguments: [String] = [], input: String = "", environment: [String: String],
  directory: String, within limit: Duration = .seconds(20), grace: Duration = .seconds(2)
) throws -> Output {
  let deadline = Deadline(limit)
  let inputFile = "\(directory)/.input"
  try Data(input.utf8).write(to: URL(filePath: inputFile))
  let standardInput = open(inputFile, O_RDONLY | O_CLOEXEC)
  unlink(inputFile)
  defer { close(standardInput) }

  let (output, error) = (try Pipe(), try Pipe())
  let child = try Child(
    program, arguments, environment: environment, directory: directory,
    streams: .descriptors(standardInput, output.writeEnd, error.writeEnd))
  output.closeWriteEnd()
  error.closeWriteEnd()

  var status: Status?
  while status == nil && !deadline.hasPassed {
    let ready = poll(
      [(output.pollable, POLLIN), (error.pollable, POLLIN), (child.pidfd, POLLIN)], until: deadline)
    if ready[0] { output.readSome() }
    if ready[1] { error.readSome() }
    if ready[2] { status = child.wait(until: deadline) }
  }

  // What the program left behind may still write, and has a while to go away.
  let grace = Deadline(status == nil ? .zero : grace)
  while !(output.ended && error.ended) && !grace.hasPassed {
    let ready = poll([(output.pollable, POLLIN), (error.pollable, POLLIN)], until: grace)
    if ready[0] { output.readSome() }
    if ready[1] { error.readSome() }
  }
  var leftBehind = child.livingMembers()
  while status != nil && !leftBehind.isEmpty && !grace.hasPassed {
    // Only the program itself has a pidfd here; others are looked for now and then.
    _ = poll([], until: Deadline(.milliseconds(10)))
    leftBehind = child.livingMembers()
  }
  child.end()
  return Output(
    standardOutput: output.text, standardError: error.text, status: status, leftBehind: leftBehind)
}

/// Run a text as a script of Brood, in a directory of its own.
public func runScript(_ text: String, within limit: Duration) throws -> Output {
  let place = try TemporaryDirectory()
  try place.write(text, to: "script.brood")
  return try run(
    Program.brood, ["script.brood"], environment: Program.environment(home: place.path),
    directory: place.path, within: limit)
}

/// Run a text as a script of bash, in a directory of its own, where `brood` is the built shell.
public func runBash(_ text: String, within limit: Duration) throws -> Output {
  let place = try TemporaryDirectory()
  var environment = Program.environment(home: place.path)
  environment["PATH"] = "\(try place.withBrood()):\(environment["PATH"] ?? "")"
  return try run(
    "/bin/bash", ["-c", text], environment: environment, directory: place.path, within: limit)
}

/// A pipe from a program to the test, read without blocking for longer than there is data.
private final class Pipe {
  private let readEnd: Int32
  private(set) var writeEnd: Int32
  private var bytes: [UInt8] = []
  private(set) var ended = false

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard support_pipe(&ends) == 0 else { throw SystemFailure("pipe") }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    closeWriteEnd()
    close(readEnd)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The descriptor to wait for; poll(2) skips -1, which stands for an ended pipe.
  var pollable: Int32 { ended ? -1 : readEnd }

  func closeWriteEnd() {
    if writeEnd >= 0 { close(writeEnd) }
    writeEnd = -1
  }

  func readSome() {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(readEnd, &buffer, buffer.count)
    if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { ended = true }
  }
}
