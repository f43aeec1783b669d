import Glibc
import Testing

@testable import Posix

/// The line of /proc/PID/stat, whose name may hold anything.
@Suite struct ProcessStatTests {
  private func stat(_ line: String) -> ProcessStat? {
    var line = line
    return line.withUTF8 { ProcessStat(line: UnsafeRawBufferPointer($0)) }
  }

  /// pid (name) state and 49 more fields, of which each is its own number.
  private func line(_ name: String, state: String = "S") -> String {
    "7 (\(name)) \(state) " + (4...52).map(String.init).joined(separator: " ") + "\n"
  }

  @Test(arguments: ["sh", "a b", ") S 1 2 (", "((", "))", "", "é", "\n"])
  func theNameEndsAtTheLastParenthesis(_ name: String) throws {
    let found = try #require(stat(line(name)))
    #expect(found.name == name)
    #expect(found.pid == 7)
    #expect(found.state == UInt8(ascii: "S"))
  }

  @Test func fieldsAreThoseOfTheManual() throws {
    let found = try #require(stat(line("x", state: "Z")))
    #expect(found.parent == 4)
    #expect(found.group == 5)
    #expect(found.session == 6)
    #expect(found.terminal == 7)
    #expect(found.foregroundGroup == 8)
    #expect(found.userTime == 14 * 10_000_000 || sysconf(Int32(_SC_CLK_TCK)) != 100)
    #expect(found.nice == 19)
    #expect(found.threads == 20)
    #expect(found.startTicks == 22)
    #expect(found.virtualSize == 23)
    #expect(found.residentSize == 24 * Int64(sysconf(Int32(_SC_PAGESIZE))))
    #expect(found.processor == 39)
    #expect(found.exitCode == 52)
    #expect(found.hasEnded)
  }

  /// A line that is cut anywhere, or full of odd bytes, is read or refused and never a trap.
  @Test func aCutLineIsNoTrap() {
    let whole = Array(line("a (b) c").utf8)
    for count in 0...whole.count {
      let part = Array(whole[..<count])
      part.withUnsafeBytes { _ = ProcessStat(line: $0) }
    }
    var random = SplitMix(state: 1)
    let alphabet = Array("()- 0123456789SZ\n\u{7f}".utf8)
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 0..<80, using: &random)).map { _ in
        alphabet[Int.random(in: alphabet.indices, using: &random)]
      }
      text.withUnsafeBytes { _ = ProcessStat(line: $0) }
    }
  }

  @Test func thisProcessIsRead() throws {
    let found = try #require(ProcReader().stat(getpid()))
    #expect(found.pid == getpid())
    #expect(found.parent == getppid())
    #expect(found.state == UInt8(ascii: "R") || found.state == UInt8(ascii: "S"))
    #expect(found.startTicks <= ProcessStat.ticksNow)
    #expect(ProcReader().stat(0) == nil)
  }
}
