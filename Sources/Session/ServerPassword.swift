import Posix

/// The password of Redis servers, which stays in this process and its forks: no program and no script
/// sees it.
public enum ServerPassword {
  /// The variable of the environment that has it, which programs do not inherit.
  public static let variable = "BROOD_REDIS_PASSWORD"

  /// What the environment said when this process began, or a script since.
  nonisolated(unsafe) public static var given: [UInt8]? =
    Process.startEnvironment().first { $0.name == variable }.map { Array($0.value.utf8) }
}
