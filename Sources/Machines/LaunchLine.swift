/// The words that start an agent on a host.
public enum LaunchLine {
  /// What ssh(1) is told, whatever the user's settings say.
  static let sshOptions = [
    "BatchMode=yes", "ConnectTimeout=15", "ControlMaster=no", "ControlPath=none",
    "RemoteCommand=none", "ClearAllForwardings=yes", "PermitLocalCommand=no",
    "ServerAliveInterval=5", "ServerAliveCountMax=3",
  ]

  /// - Parameter command: the line for the shell there.
  public static func ssh(_ place: HostPlace, command: String) -> [String] {
    var words = ["ssh", "-T", "-a", "-x"]
    for option in sshOptions { words += ["-o", option] }
    if let port = place.port { words += ["-p", String(port)] }
    if let user = place.user { words += ["-l", user] }
    // The user's own shell there may be any.
    return words + ["--", place.host, "sh -c '\(command)'"]
  }

  /// What a person types to log in at a host.
  public static func login(_ place: HostPlace) -> String {
    let port = place.port.map { "-p \($0) " } ?? ""
    return "ssh \(port)\(place.user.map { "\($0)@" } ?? "")\(place.host)"
  }

  /// What tells an agent that its allocation is its session's own, before the session can.
  public static let ownJob = "BROOD_OWN_JOB"

  /// A step of one node's own within an allocation.
  ///
  /// - Parameter isOwn: the session has asked for the allocation, which ends with it.
  public static func srun(
    node: String, job: String, isOwn: Bool, command: String
  ) -> [String] {
    var words = ["srun", "-u", "-Q", "-N1", "-n1", "--overlap", "--no-kill", "--cpu-bind=none"]
    words.append("--export=PATH,HOME" + (isOwn ? ",\(ownJob)=\(job)" : ""))
    words.append("--jobid=\(job)")
    return words + ["-w", node, "sh", "-c", command]
  }

  /// Ninety seconds before its end all processes of the allocation get WINCH, by its number, which
  /// says so to agents; programs ignore it, while TERM would end them too.
  public static func salloc(nodes: Int, words: [String]) -> [String] {
    ["salloc", "--no-shell", "--no-kill", "--signal=28@90", "-N", String(nodes)] + words
  }

  /// The line in plain POSIX, without a single quote, that finds a program there and becomes its agent:
  /// that of PATH, or one that was installed, if it speaks this wire version.
  ///
  /// Where there is none it says `NEED` and the kind of machine, and with `installs` reads one: its
  /// size in a line, then so many bytes. It is run only if its hash is the expected one.
  ///
  /// - Parameters:
  ///   - key: what names this very program: its version and a hash of it.
  ///   - hash: SHA-256 of what would be installed, in hexadecimal digits.
  public static func agent(key: String, hash: String, wire: UInt16, installs: Bool) -> String {
    var line = ""
    if installs {
      line += "d=\"$HOME/.cache/brood/\(key)\"; b=\"$d/brood\"; "
      line += "[ -x \"$b\" ] && exec \"$b\" --worker; "
    }
    line +=
      "w=$(brood --wire 2>/dev/null </dev/null) && [ \"$w\" = \(wire) ] && exec brood --worker; "
    if !installs {
      // The hash of this program would take longer than all of that.
      line += "for b in \"$HOME\"/.cache/brood/*/brood; do [ -x \"$b\" ] && "
      line += "[ \"$(\"$b\" --wire 2>/dev/null </dev/null)\" = \(wire) ] && exec \"$b\" --worker; "
      line += "done; "
    }
    line += "echo \"NEED $(uname -sm) ${w:-none}\"; "
    guard installs else { return line + "exit 127" }
    line += "command -v sha256sum >/dev/null || { echo FAIL no sha256sum; exit 126; }; "
    line += "umask 077; mkdir -p \"$d\" && t=\"$d/new.$$\" || { echo FAIL no folder; exit 126; }; "
    line += "trap \"rm -f \\\"$t\\\"\" 0; "
    line += "read -r n || exit 126; head -c \"$n\" > \"$t\" || { echo FAIL no room; exit 126; }; "
    line += "set -- $(sha256sum \"$t\"); [ \"$1\" = \(hash) ] || { echo FAIL damaged; exit 126; }; "
    line += "chmod 700 \"$t\" && mv \"$t\" \"$b\" || { echo FAIL no room; exit 126; }; trap - 0; "
    line +=
      "[ -x \"$b\" ] && \"$b\" --wire >/dev/null </dev/null || { echo FAIL noexec; exit 126; }; "
    return line + "exec \"$b\" --worker"
  }
}
