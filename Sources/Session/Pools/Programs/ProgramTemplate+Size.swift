/// How much room words take, for calls with several inputs.
extension ProgramTemplate {
  /// Bytes and words of a call.
  struct Size {
    var bytes = 0
    var words = 0
    /// The bytes of the longest word that holds parts of several inputs.
    var longest = 0

    static func += (size: inout Size, other: Size) {
      size.bytes += other.bytes
      size.words += other.words
      size.longest += other.longest
    }

    /// - Parameter perWord: what each word takes beside its bytes.
    func all(perWord: Int) -> Int { bytes + words * perWord }
  }

  /// More digits than a number of a call has.
  private static let digits = 20

  /// What the words take at most without any input.
  var baseSize: Size {
    var size = Size()
    for pieces in words where ProgramTemplate.lone(pieces) == nil {
      if ProgramTemplate.isRepeated(pieces) { continue }
      let bytes = ProgramTemplate.bytes(pieces)
      size.bytes += bytes
      size.words += 1
      if pieces.contains(where: { $0.place?.isNumber == false }) {
        size.longest = max(size.longest, bytes)
      }
    }
    return size
  }

  /// What a word takes without any input.
  private static func bytes(_ pieces: [Piece]) -> Int {
    pieces.reduce(0) { sum, piece in
      switch piece {
      case .text(let text): sum + text.count
      case .place(let place): sum + (place.isNumber ? digits : 0)
      }
    }
  }

  /// What one more input adds at most.
  ///
  /// - Parameter index: of its first part among those of the call, from 0.
  func growth(of input: TaskInput, at index: Int) -> Size {
    // The directory of a name without one is a dot; a blank stands between parts.
    let sizes = input.parts.map { max($0.count, 1) + 1 }
    let sum = sizes.reduce(0, +)
    var size = Size()
    for pieces in words {
      if ProgramTemplate.lone(pieces) != nil {
        size.bytes += sum - sizes.count
        size.words += sizes.count
        continue
      }
      var bytes = 0
      for place in pieces.lazy.compactMap(\.place) {
        switch place.scope {
        case .number, .slot: break
        case .each, .all: bytes += sum
        case .part(let part) where part >= 0:
          if part >= index, part < index + sizes.count { bytes += sizes[part - index] }
        case .part: bytes += sizes.max() ?? 0
        }
      }
      size.bytes += bytes
      if ProgramTemplate.isRepeated(pieces) {
        // A word of its own.
        size.bytes += ProgramTemplate.bytes(pieces) - pieces.count { $0.place?.scope == .each }
        size.words += 1
      } else {
        size.longest = max(size.longest, bytes)
      }
    }
    return size
  }
}
