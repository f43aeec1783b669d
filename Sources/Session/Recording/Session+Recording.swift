import CPosix
import Channels
import Glibc
import Language
import Posix
import Processes
import Waits

/// What the session's processes do, kept to be looked at later.
extension Session {
  /// Begins the recording of this process and of those that it forks from now on, or goes on with it.
  ///
  /// - Throws: `system` where there is no memory for it.
  public func record() throws {
    if !Recorder.exists {
      if let directory = Session.boxDirectory {
        BlackBox.collect(into: directory, from: Session.recordingDirectory)
      }
      try mapErrors("cannot record") {
        try Recorder.start(limit: recordLimit, in: Session.recordingDirectory, script: script)
      }
    }
    Recorder.keepValues(settings.text("record.values") != "off")
    let wasOn = Recorder.isOn
    Recorder.turn(on: true)
    if wasOn { return }
    Recorder.write(.start, other: getppid(), ownName ?? "brood")
    Channel.recordNames()
  }

  /// No more is recorded; what was is kept.
  public func stopRecording() { Recorder.turn(on: false) }

  /// Where the recording is written when it ends; nil for nowhere.
  public func recordTo(_ path: String?) throws {
    if let path {
      // What cannot be written is told now, and a relative path means this directory.
      try mapErrors("cannot record to '\(path)'") {
        let file = try Descriptors.open(
          path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode: 0o666)
        Descriptors.close(file)
      }
      let base = path.hasPrefix("/") ? "" : try mapErrors { try Directory.current() } + "/"
      recordingPath = base + path
    } else {
      recordingPath = nil
    }
  }

  /// Whether it has a file already: recording begins with the script.
  public var isToBeRecorded: Bool { recordingPath != nil }

  /// Puts a mark into the recording, if there is one.
  public func mark(_ text: String) {
    if Recorder.isOn { Recorder.write(.mark, hasPlace: true, text) }
  }

  /// Writes the recording to its file.
  ///
  /// - Throws: errors of writing.
  public func writeRecording() throws {
    guard let path = recordingPath, let recording = Recording.own else { return }
    try write(recording, to: path)
  }

  /// Writes any recording to a file.
  public func write(_ recording: Recording, to path: String) throws {
    let bytes = RecordingFile.bytes(of: recording, version: programVersion)
    try mapErrors("cannot write the recording to '\(path)'") {
      let file = try Descriptors.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode: 0o666)
      defer { Descriptors.close(file) }
      try bytes.withUnsafeBytes { try Transfer.writeAll(file, $0) }
    }
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
  }

  /// Where recordings stand: memory of this user (XDG base directory specification), or of all.
  public static var recordingDirectory: String { variable("XDG_RUNTIME_DIR") ?? "/dev/shm" }

  /// Where black boxes stand; nil where there is no place for them.
  public static var boxDirectory: String? {
    let state = variable("XDG_STATE_HOME") ?? variable("HOME").map { $0 + "/.local/state" }
    return state.map { $0 + "/brood/blackbox" }
  }

  /// A signal ends the session: what its processes do now is kept.
  func writeBox() {
    guard !isChild, let endingSignal, supervisor.hasGuardian else { return }
    brood_box_write(endingSignal.number)
  }

  /// At the end of the session: the file is written, and nothing else is left of the recording but
  /// what a black box has.
  func endRecording() {
    guard !isChild, Recorder.exists else { return }
    Recorder.turn(on: false)
    if Recorder.shortage != 0 {
      Session.say(
        "brood: the recording is not whole: there was no memory for more "
          + "(config limit.record)")
    }
    do {
      try writeRecording()
    } catch {
      if let error = error as? ErrorObject { report(error) }
    }
    Recorder.remove()
  }
}
