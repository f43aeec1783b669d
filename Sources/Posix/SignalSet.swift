/// A set of signals, as one word.
public struct SignalSet: Hashable, Sendable, Sequence, ExpressibleByArrayLiteral {
  /// Bit n-1 stands for signal n.
  public var mask: UInt64

  /// A set from its bits.
  public init(mask: UInt64) { self.mask = mask }

  /// A set of these signals.
  public init(_ signals: some Sequence<Signal>) {
    mask = 0
    for signal in signals { insert(signal) }
  }

  /// A set of these signals.
  public init(arrayLiteral signals: Signal...) { self.init(signals) }

  /// Whether it has none.
  public var isEmpty: Bool { mask == 0 }

  /// Whether the signal is in it.
  public func contains(_ signal: Signal) -> Bool { mask >> (signal.number - 1) & 1 == 1 }

  /// Adds a signal.
  public mutating func insert(_ signal: Signal) { mask |= 1 << (signal.number - 1) }

  /// Removes a signal.
  public mutating func remove(_ signal: Signal) { mask &= ~(1 << (signal.number - 1)) }

  /// Does something with each, in the order of their numbers.
  public func forEach(_ body: (Signal) throws -> Void) rethrows {
    var rest = mask
    while rest != 0 {
      if let signal = Signal(Int32(rest.trailingZeroBitCount + 1)) { try body(signal) }
      rest &= rest &- 1
    }
  }

  /// The signals of both.
  public func union(_ other: SignalSet) -> SignalSet { SignalSet(mask: mask | other.mask) }

  /// The signals that the other does not have.
  public func subtracting(_ other: SignalSet) -> SignalSet { SignalSet(mask: mask & ~other.mask) }

  /// The one with the smallest number; nil if it is empty.
  public var first: Signal? {
    var iterator = makeIterator()
    return iterator.next()
  }

  /// Iterates in the order of the numbers.
  public func makeIterator() -> Iterator { Iterator(rest: mask) }

  /// Each signal of a set, in the order of their numbers.
  public struct Iterator: IteratorProtocol {
    fileprivate var rest: UInt64

    /// The next one; O(1).
    public mutating func next() -> Signal? {
      while rest != 0 {
        let number = Int32(rest.trailingZeroBitCount) + 1
        rest &= rest - 1
        if let signal = Signal(number) { return signal }
      }
      return nil
    }
  }
}
