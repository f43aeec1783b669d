import Foundation

/// Hosts with sshd, and on request Slurm, each with network, processes and home of its own.
///
/// `Tests/Cluster/cluster` makes them for one command and ends them with it; its head tells what
/// the command finds. It needs what `scripts/setup --tests=cluster` unpacks.
public enum Cluster {
  public static let hasHosts = works(["--hosts", "1"])
  /// Hosts that are apart, whose links can be cut: not to be had without namespaces.
  public static let hasNetworks = hasHosts && geteuid() == 0
  public static let hasSlurm = hasNetworks && works(["--hosts", "1", "--slurm"])

  private static func works(_ options: [String]) -> Bool {
    (try? start(options, "exit 0", within: .seconds(60)).status) == .exited(0)
  }

  /// Runs shell commands beside the hosts node1, node2 …, in a directory of their own.
  ///
  /// `$BROOD` is the shell to test, which is `brood` on each host too.
  public static func run(
    hosts: Int, slurm: Bool = false, _ commands: String, environment: [String: String] = [:],
    within limit: Duration = .seconds(60)
  ) throws -> Output {
    try start(
      ["--hosts", "\(hosts)"] + (slurm ? ["--slurm"] : []), commands, environment, within: limit)
  }

  private static func start(
    _ options: [String], _ commands: String, _ more: [String: String] = [:],
    within limit: Duration
  ) throws -> Output {
    let place = try TemporaryDirectory()
    var environment = Program.environment(home: place.path)
    environment["BROOD_BINARY"] = Program.brood
    environment.merge(more) { $1 }
    let script = Program.sourceTree.appending(path: "Tests/Cluster/cluster").path
    return try TestSupport.run(
      script, options + ["--", "bash", "-c", commands], environment: environment,
      directory: place.path, within: limit)
  }
}
