import Explore
import Glibc
import Posix

/// Files at a gate: those in the directory of the run are shared by its processes, all others are none of
/// it.
extension Gate {
  /// What a path is called in the directory of the run; nil for one that lies elsewhere.
  public func ownName(of path: String) -> String? {
    guard let directory else { return nil }
    if let real = RunDirectory.real(path) { return RunDirectory.name(of: real, in: directory) }
    // A link to nowhere may lead out of it once it is there.
    if (try? FileStatus(path, following: false)) != nil { return nil }
    let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard let real = RunDirectory.real(parent) else { return nil }
    return RunDirectory.name(of: "\(real)/\(path.split(separator: "/").last ?? "")", in: directory)
  }

  /// Stops before a file is used; refuses to change one that is not of the run.
  ///
  /// - Parameters:
  ///   - words: what is done, as people read it.
  ///   - others: what else is used.
  public func stop(
    file path: String, writes: Bool, _ words: String, _ others: [Access] = []
  ) throws {
    let shown = Gate.shortened(words)
    if path == "/dev/null" { return }
    guard let name = ownName(of: path) else {
      if writes { return refuse("'\(shown)', outside of the run's own directory,") }
      return note(use: "'\(shown)' looks at a file that others may change")
    }
    _ = try stop(
      Operation(
        words,
        [
          Access("file \(name)", writes ? .write : .read),
          Access("files", writes ? .writePart : .readPart),
        ] + others))
  }

  /// Stops before the names of files are looked for.
  public func stop(pattern: String) throws {
    let literal = pattern.prefix { !"*?[\\".contains($0) }
    let parent = literal.lastIndex(of: "/").map { String(literal[...$0]) } ?? "."
    guard ownName(of: parent) != nil else {
      return note(use: "'\(pattern)' looks for files that others may change")
    }
    _ = try stop(Operation("look for \(pattern)", [Access("files", .read)]))
  }

  /// Stops before something is written to descriptor 1, which leads to a file.
  public func stopAtOutput(_ words: String, _ others: [Access] = []) throws {
    var target = [UInt8](repeating: 0, count: 4096)
    let length = target.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlink("/proc/self/fd/1", $0, text.count) } ?? -1
      }
    }
    guard length > 0 else { return }
    let path = String(decoding: target[..<length], as: UTF8.self)
    guard path.hasPrefix("/"), ownName(of: path) != nil else { return }
    try stop(file: path, writes: true, words, others)
  }
}

extension RunDirectory {
  /// What a path without symbolic links is called in a directory, `.` for itself; nil for one that is
  /// not in it.
  fileprivate static func name(of real: String, in directory: String) -> String? {
    if real == directory { return "." }
    guard real.hasPrefix(directory + "/") else { return nil }
    return String(real.dropFirst(directory.utf8.count + 1))
  }
}
