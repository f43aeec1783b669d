import CPosix
import Glibc
import Language
import Posix

/// The directory that each run of what is explored finds empty, as its working directory and TMPDIR.
///
/// It is the same one in all runs, so that its path is, too.
final class RunDirectory {
  /// Where it is, without symbolic links.
  let path: String
  private let base: String

  private init(_ path: String) {
    self.path = path
    base = path
  }

  /// One beside it, for runs at the same time.
  func another(_ number: Int) throws -> RunDirectory {
    let other = "\(path)\(number)"
    RunDirectory.remove(other)
    guard mkdir(other, 0o700) == 0 else {
      throw SystemError(call: "mkdir", code: errno, detail: other).asError(
        "cannot make a directory for the runs")
    }
    return RunDirectory(other)
  }

  /// Makes one in `parent`.
  init(in parent: String) throws {
    var template = Array("\(parent)/brood-explore-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer {
      $0.baseAddress.map { mkdtemp($0) != nil } ?? false
    }
    let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard made, let real = RunDirectory.real(name) else {
      throw SystemError(call: "mkdtemp", code: errno, detail: name).asError(
        "cannot make a directory for the runs",
        help: "set TMPDIR to a directory that can be written")
    }
    base = real
    path = "\(real)/run"
    guard mkdir(path, 0o700) == 0 else {
      throw SystemError(call: "mkdir", code: errno, detail: path).asError(
        "cannot make a directory for the runs")
    }
  }

  /// A path without symbolic links (realpath(3)); nil where it does not exist.
  static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// Removes what a run has left in it.
  func clear() {
    for name in (try? Directory.names(path)) ?? [] { RunDirectory.remove("\(path)/\(name)") }
  }

  /// Removes it.
  func remove() { RunDirectory.remove(base) }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    // No link is followed: what it leads to is not of the run.
    guard (try? FileStatus(path, following: false))?.kind == .directory else { return }
    for name in (try? Directory.names(path)) ?? [] { remove("\(path)/\(name)") }
    rmdir(path)
  }
}
