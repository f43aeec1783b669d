import Glibc

/// Path names that fit a pattern (the rules of glob(7), and `**` for any depth).
public enum Glob {
  /// The matching paths, sorted by their bytes; empty if nothing fits.
  ///
  /// `*`, `?`, `[…]` do not match a slash or a leading dot; backslash quotes the next character.
  /// `**` as a component goes through directories of any depth, hidden ones and links left out.
  ///
  /// What may not be read counts as empty; a `SystemError` is thrown where the kernel refuses for
  /// another reason, as EMFILE.
  ///
  /// - Parameter attend: called at each step, as large trees take long; what it throws ends that.
  public static func paths(
    _ pattern: String, attend: () throws -> Void = {}
  ) throws -> [String] {
    let isAbsolute = pattern.utf8.first == UInt8(ascii: "/")
    let components = split(pattern)
    var found = [isAbsolute ? "/" : ""]
    for (index, text) in components.enumerated() {
      let component = GlobPattern(text)
      let isLast = index == components.count - 1
      var next: [String] = []
      for base in found { try extend(base, component, isLast: isLast, &next, attend) }
      found = next
    }
    if pattern.utf8.last == UInt8(ascii: "/") && !components.isEmpty {
      found = try found.filter(isDirectory).map { $0 + "/" }
    }
    return try found.sorted {
      try attend()
      return $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }

  /// Whether a text has an unquoted `*`, `?` or a complete `[…]`.
  public static func isPattern(_ text: String) -> Bool {
    split(text).contains { GlobPattern($0).isWild }
  }

  /// Whether a single name fits a pattern without slashes.
  public static func matches(_ name: String, _ pattern: String) -> Bool {
    GlobPattern(Substring(pattern)).matches(name)
  }

  /// A text with everything quoted that a pattern would take specially.
  public static func quoted(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if "*?[]\\".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  /// Text without the quoting backslashes, for a pattern that matched nothing.
  public static func unquoted(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isQuoted = false
    for scalar in text.unicodeScalars {
      if scalar == "\\" && !isQuoted {
        isQuoted = true
      } else {
        result.append(scalar)
        isQuoted = false
      }
    }
    return String(result)
  }

  private static func split(_ pattern: String) -> [Substring] {
    pattern.split(separator: "/")
  }

  private static func extend(
    _ base: String, _ component: GlobPattern, isLast: Bool, _ result: inout [String],
    _ attend: () throws -> Void
  ) throws {
    try attend()
    if component.isDeep {
      try descend(base, filesToo: isLast, &result, attend)
    } else if component.isWild {
      for name in try names(base) where component.matches(name) {
        let path = join(base, name)
        if try isLast || isDirectory(path) { result.append(path) }
      }
    } else {
      let path = join(base, component.literal)
      if try FileStatus.exists(path) { result.append(path) }
    }
  }

  private static func descend(
    _ base: String, filesToo: Bool, _ result: inout [String], _ attend: () throws -> Void
  ) throws {
    try attend()
    if !filesToo { result.append(base) }
    for name in try names(base) where !name.hasPrefix(".") {
      let path = join(base, name)
      if filesToo { result.append(path) }
      // Links are not followed, or a loop would never end.
      if try FileStatus.unlessAbsent(path, following: false)?.kind == .directory {
        try descend(path, filesToo: filesToo, &result, attend)
      }
    }
  }

  private static func join(_ base: String, _ name: String) -> String {
    if base.isEmpty { return name }
    return base.utf8.last == UInt8(ascii: "/") ? base + name : "\(base)/\(name)"
  }

  private static func isDirectory(_ path: String) throws(SystemError) -> Bool {
    try FileStatus.unlessAbsent(path)?.kind == .directory
  }

  private static func names(_ base: String) throws(SystemError) -> [String] {
    do {
      return try Directory.names(base.isEmpty ? "." : base)
    } catch  where error.isAbsence {
      return []
    }
  }
}
