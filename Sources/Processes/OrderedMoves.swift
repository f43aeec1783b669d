import Posix

/// Turns simultaneous descriptor moves into dup2 steps that do not overwrite each other.
struct OrderedMoves {
  /// Numbers in pairs: from, to.
  private(set) var pairs: [Int32] = []
  private var copies: [Int32] = []

  /// Copies those sources aside that an earlier step overwrites (`3>&1 1>&2` and swaps).
  init(_ moves: [(from: Int32, to: Int32)]) throws(SystemError) {
    var overwritten: [Int32] = []
    var aside: [Int32: Int32] = [:]
    for move in moves {
      var from = move.from
      if overwritten.contains(from) && from != move.to || aside[from] != nil {
        from = try copy(of: from, &aside)
      }
      pairs += [from, move.to]
      overwritten.append(move.to)
    }
  }

  /// Closes the copies once the program has them.
  mutating func close() {
    for fd in copies { Descriptors.close(fd) }
    copies = []
  }

  private mutating func copy(
    of fd: Int32, _ aside: inout [Int32: Int32]
  ) throws(SystemError) -> Int32 {
    if let known = aside[fd] { return known }
    do throws(SystemError) {
      let made = try Descriptors.privateCopy(of: fd)
      copies.append(made)
      aside[fd] = made
      return made
    } catch {
      close()
      throw error
    }
  }
}
