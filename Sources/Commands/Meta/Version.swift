import Language

/// The version that `brood --version` and `version` tell.
public let broodVersion = "0.1.0"

enum VersionCommand {
  static let version = Command(
    "version", "Tell the version of Brood", traits: .reports,
    examples: [Example("version", "brood \(broodVersion)")]
  ) { _ in .report(ReportObject(.text(broodVersion), text: "brood \(broodVersion)")) }
}
