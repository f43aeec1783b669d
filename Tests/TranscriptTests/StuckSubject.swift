import Foundation
import TestSupport
import Testing

/// A script, and what the report of it says.
struct StuckCase: Sendable, CustomTestStringConvertible {
  let name: String
  let script: String
  let wanted: [String]
  var testDescription: String { name }
}

/// A script that runs while its errors are read.
final class StuckSubject {
  let child: Child
  private let place: TemporaryDirectory

  /// - Parameter isNice: it and its processes run when no others want to.
  init(_ script: String, _ mode: String, isNice: Bool = false) throws {
    place = try TemporaryDirectory()
    try place.write(script, to: "script.brood")
    var environment = Program.environment(home: place.path)
    environment["BROOD_STUCK"] = mode
    let words = (isNice ? ["-n", "19", Program.brood] : []) + ["script.brood"]
    child = try Child(
      recording: isNice ? "/usr/bin/nice" : Program.brood, words, environment: environment,
      directory: place.path)
  }

  var errors: String {
    "\n" + ((try? String(contentsOfFile: "\(place.path)/err", encoding: .utf8)) ?? "")
  }
  var output: String { (try? String(contentsOfFile: "\(place.path)/out", encoding: .utf8)) ?? "" }

  deinit { child.end() }
}
