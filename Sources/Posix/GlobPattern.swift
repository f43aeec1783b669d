/// One path component of a glob pattern: `*`, `?`, `[a-z]`, `[!a]`, and backslash escapes.
struct GlobPattern {
  private enum Piece {
    case literal(UInt32)
    case any
    case anyRun
    case oneOf([ClosedRange<UInt32>], negated: Bool)
  }

  private var pieces: [Piece] = []

  /// Whether it has anything but literal text.
  private(set) var isWild = false

  /// Whether it is `**`, which stands for any number of directories.
  let isDeep: Bool

  init(_ text: Substring) {
    isDeep = text == "**"
    let scalars = Array(text.unicodeScalars).map(\.value)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case 0x5C where index < scalars.count:
        pieces.append(.literal(scalars[index]))
        index += 1
      case 0x2A: add(.anyRun)
      case 0x3F: add(.any)
      case 0x5B:
        if let (piece, next) = Self.bracket(scalars, index) {
          add(piece)
          index = next
        } else {
          pieces.append(.literal(scalar))
        }
      default: pieces.append(.literal(scalar))
      }
    }
  }

  /// The text it stands for if it is not wild.
  var literal: String {
    var result = String.UnicodeScalarView()
    for case .literal(let value) in pieces {
      if let scalar = Unicode.Scalar(value) { result.append(scalar) }
    }
    return String(result)
  }

  /// Whether a name fits.
  ///
  /// A leading dot must be written out.
  func matches(_ name: String) -> Bool {
    if name.utf8.first == UInt8(ascii: ".") {
      guard case .literal(0x2E)? = pieces.first else { return false }
    }
    return matches(Array(name.unicodeScalars))
  }

  // Going back to the last star only keeps the cost at length times length.
  private func matches(_ name: [Unicode.Scalar]) -> Bool {
    var (piece, at) = (0, 0)
    var star: (piece: Int, at: Int)?
    while at < name.count {
      if piece < pieces.count, case .anyRun = pieces[piece] {
        star = (piece, at)
        piece += 1
      } else if piece < pieces.count, fits(pieces[piece], name[at].value) {
        piece += 1
        at += 1
      } else if let last = star {
        star = (last.piece, last.at + 1)
        (piece, at) = (last.piece + 1, last.at + 1)
      } else {
        return false
      }
    }
    return pieces[piece...].allSatisfy {
      if case .anyRun = $0 { true } else { false }
    }
  }

  private func fits(_ piece: Piece, _ value: UInt32) -> Bool {
    switch piece {
    case .literal(let wanted): wanted == value
    case .any, .anyRun: true
    case .oneOf(let ranges, let negated): ranges.contains { $0.contains(value) } != negated
    }
  }

  private mutating func add(_ piece: Piece) {
    isWild = true
    pieces.append(piece)
  }

  // A bracket without its end is literal text; `]` first stands for itself.
  private static func bracket(_ scalars: [UInt32], _ start: Int) -> (Piece, Int)? {
    var index = start
    var negated = false
    if index < scalars.count, scalars[index] == 0x21 || scalars[index] == 0x5E {
      negated = true
      index += 1
    }
    var ranges: [ClosedRange<UInt32>] = []
    let first = index
    while index < scalars.count {
      var low = scalars[index]
      if low == 0x5D && index > first { return (.oneOf(ranges, negated: negated), index + 1) }
      if low == 0x5C && index + 1 < scalars.count {
        index += 1
        low = scalars[index]
      }
      index += 1
      var high = low
      if index + 1 < scalars.count, scalars[index] == 0x2D, scalars[index + 1] != 0x5D {
        high = scalars[index + 1]
        index += 2
      }
      if low <= high { ranges.append(low...high) }
    }
    return nil
  }
}
