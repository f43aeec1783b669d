import Glibc
import Posix
import Testing

@testable import Processes

/// Descriptors that move at once, done one after the other.
@Suite struct OrderedMovesTests {
  /// What each number holds once the steps were done, from what it held before.
  private func result(_ moves: [(from: Int32, to: Int32)]) throws -> [Int32: Int32] {
    var steps = try OrderedMoves(moves)
    defer { steps.close() }
    // A copy that was made aside has the same file as its source.
    var held: [Int32: Int32] = [:]
    func file(_ fd: Int32) -> Int32 {
      if let known = held[fd] { return known }
      for move in moves where fcntl(fd, F_GETFD) >= 0 && isSame(fd, move.from) { return move.from }
      return fd
    }
    let pairs = steps.pairs
    for i in stride(from: 0, to: pairs.count, by: 2) { held[pairs[i + 1]] = file(pairs[i]) }
    return held
  }

  private func isSame(_ one: Int32, _ other: Int32) -> Bool {
    var (a, b) = (Glibc.stat(), Glibc.stat())
    guard fstat(one, &a) == 0, fstat(other, &b) == 0 else { return one == other }
    return a.st_ino == b.st_ino && a.st_dev == b.st_dev
  }

  /// Descriptors of pipes, each of which is a file of its own.
  private final class Pipes {
    private var ends: [Int32] = []
    var readEnds: [Int32] { stride(from: 0, to: ends.count, by: 2).map { ends[$0] } }

    init(_ count: Int) {
      for _ in 0..<count {
        var pair: [Int32] = [-1, -1]
        if pipe(&pair) == 0 { ends += pair }
      }
    }

    deinit { for fd in ends { close(fd) } }
  }

  @Test func aSwapIsASwap() throws {
    let pipes = Pipes(2)
    defer { withExtendedLifetime(pipes) {} }
    let fds = pipes.readEnds
    #expect(
      try result([(fds[0], fds[1]), (fds[1], fds[0])]) == [fds[1]: fds[0], fds[0]: fds[1]])
  }

  @Test func aRingTurns() throws {
    let pipes = Pipes(3)
    defer { withExtendedLifetime(pipes) {} }
    let fds = pipes.readEnds
    let (a, b, c) = (fds[0], fds[1], fds[2])
    #expect(try result([(a, b), (b, c), (c, a)]) == [b: a, c: b, a: c])
  }

  @Test func whatIsNotInTheWayIsNotCopied() throws {
    let pipes = Pipes(2)
    defer { withExtendedLifetime(pipes) {} }
    let fds = pipes.readEnds
    let steps = try OrderedMoves([(from: fds[0], to: 1), (from: fds[1], to: 2)])
    #expect(steps.pairs == [fds[0], 1, fds[1], 2])
  }

  @Test func oneCanGoToManyPlaces() throws {
    let pipes = Pipes(2)
    defer { withExtendedLifetime(pipes) {} }
    let fds = pipes.readEnds
    let (a, b) = (fds[0], fds[1])
    #expect(try result([(a, b), (a, 1), (b, 2)]) == [b: a, 1: a, 2: b])
  }
}
