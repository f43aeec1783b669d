import Foundation
import TestSupport
import Testing

/// Every section of `Tests/Transcripts/*.session` is run by the built shell, each as a test.
@Suite struct Transcripts {
  @Test(arguments: SessionFile.wanted())
  func isWellFormed(_ url: URL) throws {
    _ = try SessionFile(url)
  }

  @Test(.disabled(if: Program.updatesTranscripts), arguments: sections())
  func section(_ section: Section) throws {
    let check = {
      for failure in try section.run().failures {
        Issue.record(
          Comment(rawValue: "\(section.title)\n\(failure.message)"),
          sourceLocation: location(section.file, failure.line))
      }
    }
    guard let issue = section.settings.knownIssue else { return try check() }
    withKnownIssue(Comment(rawValue: issue)) { try check() }
  }

  @Test(.enabled(if: Program.updatesTranscripts), arguments: SessionFile.wanted())
  func update(_ url: URL) throws {
    var file = try SessionFile(url)
    // What a known issue should print is written by hand.
    let wanted = file.sections.filter {
      $0.settings.knownIssue == nil && (!$0.settings.isLong || Program.runsLongTests)
    }
    try file.replaceBlocks(wanted.map { ($0, try $0.run().updated) })
  }

  private static func sections() -> [Section] {
    let all = SessionFile.wanted().flatMap { (try? SessionFile($0))?.sections ?? [] }
    return all.filter { !$0.settings.isLong || Program.runsLongTests }
  }
}

/// A place in a session file, for the test runner to name.
func location(_ file: URL, _ line: Int) -> SourceLocation {
  SourceLocation(
    fileID: "Transcripts/\(file.lastPathComponent)", filePath: file.path, line: line, column: 1)
}
