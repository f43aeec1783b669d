import Glibc
import Language
import Posix
import ShellHost
import Teaching

/// The file in which a learner's progress is kept: `$XDG_STATE_HOME/brood/lessons`.
final class LessonRecords {
  private let path: String?
  private(set) var progress: LessonProgress
  /// Why progress cannot be kept, to be told; said once in a session.
  private(set) var complaint: Phrase?
  /// What could not be written: it lasts as long as the session.
  nonisolated(unsafe) private static var unwritten: [LessonProgress.Event] = []
  nonisolated(unsafe) private static var hasComplained = false
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
    for event in LessonRecords.unwritten { progress.add(event) }
  }

  /// Its place by the XDG base directory specification; nil without a home.
  static func path(_ environment: (String) -> String?) -> String? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      return "\(state)/brood/lessons"
    }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return "\(home)/.local/state/brood/lessons"
  }

  /// Notes an event, in the file as far as that can be written, else for this session.
  func add(
    _ lesson: String, _ step: Int, _ what: LessonProgress.Event.What, answer: String? = nil,
    isRight: Bool? = nil, reason: String? = nil
  ) {
    let event = LessonProgress.Event(
      time: Int(Clock.realtime / 1_000_000_000), lesson: lesson, step: step, what: what,
      answer: answer, isRight: isRight, reason: reason)
    progress.add(event)
    guard isKept else { return }
    do throws(SystemError) {
      try write(event)
    } catch {
      LessonRecords.unwritten.append(event)
      if LessonRecords.hasComplained { return }
      LessonRecords.hasComplained = true
      complaint = LessonPhrases.notKept(path ?? "$HOME", error.message)
    }
  }

  /// What is to be told about the file, once.
  func takeComplaint() -> Phrase? {
    defer { complaint = nil }
    return complaint
  }

  private func write(_ event: LessonProgress.Event) throws(SystemError) {
    guard let path else { throw SystemError(call: "open", code: ENOENT) }
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
    let file: Int32
    do throws(SystemError) {
      file = try Descriptors.open(path, flags, mode: 0o600)
    } catch  where error.code == ENOENT {
      try makeDirectories(path)
      file = try Descriptors.open(path, flags, mode: 0o600)
    }
    defer { Descriptors.close(file) }
    // One write, so that lines of two shells stay whole.
    let bytes = event.line
    let count = try bytes.withUnsafeBufferPointer { bytes throws(SystemError) in
      try Transfer.writeFile(file, UnsafeRawBufferPointer(bytes))
    }
    if count < bytes.count { throw SystemError(call: "write", code: ENOSPC) }
  }

  private func makeDirectories(_ path: String) throws(SystemError) {
    var end = path.startIndex
    while let slash = path[end...].dropFirst().firstIndex(of: "/") {
      if mkdir(String(path[..<slash]), 0o700) < 0, errno != EEXIST {
        throw SystemError(call: "mkdir", code: errno)
      }
      end = slash
    }
  }
}
