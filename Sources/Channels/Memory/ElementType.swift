import CPosix

/// What the elements of shared memory are: the types of C, by their codes in Python's `ctypes` and
/// `array`, and by their names.
public enum ElementType: UInt32, Sendable, CaseIterable {
  case int8 = 1
  case uint8, int16, uint16, int32, uint32, int64, uint64, float, double, bool, char

  /// By a code (`i`) or a name (`int32`); nil for anything else.
  public init?(_ name: String) {
    switch name {
    case "b", "int8": self = .int8
    case "B", "uint8", "byte": self = .uint8
    case "h", "int16", "short": self = .int16
    case "H", "uint16": self = .uint16
    case "i", "int", "int32": self = .int32
    case "I", "uint32", "uint": self = .uint32
    case "l", "q", "int64", "long": self = .int64
    case "L", "Q", "uint64": self = .uint64
    case "f", "float": self = .float
    case "d", "double": self = .double
    case "?", "bool": self = .bool
    case "c", "char": self = .char
    default: return nil
    }
  }

  /// All codes and names, for messages and completion.
  public static let names = [
    "int8", "uint8", "int16", "uint16", "int", "int32", "uint32", "int64", "uint64", "float",
    "double", "char", "bool", "c", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d",
  ]

  /// As it is shown.
  public var name: String { String(describing: self) }

  /// Bytes per element; a character takes four, since it is any Unicode scalar.
  public var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float, .char: 4
    case .int64, .uint64, .double: 8
    }
  }

  /// The numbers that fit, of the types of whole numbers; `uint64` is bounded by what the shell's
  /// numbers can be.
  public var range: ClosedRange<Int>? {
    switch self {
    case .int8: Int(Int8.min)...Int(Int8.max)
    case .uint8: 0...Int(UInt8.max)
    case .int16: Int(Int16.min)...Int(Int16.max)
    case .uint16: 0...Int(UInt16.max)
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .uint32: 0...Int(UInt32.max)
    case .int64: Int.min...Int.max
    case .uint64: 0...Int.max
    case .bool: 0...1
    case .char: 0...0x10FFFF
    case .float, .double: nil
    }
  }

  /// Whether elements have a fraction.
  public var isFloat: Bool { self == .float || self == .double }
}
