import CPosix
import Glibc

/// Finding the file that a command word means.
public enum Executable {
  /// The path of a program (the rule of execvp(3)).
  ///
  /// A name with a slash is tried as it is; others are looked up in the entries of `path`, an
  /// empty entry being the working directory. Throws ENOENT if there is none, EACCES if the only
  /// candidates may not be executed, EISDIR for a directory named with a slash.
  public static func find(_ name: String, path: String) throws(SystemError) -> String {
    if name.isEmpty { throw SystemError(call: "execve", code: ENOENT, detail: name) }
    if name.utf8.contains(UInt8(ascii: "/")) {
      let code = problem(name)
      if code == 0 { return name }
      throw SystemError(call: "execve", code: code, detail: name)
    }
    var refused = false
    for directory in path.split(separator: ":", omittingEmptySubsequences: false) {
      let candidate = directory.isEmpty ? "./\(name)" : "\(directory)/\(name)"
      let code = problem(candidate)
      if code == 0 { return candidate }
      if code == EACCES { refused = true }
    }
    throw SystemError(call: "execve", code: refused ? EACCES : ENOENT, detail: name)
  }

  /// All programs in the entries of `path` whose names begin with `prefix`, with the directory of
  /// each, for completion.
  public static func programs(prefix: String, path: String) -> [String: String] {
    var result: [String: String] = [:]
    var seen: Set<String> = []
    for directory in path.split(separator: ":").map(String.init)
    where seen.insert(directory).inserted {
      for name in (try? Directory.names(directory)) ?? [] where name.hasPrefix(prefix) {
        if result[name] == nil, problem("\(directory)/\(name)") == 0 { result[name] = directory }
      }
    }
    return result
  }

  /// Whether a file that execve refused with ENOEXEC is text: no null byte in its first line,
  /// nor another control character that no text has.
  package static func looksLikeScript(_ path: String) -> Bool {
    guard let fd = try? Descriptors.open(path, O_RDONLY) else { return false }
    defer { Descriptors.close(fd) }
    return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = read(fd, buffer.baseAddress, 256)
      guard count > 0 else { return count == 0 }
      let line = buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
      return !line.contains { $0 < 7 }
    }
  }

  private static func problem(_ path: String) -> Int32 {
    guard let status = try? FileStatus(path) else {
      return access(path, F_OK) == 0 ? EACCES : errno == ENOENT ? ENOENT : errno
    }
    if status.kind == .directory { return EISDIR }
    guard status.kind == .regular else { return EACCES }
    // With the effective ids, as execve itself looks.
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno
  }
}

/// What scripts/build has the linker write into the program (ld(1), --build-id).
public enum BuildID {
  /// The commit, in seven digits, and whether the tree differed from it; nil for another build.
  public static var commit: (name: String, isModified: Bool)? {
    var start: UnsafePointer<UInt8>?
    let size = brood_build_id(&start)
    // A commit of git has 20 bytes; four more say whether the tree was as committed.
    guard let start, size == 24 else { return nil }
    let digits = Array("0123456789abcdef")
    var name = ""
    for index in 0..<4 {
      name.append(digits[Int(start[index] >> 4)])
      name.append(digits[Int(start[index] & 15)])
    }
    return (String(name.prefix(7)), start[23] != 0)
  }
}
