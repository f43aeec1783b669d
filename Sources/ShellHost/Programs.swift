import Glibc
import Language
import Posix
import Processes
import Session

/// Programs on `$env.PATH`: finding one, and the names of all for suggestions.
final class Programs {
  private let environment: Environment
  private var names: (key: String, names: [String]) = ("", [])

  init(_ environment: Environment) { self.environment = environment }

  /// What execvp(3) takes when PATH is not set.
  private var path: String { environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }

  func find(_ name: String) throws(SystemError) -> String {
    if name.hasPrefix("~/"), let home = environment["HOME"] {
      return try Executable.find(home + name.dropFirst(), path: path)
    }
    return try Executable.find(name, path: path)
  }

  func exists(_ name: String) -> Bool { (try? find(name)) != nil }

  /// The names of all programs, kept while the directories are unchanged.
  var all: [String] {
    var key = path
    for directory in path.split(separator: ":") {
      let changed = (try? FileStatus(String(directory)))?.modified ?? 0
      key += " \(changed)"
    }
    if names.key != key { names = (key, Executable.programs(prefix: "", path: path).keys.sorted()) }
    return names.names
  }
}

extension SystemError {
  /// A program that could not be found or started, as an error of the language.
  ///
  /// - Parameter arguments: what it was to be called with, for the size in the message.
  package func asProgramError(
    _ name: String, arguments: [String], environment: [String], at location: Location?
  ) -> ErrorObject {
    let error: ErrorObject
    switch code {
    case EACCES:
      error = ErrorObject(
        .system, "cannot run '\(name)': permission denied",
        help: "make it executable: chmod +x \(detail ?? name)")
    case EISDIR:
      error = ErrorObject(.system, "cannot run '\(name)': it is a directory", help: "cd \(name)")
    case ENOENT:
      error = ErrorObject(
        .missing, "cannot run '\(name)': no such file, or its interpreter is missing",
        help: "see its first line: head -1 \(detail ?? name)")
    case ENOEXEC:
      error = ErrorObject(
        .system, "cannot run '\(name)': not a program of this machine",
        help: "see what it is: file \(detail ?? name)")
    case E2BIG:
      let size = (arguments + environment).reduce(0) { $0 + $1.utf8.count + 1 }
      error = ErrorObject(
        .limit, "cannot run '\(name)': argument list too long: \(size) bytes",
        help: "pass fewer at a time, or write them to its standard input")
    default: error = asError("cannot run '\(name)'")
    }
    error.location = location
    return error
  }
}
