import Language
import Posix

/// The version that `brood --version` and `version` tell.
public enum Version {
  public static let number = "0.9.0"

  /// `brood 0.9.0 (1a2b3c4)`, with the commit that the program was built from, where it is known.
  public static var text: String {
    guard let commit = BuildID.commit else { return "brood \(number)" }
    return "brood \(number) (\(commit.name)\(commit.isModified ? ", modified" : ""))"
  }
}

enum VersionCommand {
  static let version = Command(
    "version", "Show the version of Brood", traits: .reports,
    examples: [Example("version", Version.text)]
  ) { _ in .report(ReportObject(.text(Version.number), text: Version.text)) }
}
