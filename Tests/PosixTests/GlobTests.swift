import Foundation
import Glibc
import Testing

@testable import Posix

/// Patterns and the paths that they fit.
@Suite struct GlobTests {
  @Test(arguments: [
    ("*", "a", true), ("*", ".a", false), (".*", ".a", true), ("a*c", "abbc", true),
    ("a*c", "abcb", false), ("?", "é", true), ("?", "", false), ("[a-c]x", "bx", true),
    ("[!a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("[]x]", "]", true), ("[a", "[a", true),
    ("\\*", "*", true), ("\\*", "a", false), ("[\\]]", "]", true), ("a-[z-a]", "a-m", false),
    ("**", "a", true), ("[?]", ".", false), ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
  ])
  func aNameFitsOrNot(_ pattern: String, _ name: String, _ fits: Bool) {
    #expect(Glob.matches(name, pattern) == fits)
  }

  @Test(arguments: ["a*b", "[x]", "\\", "plain", "q?", "a\\*b"])
  func aQuotedTextFitsItselfAlone(_ text: String) {
    #expect(!Glob.isPattern(Glob.quoted(text)))
    #expect(Glob.unquoted(Glob.quoted(text)) == text)
    #expect(Glob.matches(text, Glob.quoted(text)))
  }

  /// A tree: a/b.txt a/c/d.txt a/.hidden/e.txt f.txt, and a link a/loop to a.
  private final class Tree {
    let root: String

    init() throws {
      let root = FileManager.default.temporaryDirectory.appending(
        path: "glob-\(getpid())-\(UInt32.random(in: 0 ... .max))")
      self.root = root.path
      for path in ["a/b.txt", "a/c/d.txt", "a/.hidden/e.txt", "f.txt"] {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: file)
      }
      try FileManager.default.createSymbolicLink(
        atPath: root.appending(path: "a/loop").path, withDestinationPath: ".")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func found(_ pattern: String) throws -> [String] {
      try Glob.paths("\(root)/\(pattern)").map { String($0.dropFirst(root.count + 1)) }
    }
  }

  @Test func pathsAreFoundAndSorted() throws {
    let tree = try Tree()
    #expect(try tree.found("*") == ["a", "f.txt"])
    #expect(try tree.found("*/") == ["a/"])
    #expect(try tree.found("a/*.txt") == ["a/b.txt"])
    #expect(try tree.found("**/*.txt") == ["a/b.txt", "a/c/d.txt", "f.txt"])
    #expect(try tree.found("a/.*/e.txt") == ["a/.hidden/e.txt"])
    #expect(try tree.found("a/loop/b.txt") == ["a/loop/b.txt"])
    #expect(try tree.found("none/*") == [])
    #expect(try tree.found("f.txt/*") == [])
  }

  @Test func whatMayNotBeReadIsEmptyAndOtherRefusalsAreThrown() throws {
    let tree = try Tree()
    defer { withExtendedLifetime(tree) {} }
    let root = tree.root
    #expect(try Directory.names("\(root)/a/c") == ["d.txt"])
    #expect(throws: SystemError.self) { try Directory.names("\(root)/none") }
    #expect(try !FileStatus.exists("\(root)/none"))
    #expect(try !FileStatus.exists("\(root)/f.txt/below"))
    #expect(try FileStatus.exists("\(root)/a/loop"))
    for code in [EMFILE, ENFILE, ENOMEM, EIO, EINTR] {
      #expect(!SystemError(call: "open", code: code).isAbsence)
    }
    for code in [ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG] {
      #expect(SystemError(call: "open", code: code).isAbsence)
    }
  }

  @Test func aLongSearchCanBeEnded() throws {
    struct Enough: Error {}
    let tree = try Tree()
    var steps = 0
    #expect(throws: Enough.self) {
      try Glob.paths("\(tree.root)/**") {
        steps += 1
        if steps > 2 { throw Enough() }
      }
    }
  }
}
