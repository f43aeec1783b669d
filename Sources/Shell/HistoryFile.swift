import Glibc
import Posix
import Processes

/// The entries of the prompt in a file that several shells append to at once.
///
/// An entry is a line `#SECONDS` with the time, then its own lines, all but the first with a tab
/// in front. The file is private, since people type secrets.
struct HistoryFile {
  let path: String

  /// How many entries are read back, at most; the file itself keeps all.
  static let keptEntries = 2000
  /// Only so much of the file's end is read back, so that a long life costs no time at the start;
  /// more if fewer entries than these are in it.
  static let readBytes = 256 << 10
  static let fewEntries = 200

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

  /// The latest entries, oldest first, and whether these are all.
  ///
  /// There are none where the file cannot be read.
  func load() -> (entries: ArraySlice<Entry>, isWhole: Bool) {
    // Anything but a file could keep the prompt waiting.
    guard let status = try? FileStatus(path), status.kind == .regular,
      let file = try? Descriptors.open(path, O_RDONLY)
    else { return ([], true) }
    defer { Descriptors.close(file) }
    makePrivate(file)
    var length = HistoryFile.readBytes
    while let part = try? readEnd(file, length) {
      let entries = HistoryFile.parse(part.bytes)
      let isWhole = part.isWhole && entries.count <= HistoryFile.keptEntries
      // An entry may be larger than all that is commonly read.
      if part.isWhole || entries.count >= HistoryFile.fewEntries {
        return (entries.suffix(HistoryFile.keptEntries), isWhole)
      }
      length *= 8
    }
    return ([], true)
  }

  /// The file's last part, from the beginning of an entry.
  private func readEnd(
    _ file: Int32, _ length: Int
  ) throws -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
    let isWhole = lseek(file, -off_t(length), Int32(SEEK_END)) < 0
    if isWhole { lseek(file, 0, Int32(SEEK_SET)) }
    let bytes = try Transfer.readAll(file)
    if isWhole { return (bytes[...], true) }
    let starts = bytes.indices.dropFirst().first {
      bytes[$0] == UInt8(ascii: "#") && bytes[$0 - 1] == 0x0A
    }
    return (bytes[(starts ?? bytes.endIndex)...], false)
  }

  /// Adds an entry to the file, making the file and its directory if need be.
  func append(_ entry: Entry) throws(SystemError) {
    let file = try openOrMake()
    defer { Descriptors.close(file) }
    makePrivate(file)
    // Another shell holds it for moments only; one that is stopped meanwhile is not waited for.
    let isLocked = (0..<20).contains { _ in
      if flock(file, Int32(LOCK_EX | LOCK_NB)) == 0 { return true }
      usleep(1000)
      return false
    }
    let size = try FileStatus(descriptor: file).size
    let bytes = Array(HistoryFile.format(entry).utf8)
    // One write at the end of the file, so that entries of several shells do not mix.
    do throws(SystemError) {
      var done = 0
      while done < bytes.count {
        done += try bytes.withUnsafeBufferPointer { bytes throws(SystemError) in
          let rest = UnsafeBufferPointer(rebasing: bytes.dropFirst(done))
          return try Transfer.writeFile(file, UnsafeRawBufferPointer(rest))
        }
      }
    } catch {
      // Half an entry would spoil the next one.
      if isLocked { ftruncate(file, off_t(size)) }
      throw error
    }
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
