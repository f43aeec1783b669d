import Glibc
import Language
import Posix
import Processes
import Session

/// What stands between a process and where its output goes, before it runs and when it is started.
struct ReadyRelay {
  private struct Stream {
    let read: Int32
    let write: Int32
    /// Where the output goes, and as which number the process has it.
    let target: Int32
    let number: Int32
  }

  private let text: String
  private var streams: [Stream] = []
  private let notice: (read: Int32, write: Int32)
  /// What the process has at which number.
  private(set) var descriptors: [(from: Int32, to: Int32)]

  /// - Parameter given: what the process would have at which number.
  init(_ text: String, _ given: [(from: Int32, to: Int32)]) throws {
    self.text = text
    descriptors = given.filter { $0.to != 1 && $0.to != 2 }
    notice = try mapErrors { try Descriptors.pipe() }
    let output = given.last { $0.to == 1 }?.from ?? 1
    let error = given.last { $0.to == 2 }?.from ?? 2
    do throws(SystemError) {
      try add(output, as: 1)
      // What goes to one place keeps its order.
      if !ReadyRelay.areOne(output, error) { try add(error, as: 2) }
    } catch {
      close()
      Descriptors.close(notice.read)
      throw error.asError("cannot make a pipe for the output")
    }
    for number: Int32 in [1, 2] {
      if let stream = streams.last(where: { $0.number <= number }) {
        descriptors.append((from: stream.write, to: number))
      }
    }
  }

  private mutating func add(_ target: Int32, as number: Int32) throws(SystemError) {
    let (read, write) = try Descriptors.pipe()
    streams.append(Stream(read: read, write: write, target: target, number: number))
  }

  private static func areOne(_ a: Int32, _ b: Int32) -> Bool {
    var first = stat()
    var second = stat()
    guard fstat(a, &first) == 0, fstat(b, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Lets go of what is handed over by then; not of what tells of the text.
  func close() {
    for stream in streams {
      Descriptors.close(stream.read)
      Descriptors.close(stream.write)
    }
    Descriptors.close(notice.write)
  }

  /// Starts it for a process, whose end waits for it from now on.
  func start(for process: ProcessHandle, _ session: Session) throws {
    let pidfd = try mapErrors { try Process.descriptor(of: process.pid) }
    defer { Descriptors.close(pidfd) }
    var request = SpawnRequest(
      path: "/proc/self/exe",
      arguments: ["brood", OutputRelay.word, String(streams.count), text], environment: [])
    request.descriptors = [
      (from: notice.write, to: OutputRelay.notice), (from: pidfd, to: OutputRelay.process),
    ]
    for stream in streams {
      request.descriptors += [
        (from: stream.read, to: stream.number == 1 ? OutputRelay.output : OutputRelay.error),
        (from: stream.target, to: stream.number),
      ]
    }
    if session.isInteractive { request.group = .new }
    let command = "brood \(OutputRelay.word)"
    let ticket = try session.prepareSpawn(name: nil, prefix: "relay", command: command)
    do throws(SystemError) {
      let (pid, pidfd) = try Processes.spawn(request)
      let relay = session.register(
        ticket, pid: pid, pidfd: pidfd, command: command, kind: .member,
        group: session.isInteractive ? pid : 0, isDaemon: process.isDaemon)
      relay.isRelay = true
      process.upstream = [relay]
      process.readiness = Readiness(.line(notice.read))
    } catch {
      session.abandon(ticket)
      throw error.asError("cannot start what looks at the output")
    }
  }
}
