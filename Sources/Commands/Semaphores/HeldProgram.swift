import Glibc
import Language
import Posix
import Processes
import Session
import ShellHost

/// A program that runs while a permit is held.
///
/// It has the permit's descriptor, too, so that the permit is not free before it has ended, whatever
/// becomes of the process that waits for it.
struct HeldProgram {
  private let words: [String]
  private let path: String
  private let environment: [String]
  private let session: Session
  private let interpreter: Interpreter

  /// - Throws: what is wrong with a program that cannot be run.
  init(_ words: [String], _ call: borrowing Call) throws {
    guard let host = call.interpreter.host as? BroodHost, let name = words.first else {
      throw call.error(.system, "programs cannot be started here")
    }
    self.words = words
    session = call.session
    interpreter = call.interpreter
    environment = host.environmentEntries
    do throws(SystemError) {
      path = try host.findProgram(name)
    } catch {
      if error.code != ENOENT || name.contains("/") {
        throw error.asProgramError(name, arguments: words, environment: [], at: nil)
      }
      throw ErrorObject(
        .missing, "there is no program '\(name)'",
        help: shellLineHint(name) ?? SpawnCommand.missingProgramHelp(name, host))
    }
  }

  /// Runs it to its end, gives the permit back and exits with its status.
  func run(holding permit: Int32) throws -> Value {
    var request = SpawnRequest(path: path, arguments: words, environment: environment)
    request.descriptors = [(from: permit, to: permit)]
    let process = try start(request)
    // It may have to clean up after a Ctrl-C, which it has got, too.
    var interruption: ErrorObject?
    var record: WaitRecord?
    while record == nil {
      do {
        record = try session.wait(for: process, interpreter)
      } catch let error as ErrorObject where error.kind == .interrupted {
        interruption = error
      }
    }
    // What it has left in the background has the descriptor still.
    WholeFileLock.release(permit)
    try session.settings.set("leftovers", .text("keep"))
    guard let record else { return .null }
    if let interruption, record.signal == .int { throw interruption }
    throw ExitRequest(record.signal.map { 128 + $0.number } ?? record.exit ?? 1)
  }

  /// Has another process run it, which holds the permit, and does not wait.
  func runBehind(holding permit: Int32) throws {
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDONLY) }
    defer { Descriptors.close(null) }
    let arguments = ["brood", "sem", "--held", "\(permit)", "--fg", "--"] + words
    var request = SpawnRequest(
      path: "/proc/self/exe", arguments: arguments, environment: environment)
    request.descriptors = [(from: null, to: 0), (from: permit, to: permit)]
    request.task = 0
    _ = try start(request, isDetached: true)
  }

  private func start(_ request: SpawnRequest, isDetached: Bool = false) throws -> ProcessHandle {
    let command = words.joined(separator: " ")
    let ticket = try session.prepareSpawn(name: nil, prefix: "sem", command: command)
    do throws(SystemError) {
      let (pid, pidfd) = try Processes.spawn(request)
      return session.register(
        ticket, pid: pid, pidfd: pidfd, command: command, kind: .spawn, isDetached: isDetached)
    } catch {
      session.abandon(ticket)
      throw error.asProgramError(words[0], arguments: words, environment: environment, at: nil)
    }
  }
}
