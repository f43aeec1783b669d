/// What an operation does to one thing that processes share.
public struct Access: Hashable, Sendable {
  /// How it is used.
  public enum Mode: UInt8, Sendable {
    /// Looked at.
    case read
    /// Changed, so that it makes a difference which of two comes first.
    case write
    /// Changed so that it makes none, as by adding to a number that is not looked at.
    case add
    /// A part of it is looked at: of an array an element, which has an access of its own.
    case readPart
    /// A part of it is changed.
    case writePart

    /// Whether it makes a difference which of two accesses of the same thing comes first.
    public func conflicts(with other: Mode) -> Bool {
      switch (self, other) {
      case (.read, .read), (.read, .readPart), (.readPart, .read), (.readPart, .readPart),
        (.readPart, .writePart), (.writePart, .readPart), (.writePart, .writePart), (.add, .add):
        false
      default: true
      }
    }
  }

  /// Which of a pair of uses that are never possible at the same time, as taking a lock and giving it
  /// back: their order is given.
  public enum Exclusion: UInt8, Sendable {
    /// It is of no such pair.
    case none
    /// It makes the other kind possible, which is not possible before.
    case gives
    /// It is possible only where the other kind is not.
    case takes
  }

  /// Names the thing, the same in each run.
  public let object: String
  /// What is done to it.
  public let mode: Mode
  /// Whether it excludes another use.
  public var exclusion: Exclusion

  /// Makes one.
  public init(_ object: String, _ mode: Mode, _ exclusion: Exclusion = .none) {
    self.object = object
    self.mode = mode
    self.exclusion = exclusion
  }

  /// Whether it makes a difference which of two comes first.
  public func conflicts(with other: Access) -> Bool {
    object == other.object && mode.conflicts(with: other.mode)
  }

  /// Whether both may be possible at the same time.
  func mayMeet(_ other: Exclusion) -> Bool {
    !(exclusion == .gives && other == .takes || exclusion == .takes && other == .gives)
  }
}

/// What one step of a process does to what processes share.
public struct Operation: Hashable, Sendable {
  /// As people read it: `shm get x`.
  public var name: String
  /// What it uses.
  public var accesses: [Access]

  /// Makes one.
  public init(_ name: String, _ accesses: [Access] = []) {
    self.name = name
    self.accesses = accesses
  }

  /// Whether it makes a difference which of two comes first.
  public func conflicts(with other: Operation) -> Bool {
    accesses.contains { own in other.accesses.contains { own.conflicts(with: $0) } }
  }
}
