import Glibc
import Language
import Posix

/// Program texts from files.
public final class SourceFiles {
  /// Where each text was read from, by its name: `cd` must not change what `source` finds.
  private var directories: [String: String] = [:]

  /// Reads a file for `source`: relative to the working directory, else to the file that asks.
  ///
  /// - Parameter outer: a directory that it is looked for in after these.
  func load(
    _ path: String, from source: Source?, home: String?, outer: String? = nil,
    onAttention: OnAttention?
  ) throws -> Source {
    let candidates = candidates(path, from: source, home: home)
    var missing: SystemError?
    for candidate in candidates {
      do {
        return try read(candidate, onAttention: onAttention)
      } catch let error as SystemError {
        guard error.code == ENOENT else { throw problem(path, error) }
        missing = missing ?? error
      }
    }
    if let outer, !path.hasPrefix("/"), !path.hasPrefix("~") {
      let place = "\(outer)/\(path)"
      if let bytes = try? Transfer.readFile(place, onAttention: onAttention) {
        directories[path] = SourceFiles.directory(of: place)
        return Source(name: path, bytes: bytes)
      }
    }
    throw problem(path, missing ?? SystemError(call: "open", code: ENOENT, detail: path))
  }

  /// Whether reading it waits for another process, which the script may have to start first.
  ///
  /// What a descriptor leads to was there before.
  func waits(_ path: String, from source: Source?, home: String?) -> Bool {
    for candidate in candidates(path, from: source, home: home) {
      guard let status = try? FileStatus(candidate) else { continue }
      return status.kind == .fifo && !["/dev/", "/proc/"].contains(where: candidate.hasPrefix)
    }
    return false
  }

  private func candidates(_ path: String, from source: Source?, home: String?) -> [String] {
    var path = path
    if path == "~" || path.hasPrefix("~/"), let home { path = home + path.dropFirst() }
    guard !path.hasPrefix("/"), let directory = source.flatMap({ directories[$0.name] }) else {
      return [path]
    }
    return [path, "\(directory)/\(path)"]
  }

  /// Reads the text of a script; `onAttention` runs at signals while a FIFO keeps it waiting.
  public func read(_ path: String, onAttention: OnAttention?) throws -> Source {
    let bytes = try Transfer.readFile(path, onAttention: onAttention)
    directories[path] = SourceFiles.directory(of: path)
    return Source(name: path, bytes: bytes)
  }

  /// A file that cannot be read, as an error.
  public func problem(_ path: String, _ error: SystemError) -> ErrorObject {
    let reason = error.message.prefix(1).lowercased() + error.message.dropFirst()
    var help: String?
    if error.code == ENOENT, !path.hasPrefix("/") {
      help = (try? Directory.current()).map { "the working directory is \($0)" }
    }
    return ErrorObject(
      error.code == ENOENT ? .missing : .system, "cannot read '\(path)': \(reason)", help: help)
  }

  private static func directory(of path: String) -> String {
    let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    if parent.hasPrefix("/") { return parent }
    let current = (try? Directory.current()) ?? "."
    return parent.isEmpty ? current : "\(current)/\(parent)"
  }
}
