import Glibc
import Posix

/// The entries of the prompt in a file that several shells append to at once.
///
/// An entry is a line `#SECONDS` with the time, then its own lines, all but the first with a tab
/// in front. The file is private, since people type secrets.
struct HistoryFile {
  let path: String

  /// How many entries are read back, at most.
  static let keptEntries = 2000
  /// Only so much of the file's end is read back, so that a long life costs no time at the start.
  static let readBytes = 256 << 10
  /// The file is cut to the part that is read when it is larger than this.
  static let largest = 1 << 20

  /// An entry with the time at which it was typed, in seconds since 1970.
  struct Entry: Equatable {
    var time: Int64
    var text: String
  }

  /// The file in the state directory of the XDG specification; nil without a home.
  init?(environment: (String) -> String?) {
    guard let base = BaseDirectory.state.path(environment) else { return nil }
    path = "\(base)/brood/history"
  }

  init(path: String) { self.path = path }

  /// What the file has, oldest first; empty if it cannot be read.
  func load() -> ArraySlice<Entry> {
    // Anything but a file could keep the prompt waiting.
    guard let status = try? FileStatus(path), status.kind == .regular,
      let bytes = try? readEnd()
    else { return [] }
    if status.size > HistoryFile.largest { try? shorten() }
    return HistoryFile.parse(bytes).suffix(HistoryFile.keptEntries)
  }

  /// The file's last part, from the beginning of an entry.
  private func readEnd() throws -> ArraySlice<UInt8> {
    let file = try Descriptors.open(path, O_RDONLY)
    defer { Descriptors.close(file) }
    makePrivate(file)
    let isWhole = lseek(file, -off_t(HistoryFile.readBytes), Int32(SEEK_END)) < 0
    let bytes = try Transfer.readAll(file)
    if isWhole { return bytes[...] }
    let starts = bytes.indices.dropFirst().first {
      bytes[$0] == UInt8(ascii: "#") && bytes[$0 - 1] == 0x0A
    }
    return bytes[(starts ?? bytes.endIndex)...]
  }

  /// Adds an entry to the file, making the file and its directory if need be.
  func append(_ entry: Entry) throws(SystemError) {
    let file = try openLocked(Int32(LOCK_SH))
    defer { Descriptors.close(file) }
    let bytes = Array(HistoryFile.format(entry).utf8)
    // One write at the end of the file, so that entries of several shells do not mix.
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count < 0 { throw SystemError(call: "write", code: errno, detail: path) }
  }

  /// Keeps the last entries only: in a new file that takes the old one's place.
  func shorten() throws(SystemError) {
    let old = try openLocked(Int32(LOCK_EX))
    defer { Descriptors.close(old) }
    // Another shell may have done it meanwhile.
    guard let size = try? FileStatus(path).size, size > HistoryFile.largest,
      let kept = try? readEnd()
    else { return }
    let draft = "\(path).\(Process.pid)"
    let new = try Descriptors.open(draft, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    defer { Descriptors.close(new) }
    do {
      try Transfer.writeAll(new, Array(kept))
    } catch {
      unlink(draft)
      return
    }
    if rename(draft, path) < 0 { unlink(draft) }
  }

  // MARK: The format

  static func format(_ entry: Entry) -> String {
    let lines = entry.text.split(separator: "\n", omittingEmptySubsequences: false)
    return "#\(entry.time)\n" + lines.joined(separator: "\n\t") + "\n"
  }

  static func parse(_ bytes: ArraySlice<UInt8>) -> [Entry] {
    var entries: [Entry] = []
    var time: Int64?
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.endIndex
      let line = bytes[start..<end]
      start = end + 1
      if line.first == 0x09, !entries.isEmpty, time == nil {
        entries[entries.count - 1].text += "\n" + String(decoding: line.dropFirst(), as: UTF8.self)
      } else if let moment = time {
        entries.append(Entry(time: moment, text: String(decoding: line, as: UTF8.self)))
        time = nil
      } else if line.first == UInt8(ascii: "#"),
        let seconds = Int64(String(decoding: line.dropFirst(), as: UTF8.self))
      {
        time = seconds
      } else if !line.isEmpty {
        // A line without a time: written by hand.
        entries.append(Entry(time: 0, text: String(decoding: line, as: UTF8.self)))
      }
    }
    return entries
  }

  // MARK: Opening

  /// People type secrets: whatever else was allowed to others is not any more.
  private func makePrivate(_ file: Int32) {
    guard let bits = try? FileStatus(descriptor: file).permissions, bits & 0o777 != 0o600 else {
      return
    }
    _ = fchmod(file, 0o600)
  }

  /// Opens the file for appending under a lock, which goes when the descriptor is closed.
  private func openLocked(_ kind: Int32) throws(SystemError) -> Int32 {
    for _ in 0..<5 {
      let file = try openOrMake()
      makePrivate(file)
      // Another shell holds it for moments only; one that is stopped meanwhile is not waited for.
      for _ in 0..<20 where flock(file, kind | Int32(LOCK_NB)) < 0 { usleep(1000) }
      let now = try? FileStatus(path)
      if let mine = try? FileStatus(descriptor: file), mine.inode == now?.inode { return file }
      // Replaced by a shorter one before the lock was ours.
      Descriptors.close(file)
    }
    throw SystemError(call: "flock", code: EAGAIN, detail: path)
  }

  private func openOrMake() throws(SystemError) -> Int32 {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK
    do {
      return try Descriptors.open(path, flags, mode: 0o600)
    } catch  where error.code == ENOENT {
      makeDirectories()
      return try Descriptors.open(path, flags, mode: 0o600)
    }
  }

  private func makeDirectories() {
    var end = path.startIndex
    while let slash = path[end...].dropFirst().firstIndex(of: "/") {
      mkdir(String(path[..<slash]), 0o700)
      end = slash
    }
  }
}

/// A directory of the XDG base directory specification.
enum BaseDirectory {
  case state, config

  /// Its path: what the variable says if that is absolute, else the default below the home.
  func path(_ environment: (String) -> String?) -> String? {
    let (variable, standard) =
      switch self {
      case .state: ("XDG_STATE_HOME", ".local/state")
      case .config: ("XDG_CONFIG_HOME", ".config")
      }
    if let path = environment(variable), path.hasPrefix("/") { return path }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return "\(home)/\(standard)"
  }
}
