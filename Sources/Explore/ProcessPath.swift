/// Names a process of a run by the way of forks that leads to it: `0` is the first one, `2.1` the first
/// child of the second child of that.
///
/// It is the same in every run, which a pid is not.
public struct ProcessPath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The places among the children of each ancestor, from 1; empty for the first process.
  public let places: [Int]

  /// Makes one.
  public init(_ places: [Int] = []) { self.places = places }

  /// Reads a text such as `0` or `2.1`; nil if it is none.
  public init?(_ text: some StringProtocol) {
    if text == "0" {
      places = []
      return
    }
    var found: [Int] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard let place = Int(part), place > 0, part.first != "+", part.first != "0" else {
        return nil
      }
      found.append(place)
    }
    if found.isEmpty { return nil }
    places = found
  }

  /// The process whose end a thing in accesses is, as `proc 2.1`; nil for any other thing.
  public init?(ofEnd object: String) {
    var text = object
    let found: [Int]? = text.withUTF8 { bytes in
      guard bytes.count > 5, bytes[0] == UInt8(ascii: "p"), bytes[1] == UInt8(ascii: "r"),
        bytes[2] == UInt8(ascii: "o"), bytes[3] == UInt8(ascii: "c"),
        bytes[4] == UInt8(ascii: " ")
      else { return nil }
      if bytes.count == 6, bytes[5] == UInt8(ascii: "0") { return [] }
      var places: [Int] = []
      var number = 0
      for place in 5...bytes.count {
        if place == bytes.count || bytes[place] == UInt8(ascii: ".") {
          if number == 0 { return nil }
          places.append(number)
          number = 0
        } else {
          let digit = Int(bytes[place]) - 0x30
          guard digit >= 0, digit <= 9, number < 1 << 32 else { return nil }
          number = number * 10 + digit
        }
      }
      return places
    }
    guard let found else { return nil }
    places = found
  }

  /// The child that a process made as its `place`-th, from 1.
  public func child(_ place: Int) -> ProcessPath { ProcessPath(places + [place]) }

  /// The process that made it; nil for the first one.
  public var parent: ProcessPath? {
    places.isEmpty ? nil : ProcessPath(Array(places.dropLast()))
  }

  public var description: String {
    places.isEmpty ? "0" : places.map(String.init).joined(separator: ".")
  }

  /// Parents come before their children, earlier children before later ones.
  public static func < (left: ProcessPath, right: ProcessPath) -> Bool {
    left.places.lexicographicallyPrecedes(right.places)
  }
}
