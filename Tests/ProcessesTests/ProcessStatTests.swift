import Glibc
import Posix
import Testing

@testable import Processes

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

  @Test func theStatusIsReadLineByLine() {
    let text = """
      Name:\tSigBlk: 7
      Uid:\t1000\t1001\t1000\t1000
      VmHWM:\t    2048 kB
      VmRSS:\t    1024 kB
      Threads:\t3
      TracerPid:\t12
      SigPnd:\t0000000000000001
      ShdPnd:\t0000000000004000
      SigBlk:\t0000000000000002
      SigIgn:\tffffffffffffffff
      SigCgt:\t
      voluntary_ctxt_switches:\t5
      nonvoluntary_ctxt_switches:\t99999999999999999999
      """
    let status = Array(text.utf8).withUnsafeBytes(ProcessStatus.init(lines:))
    #expect(status.user == 1000 && status.effectiveUser == 1001)
    #expect(status.peakSize == 2_097_152 && status.residentSize == 1_048_576)
    #expect(status.threads == 3 && status.tracer == 12)
    #expect(status.pending == SignalSet(mask: 0x4001) && status.blocked == SignalSet(mask: 2))
    #expect(status.ignored == SignalSet(mask: .max) && status.caught == [])
    // What is no number of 64 bits counts as none.
    #expect(status.voluntarySwitches == 5 && status.forcedSwitches == 0)
  }

  /// The kernel gives small pids again behind the largest one.
  @Test func ofTwoOfOneTickTheOlderIsKnown() {
    #expect(ProcessStat.isOlder((7, 300), than: (8, 20)))
    #expect(!ProcessStat.isOlder((8, 20), than: (7, 300)))
    #expect(ProcessStat.isOlder((7, 300), than: (7, 301)))
    #expect(ProcessStat.isOlder((7, 32767), than: (7, 300)))
    #expect(!ProcessStat.isOlder((7, 300), than: (7, 32767)))
    #expect(ProcessStat.isOlder((7, 4_194_303), than: (7, 301)))
    #expect(!ProcessStat.isOlder((7, 5), than: (7, 5)))
    let pids: [Int32] = [32766, 32767, 300, 301, 302]
    let sorted = pids.sorted().sorted { ProcessStat.isOlder((1, $0), than: (1, $1)) }
    #expect(sorted == pids)
  }
}
