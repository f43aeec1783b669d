import Channels
import Language
import Posix
import Session
import Timeline

/// Where the events of `timeline` come from.
enum RecordingSource {
  /// The recording of this session, as `record to FILE` would write it; nil if nothing was recorded.
  static func own(_ session: Session, _ recording: Recording? = .own) throws -> [UInt8]? {
    recording.map { RecordingFile.bytes(of: $0, version: session.programVersion) }
  }

  /// The events of this session.
  ///
  /// - Throws: `missing` if nothing was recorded.
  static func read(_ session: Session, _ recording: Recording? = .own) throws -> ChartSource {
    guard let bytes = try own(session, recording) else {
      throw ErrorObject(
        .missing, "nothing was recorded in this session",
        help: "record on begins; or name a file: timeline FILE")
    }
    return try RecordingReader.read(bytes, "the recording")
  }
}

/// The lines of program texts, for arrows that show where they begin and end.
///
/// Only texts of Brood are read: a recording of others must not bring lines of any file into a page.
final class SourceLines {
  private var files: [String: [String]?] = [:]
  /// Where texts are looked for that are not found from the working directory.
  private let directories: [String]
  /// When what was recorded ended (ns since 1970): a text that is newer may have other lines.
  private let ended: Int64?

  private static let mostBytes: Int64 = 4 << 20

  init(_ files: [String], ended: Int64?) {
    directories =
      [""]
      + files.map { path in path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }
      .filter { !$0.isEmpty }
    self.ended = ended
  }

  /// The line at a place such as `demo.brood:12`; nil if it cannot be read.
  func line(_ place: String) -> String? {
    guard let colon = place.lastIndex(of: ":"),
      let number = Int(place[place.index(after: colon)...]), number > 0
    else { return nil }
    let path = String(place[..<colon])
    let lines = lines(path)
    guard let lines, number <= lines.count else { return nil }
    return lines[number - 1]
  }

  private func lines(_ path: String) -> [String]? {
    if let known = files[path] { return known }
    let lines = directories.lazy.compactMap { [self] directory in
      path.hasPrefix("/") && !directory.isEmpty ? nil : read(directory + path)
    }.first
    files[path] = .some(lines)
    return lines
  }

  private func read(_ path: String) -> [String]? {
    guard let status = try? FileStatus(path), status.kind == .regular,
      status.size <= SourceLines.mostBytes, let bytes = try? Transfer.readFile(path)
    else { return nil }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let isProgram = lines.first.map { $0.hasPrefix("#!") && $0.contains("brood") } ?? false
    guard path.hasSuffix(".brood") || isProgram else { return nil }
    if let ended, status.modified > ended { lines = lines.map { $0 + "  # changed since" } }
    return lines.map { line in
      let text = line.drop { $0 == " " || $0 == "\t" }
      return String(text.prefix(300))
    }
  }
}
