import Glibc
import Language
import Posix

/// Program texts from files.
public final class SourceFiles {
  /// Where each text was read from, by its name: `cd` must not change what `source` finds.
  private var directories: [String: String] = [:]

  /// Reads a file for `source`: relative to the working directory, else to the file that asks.
  func load(_ path: String, from source: Source?, home: String?) throws -> Source {
    var tried = path
    if path == "~" || path.hasPrefix("~/"), let home { tried = home + path.dropFirst() }
    do throws(SystemError) {
      return try read(tried)
    } catch {
      guard error.code == ENOENT, !tried.hasPrefix("/"),
        let directory = source.flatMap({ directories[$0.name] })
      else { throw problem(path, error) }
      do throws(SystemError) {
        return try read("\(directory)/\(tried)")
      } catch let second {
        throw problem(path, second.code == ENOENT ? error : second)
      }
    }
  }

  /// Reads the text of a script.
  public func read(_ path: String) throws(SystemError) -> Source {
    let bytes: [UInt8]
    do {
      // A FIFO without a writer must not keep Ctrl-C waiting.
      bytes = try Transfer.readFile(path) { throw SystemError(call: "read", code: EINTR) }
    } catch let error as SystemError {
      throw error
    } catch {
      throw SystemError(call: "read", code: EINTR, detail: path)
    }
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
