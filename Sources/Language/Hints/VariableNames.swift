/// Variables that other shells know, and what has their value here.
enum VariableNames {
  private static let shells = [
    "BASHPID": "$pid", "PPID": "$ppid", "PWD": "(pwd)", "RANDOM": "(random 0 32767)",
    "SECONDS": "(now)", "EPOCHSECONDS": "(now)", "UID": "(^id -u)", "EUID": "(^id -u)",
    "HOSTNAME": "(^hostname)",
  ]

  /// What is written for a variable that may be one of the environment.
  static func value(_ name: String) -> String {
    if let value = shells[name] { return value }
    return isOfEnvironment(name) ? "$env.\(name)" : "$\(name)"
  }

  /// What to advise of a variable that there is not; nil for the usual.
  static func help(_ name: String) -> String? {
    if let value = shells[name] { return "write \(value)" }
    return isOfEnvironment(name) ? "a variable of the environment is $env.\(name)" : nil
  }

  /// Whether it is written as those of the environment are.
  private static func isOfEnvironment(_ name: String) -> Bool {
    name.utf8.count > 1 && name.first?.isLetter ?? false
      && name.utf8.allSatisfy { (0x41...0x5A).contains($0) || isDigit($0) || $0 == 0x5F }
  }
}
