import Glibc
import Language
import Posix
import Session

/// `--joblog FILE`: a line for each program as it ends, with the columns of GNU parallel.
///
/// While there is no room on the disk lines are kept, and tried again with the next one.
final class JobLog {
  static let flag = Flag(
    "joblog", .path, "write a line for each program into this file: times, status, command")

  private let path: String
  private let fd: Int32
  private let template: ProgramTemplate
  private var pending: [UInt8] = []
  private var problem: SystemError?

  private static let head =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

  /// Nil if the call asks for none.
  init?(_ template: ProgramTemplate, _ call: borrowing Call) throws {
    guard let path = call.flag("joblog")?.asText else { return nil }
    self.path = path
    self.template = template
    fd = try call.at(flag: "joblog") {
      try mapErrors("cannot write '\(path)'") {
        try Descriptors.makePrivate(
          try Descriptors.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK))
      }
    }
    write(JobLog.head)
  }

  deinit { Descriptors.close(fd) }

  func note(_ record: TaskRecord) {
    // One that was not begun has nothing to tell.
    if record.attempts == 0, record.problem == nil { return }
    let words =
      (try? template.words(for: record.input, index: record.index, slot: record.slot)) ?? []
    let signal = record.signal.map { Int($0.number) } ?? 0
    let fields = [
      "\(record.index + 1)", ":", JobLog.seconds(record.start),
      JobLog.padded(JobLog.seconds(record.elapsed)), "0", "\(record.outputSize)",
      "\(signal > 0 ? 0 : record.exit ?? record.status)", "\(signal)",
      words.map(ShellWord.quoted).joined(separator: " "),
    ]
    write(fields.joined(separator: "\t") + "\n")
  }

  private func write(_ text: String) {
    pending += Array(text.utf8)
    do {
      while !pending.isEmpty {
        guard let count = try pending.withUnsafeBytes({ try Transfer.writeNow(fd, $0) }) else {
          return
        }
        pending.removeFirst(count)
      }
      problem = nil
    } catch {
      problem = error as? SystemError
    }
  }

  /// Throws if lines are missing in the end.
  func finish() throws {
    write("")
    if let problem { throw problem.asError("cannot write '\(path)' of --joblog whole") }
  }

  /// Nanoseconds as seconds with three decimals.
  static func seconds(_ nanoseconds: Int64) -> String {
    let milliseconds = max(0, nanoseconds) / 1_000_000
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  private static func padded(_ text: String) -> String {
    String(repeating: " ", count: max(0, 10 - text.count)) + text
  }
}
