import Glibc
import Language
import Posix
import Session

/// File names from words: `~`, `~user` and patterns.
enum Expansion {
  /// The words that a pattern gives; what is quoted in it is escaped by backslashes.
  ///
  /// Without pattern characters it is a word that began with `~`, and gives itself.
  static func expand(
    _ pattern: String, home: String?, attend: () throws -> Void
  ) throws -> [String] {
    let pattern = try replacingHome(in: pattern, home: home)
    if Glob.isPattern(pattern) {
      return try asking("cannot look for '\(pattern)'") {
        try Glob.paths(pattern, attend: attend)
      }
    }
    return [Glob.unquoted(pattern)]
  }

  private static func replacingHome(in pattern: String, home: String?) throws -> String {
    guard pattern.first == "~" else { return pattern }
    let name = pattern.dropFirst().prefix { $0 != "/" }
    // A user's name has no pattern characters; such a word is a pattern for names with a `~`.
    if name.contains(where: { "*?[\\".contains($0) }) { return pattern }
    let rest = pattern.dropFirst(1 + name.count)
    guard name.isEmpty else {
      guard let directory = homeDirectory(of: String(name)) else { return pattern }
      return Glob.quoted(directory) + rest
    }
    guard let directory = home ?? homeDirectory(of: nil) else {
      throw ErrorObject(.missing, "cannot tell the home directory: $env.HOME is not set")
    }
    return Glob.quoted(directory) + rest
  }

  /// A user's home directory from the user database (getpwnam(3)); nil asks for one's own.
  private static func homeDirectory(of name: String?) -> String? {
    let entry = name.map { getpwnam($0) } ?? getpwuid(getuid())
    guard let directory = entry?.pointee.pw_dir else { return nil }
    return String(cString: directory)
  }
}
