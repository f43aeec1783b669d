import Channels
import Language
import Posix
import Session
import Timeline

/// `timeline --follow`: prints events as they come, one a line.
struct TimelineFollowing {
  private let paths: [String]
  private var view = EventLines(measure: TimelineCommand.measure)
  private let processes: [String]
  private let recording: Recording?

  /// How many events from before it begins with at a prompt.
  private static let mostFromBefore = 20

  /// How often it looks (ns): nothing tells that a process has written an event.
  private static let pause: Int64 = 200_000_000

  init(_ paths: [String], _ call: borrowing Call) {
    self.paths = paths
    if var own = Recording.own {
      own.keepRate()
      recording = own
    } else {
      recording = nil
    }
    view.isASCII = call.isSet("ascii")
    switch call.flag("of") {
    case nil: processes = []
    case .list(let list)?: processes = list.items.map(\.asText)
    case let value?: processes = [value.asText]
    }
  }

  /// Ends when all processes have ended; an interrupt is thrown.
  func run(_ session: Session, _ interpreter: Interpreter) throws {
    var shown = EventLines.Shown()
    var follower: Int32?
    // A person wants to see what comes now, and a little of what was before.
    var isLate = paths.isEmpty && session.isInteractive
    while true {
      let chart = ChartBuilder.chart(try sources(session, interpreter))
      var lines = view.lines(chart, of: processes, except: follower, after: &shown)
      if isLate { lines = lines.suffix(TimelineFollowing.mostFromBefore) }
      // What this process does from now on is only to follow.
      if paths.isEmpty { follower = Process.pid }
      if !lines.isEmpty {
        try interpreter.write(lines.map { $0 + "\n" }.joined())
        try session.output.flush()
      }
      isLate = false
      let others = chart.lanes.filter { $0.pid != follower }
      if !chart.lanes.isEmpty, others.allSatisfy(\.hasEnded) { return }
      let deadline = Clock.deadline(after: TimelineFollowing.pause)
      _ = try session.pause(interpreter, until: deadline) { false }
    }
  }

  private func sources(_ session: Session, _ interpreter: Interpreter) throws -> [ChartSource] {
    if paths.isEmpty { return [try RecordingSource.read(session, recording)] }
    return try paths.map { path in
      let bytes = try mapErrors("cannot read '\(path)'") {
        try Transfer.readFile(path) { try interpreter.host.attend(interpreter) }
      }
      return try RecordingReader.read(bytes, path)
    }
  }
}
