import Foundation

/// Processes whose numbers begin anew, in a namespace of their own.
public enum Namespace {
  public static let isAvailable = works("exit 0")
  public static let hasManyPids = works("echo 1048580 > /proc/sys/kernel/ns_last_pid")

  private static func works(_ command: String) -> Bool {
    (try? run(command).status) == .exited(0)
  }

  public static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// Runs shell commands there, with `$BROOD` the shell to test, in a directory of their own.
  public static func run(_ commands: String) throws -> Output {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD"] = Program.brood
    let flags = geteuid() == 0 ? "-pf" : "-Urpf"
    return try TestSupport.run(
      "/usr/bin/env", ["unshare", flags, "--mount-proc", "sh", "-c", commands + "\nexit $?"],
      environment: environment, directory: place.path, within: .seconds(60))
  }
}
