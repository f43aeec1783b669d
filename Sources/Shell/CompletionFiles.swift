import Language
import Posix

/// Names of files that begin with what was typed.
struct FileCompletion {
  enum Kind {
    case any, directory
    /// What can be executed, and directories on the way.
    case program
  }

  let home: String?

  func complete(_ place: CursorPlace, kind: Kind) -> Completions? {
    let typed = place.text
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let prefix = slash.map { String(typed[typed.index(after: $0)...]) } ?? typed
    if folder.isEmpty, prefix == "~", home != nil {
      return Completions(
        start: place.start, typed: typed, [Candidate("~/", "home directory", suffix: "")])
    }
    let directory = expanded(folder)
    let names = ((try? Directory.names(directory.isEmpty ? "." : directory)) ?? [])
      .filter { prefix.isEmpty ? !$0.hasPrefix(".") : true }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var found = Completer.matching(names.map { Candidate($0) }, prefix)
      .filter { !$0.name.hasPrefix(".") || prefix.hasPrefix(".") }
    found = found.compactMap { candidate in
      let path = directory + candidate.name
      let status = try? FileStatus(path)
      let isDirectory = status?.kind == .directory
      let note = FileCompletion.note(path, status)
      switch kind {
      case .directory where !isDirectory: return nil
      case .program where !isDirectory && (status?.permissions ?? 0) & 0o111 == 0: return nil
      default: break
      }
      let name = candidate.name + (isDirectory ? "/" : "")
      return Candidate(name, note, replacement: folder + name, suffix: isDirectory ? "" : " ")
    }
    guard !found.isEmpty else { return nil }
    let quoted = found.map { candidate in
      var candidate = candidate
      candidate.replacement = WordQuoting.quoted(candidate.replacement, place.quote)
      if found.count == 1, candidate.suffix == " " {
        candidate.replacement += WordQuoting.close(place.quote)
      }
      return candidate
    }
    return Completions(
      start: place.start, typed: WordQuoting.quoted(typed, place.quote), quoted)
  }

  /// What a file is: `file, 12KiB`, `program, 1MiB`, `directory`, `link to TARGET`.
  private static func note(_ path: String, _ status: FileStatus?) -> String {
    guard let own = try? FileStatus(path, following: false) else { return "" }
    guard own.kind == .symlink, let target = try? Directory.link(path) else { return word(own) }
    return (status == nil ? "broken link to " : "link to ") + target
  }

  private static func word(_ status: FileStatus) -> String {
    switch status.kind {
    case .regular:
      (status.permissions & 0o111 == 0 ? "file" : "program") + ", " + size(Int(status.size))
    case .directory: "directory"
    case .fifo: "FIFO"
    case .socket: "socket"
    case .character, .block: "device"
    case .symlink: "link"
    case .unknown: "file"
    }
  }

  /// Rounded to the unit in which it is a small number.
  private static func size(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var rest = bytes
    var unit = 0
    while rest >= 1024, unit < units.count - 1 {
      rest = (rest + 512) / 1024
      unit += 1
    }
    return "\(rest)\(units[unit])"
  }

  private func expanded(_ folder: String) -> String {
    guard folder.hasPrefix("~/"), let home else { return folder }
    return home + folder.dropFirst()
  }
}

/// How a text is written as a word of a command.
enum WordQuoting {
  /// The word, in the quotes that were begun; a closing one is not added.
  static func quoted(_ text: String, _ quote: CursorPlace.Quote) -> String {
    switch quote {
    case .single where !text.contains("'"): return "'" + text
    case .single, .double:
      var out = "\""
      for scalar in text.unicodeScalars {
        if "\"\\$".unicodeScalars.contains(scalar) { out += "\\" }
        out.unicodeScalars.append(scalar)
      }
      return out
    case .none:
      // A newline cannot be quoted by a backslash.
      if text.contains("\n") { return "'" + text }
      var out = ""
      for (index, scalar) in text.unicodeScalars.enumerated() {
        let isSpecial =
          " \t\"'`$\\|&;<>(){}*?[".unicodeScalars.contains(scalar)
          || (scalar == "#" && index == 0)
          || (scalar == "~" && index == 0 && !text.hasPrefix("~/"))
        if isSpecial { out += "\\" }
        out.unicodeScalars.append(scalar)
      }
      return out
    }
  }

  /// What closes a word whose quotes are still open.
  static func close(_ quote: CursorPlace.Quote) -> String {
    switch quote {
    case .none: ""
    case .single: "'"
    case .double: "\""
    }
  }
}
