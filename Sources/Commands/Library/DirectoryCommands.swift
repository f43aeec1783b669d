import Glibc
import Language
import Posix
import Session

/// The working directory, and the names in it.
enum DirectoryCommands {
  static let family = CommandFamily("Directories", [cd, pwd, glob])

  private static let cd = Command(
    "cd", "Change the working directory; without a path to the home directory",
    details: "`cd -` goes back to the one before. $env.PWD and $env.OLDPWD follow.",
    parameters: [
      Parameter("path", .path.named("directory", "a path", completion: .directory), .optional)
    ],
    examples: [Example("cd /usr\ncd /\ncd -\nprint (pwd)", "/usr")]
  ) { call in
    var path = try call.has(0) ? call.path(0) : call.home()
    if path == "-" {
      guard let last = call.environment("OLDPWD") else {
        throw call.error(.missing, "there is no directory before this one", at: 0)
      }
      path = last
    }
    let before = try? Directory.current()
    try call.onFile("change to", path) { try Directory.change(to: path) }
    let host = call.interpreter.host
    if let before { try host.setEnvironment("OLDPWD", .text(before)) }
    if let now = try? Directory.current() { try host.setEnvironment("PWD", .text(now)) }
    return .null
  }

  private static let pwd = Command(
    "pwd", "Yield the working directory", traits: .pure,
    examples: [Example("cd /\nprint (pwd)", "/")]
  ) { call in
    do throws(SystemError) {
      return .text(try Directory.current())
    } catch {
      if error.code == ENOENT {
        throw call.error(
          .missing, "the working directory was removed", help: "go elsewhere, as with: cd")
      }
      throw error.asError("cannot tell the working directory")
    }
  }

  private static let glob = Command(
    "glob", "List the paths that match a pattern, sorted",
    details: """
      `*` stands for any characters, `?` for one, `[a-z]` for one of some, `**` for any \
      directories. An empty list if nothing fits.
      """,
    parameters: [Parameter("pattern", .path.named("pattern", "a pattern"))],
    traits: .pure,
    examples: [Example("print (glob /et[c]) (glob /no/such)", "[\"/etc\"] []")]
  ) { call in
    var pattern = call.text(0)
    if pattern == "~" || pattern.hasPrefix("~/") {
      pattern = Glob.quoted(try call.home(at: 0)) + pattern.dropFirst()
    }
    let interpreter = call.interpreter
    let paths = try mapErrors("cannot look for '\(call.text(0))'") {
      try Glob.paths(pattern) { try interpreter.checkAttention() }
    }
    return .items(paths.map { .text($0) })
  }
}
