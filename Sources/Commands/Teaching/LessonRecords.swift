import Glibc
import Language
import Posix
import ShellHost
import Teaching

/// The file in which a learner's progress is kept: `$XDG_STATE_HOME/brood/lessons`.
final class LessonRecords {
  private let path: String?
  private(set) var progress: LessonProgress
  /// Nothing is kept where a lesson is only tested.
  var isKept = true

  init(_ interpreter: Interpreter) {
    let host = interpreter.host as? BroodHost
    path = LessonRecords.path { host?.environmentVariable($0) }
    let bytes = path.flatMap { path -> [UInt8]? in
      // Anything but a file could keep the prompt waiting.
      guard (try? FileStatus(path).kind) == .regular else { return nil }
      return try? Transfer.readFile(path)
    }
    progress = LessonProgress(bytes ?? [])
  }

  /// Its place by the XDG base directory specification; nil without a home.
  static func path(_ environment: (String) -> String?) -> String? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      return "\(state)/brood/lessons"
    }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return "\(home)/.local/state/brood/lessons"
  }

  /// Notes an event, in the file as far as that can be written.
  func add(
    _ lesson: String, _ step: Int, _ what: LessonProgress.Event.What, answer: String? = nil,
    isRight: Bool? = nil, reason: String? = nil
  ) {
    let event = LessonProgress.Event(
      time: Int(Clock.realtime / 1_000_000_000), lesson: lesson, step: step, what: what,
      answer: answer, isRight: isRight, reason: reason)
    progress.add(event)
    guard isKept, let path else { return }
    makeDirectories(path)
    guard
      let file = try? Descriptors.open(
        path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode: 0o600)
    else { return }
    defer { Descriptors.close(file) }
    // One write, so that lines of two shells stay whole.
    try? event.line.withUnsafeBytes { try Transfer.writeAll(file, $0) }
  }

  private func makeDirectories(_ path: String) {
    var end = path.startIndex
    while let slash = path[end...].dropFirst().firstIndex(of: "/") {
      mkdir(String(path[..<slash]), 0o700)
      end = slash
    }
  }
}
