import Foundation

/// What a test runs, and where it finds the things of the source tree.
public enum Program {
  /// The top of the source tree, found from this file's place in it.
  public static let sourceTree = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The built shell: `BROOD_BINARY`, else the newest build of this tree.
  public static let brood: String = {
    if let path = ProcessInfo.processInfo.environment["BROOD_BINARY"] { return path }
    let builds = ["release", "debug"].map { sourceTree.appending(path: ".build/\($0)/brood").path }
    return builds.first { FileManager.default.isExecutableFile(atPath: $0) } ?? builds[0]
  }()

  /// Whether the tests that take long were asked for.
  public static let runsLongTests = isSet("BROOD_TEST_LONG")

  /// Whether expected output is to be rewritten rather than compared.
  public static let updatesTranscripts = isSet("BROOD_UPDATE_TRANSCRIPTS")

  /// The files of `Tests/Transcripts` that are to be tried; nil for all.
  public static let transcripts = ProcessInfo.processInfo.environment["BROOD_TEST_FILES"]
    .map { Set($0.split(separator: ",")) }

  /// Whether strace(1) is here, and may trace.
  public static let hasStrace: Bool = {
    let output = try? runBash("strace -o /dev/null true && echo yes", within: .seconds(10))
    return output?.standardOutput == "yes\n"
  }()

  /// The same small environment on every machine.
  public static func environment(home: String) -> [String: String] {
    [
      "HOME": home, "LANG": "C.UTF-8", "NO_COLOR": "1", "PATH": "/usr/local/bin:/usr/bin:/bin",
      "TERM": "dumb", "TZ": "UTC",
    ]
  }

  private static func isSet(_ name: String) -> Bool {
    ProcessInfo.processInfo.environment[name].map { !$0.isEmpty && $0 != "0" } ?? false
  }
}

/// A new directory that is removed with its content when the object goes.
public final class TemporaryDirectory {
  public let path: String

  public init() throws {
    // The real path, so that it equals what `pwd` in it says.
    var template = Array("\(NSTemporaryDirectory())/brood-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemFailure("mkdtemp") }
    let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
    path = URL(filePath: String(decoding: bytes, as: UTF8.self)).resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a directory in it that holds the built shell as `brood`, to be put in a PATH.
  public func withBrood() throws -> String {
    let directory = "\(path)/.bin"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let program = URL(filePath: Program.brood).standardizedFileURL.path
    try FileManager.default.createSymbolicLink(
      atPath: "\(directory)/brood", withDestinationPath: program)
    return directory
  }

  /// A directory in it where `mktemp` makes its files, so that they go with it.
  public func temporaries() throws -> String {
    let directory = "\(path)/.tmp"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    return directory
  }

  /// The files and directories below it, but for those whose names begin with a dot.
  public func contents() -> [String] {
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return all.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// The text of a file in it.
  public func read(_ name: String) throws -> String {
    try String(contentsOf: URL(filePath: path).appending(path: name), encoding: .utf8)
  }

  /// Write a file below the directory, making the directories on its way.
  public func write(_ text: String, to name: String) throws {
    let file = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
}

/// A system call that failed in the harness itself.
public struct SystemFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ call: String, _ code: Int32 = errno) {
    description = "\(call): \(String(cString: strerror(code)))"
  }
}
