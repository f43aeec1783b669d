/// Raw access to a register: the tag byte behind eight bytes of payload.
///
/// This relies on how Swift lays out `Value`: payload cases are numbered in order of declaration,
/// cases without payload share the next number. `SlotLayoutTests` holds it to that.
enum Tag {
  static let bool: UInt8 = 0
  static let int: UInt8 = 1
  static let float: UInt8 = 2
  static let firstReference: UInt8 = 6
  static let string: UInt8 = 6
  static let list: UInt8 = 8
  static let map: UInt8 = 9
  static let range: UInt8 = 10
  static let closure: UInt8 = 11
  static let handle: UInt8 = 14
  static let report: UInt8 = 15
  static let cell: UInt8 = 16
  static let lastReference: UInt8 = 16
  /// `null` and `missing`.
  static let empty: UInt8 = 17
}

typealias Slot = UnsafeMutablePointer<Value>

extension UnsafeMutablePointer<Value> {
  @inline(__always) var tag: UInt8 {
    UnsafeRawPointer(self).load(fromByteOffset: 8, as: UInt8.self)
  }

  /// Whether the slot owns nothing.
  @inline(__always) var isTrivial: Bool {
    tag &- Tag.firstReference > Tag.lastReference - Tag.firstReference
  }

  /// Whether the value can be put into a list without deepening it.
  @inline(__always) var isFlat: Bool { tag <= Tag.string || tag == Tag.empty }

  /// Whether two slots hold the same object or the same scalar.
  @inline(__always) func isSame(_ other: UnsafeMutablePointer<Value>) -> Bool {
    tag == other.tag && rawInt == other.rawInt
  }

  /// Takes a value over.
  @inline(__always) func put(_ value: consuming Value) {
    if isTrivial { initialize(to: value) } else { pointee = value }
  }

  @inline(__always) var rawInt: Int { UnsafeRawPointer(self).load(as: Int.self) }
  @inline(__always) var rawFloat: Double { UnsafeRawPointer(self).load(as: Double.self) }
  @inline(__always) var rawBool: Bool { UnsafeRawPointer(self).load(as: UInt8.self) & 1 != 0 }

  @inline(__always) func setInt(_ int: Int) {
    if isTrivial {
      UnsafeMutableRawPointer(self).storeBytes(of: int, as: Int.self)
      UnsafeMutableRawPointer(self).storeBytes(of: Tag.int, toByteOffset: 8, as: UInt8.self)
    } else {
      replace(.int(int))
    }
  }

  @inline(__always) func setFloat(_ float: Double) {
    if isTrivial {
      UnsafeMutableRawPointer(self).storeBytes(of: float, as: Double.self)
      UnsafeMutableRawPointer(self).storeBytes(of: Tag.float, toByteOffset: 8, as: UInt8.self)
    } else {
      replace(.float(float))
    }
  }

  @inline(__always) func setBool(_ bool: Bool) {
    if isTrivial {
      initialize(to: .bool(bool))
    } else {
      replace(.bool(bool))
    }
  }

  @inline(__always) func setNull() {
    if !isTrivial { pointee = .null } else { initialize(to: .null) }
  }

  /// A copy of another slot's value.
  @inline(__always) func copy(_ other: UnsafeMutablePointer<Value>) {
    if isTrivial && other.isTrivial {
      let raw = UnsafeMutableRawPointer(self)
      let from = UnsafeRawPointer(other)
      raw.storeBytes(of: from.load(as: UInt64.self), as: UInt64.self)
      raw.storeBytes(
        of: from.load(fromByteOffset: 8, as: UInt8.self), toByteOffset: 8, as: UInt8.self)
    } else if isTrivial {
      initialize(to: other.pointee)
    } else {
      replace(other.pointee)
    }
  }

  /// Another slot's value, which becomes null there.
  @inline(__always) func take(_ other: UnsafeMutablePointer<Value>) {
    if isTrivial {
      moveInitialize(from: other, count: 1)
    } else {
      pointee = other.move()
    }
    other.initialize(to: .null)
  }

  @inline(never) private func replace(_ value: Value) { pointee = value }

  /// The object of a reference slot, without counting.
  @inline(__always) func object<T: AnyObject>(_ type: T.Type) -> Unmanaged<T> {
    Unmanaged<T>.fromOpaque(
      UnsafeRawPointer(self).load(as: UnsafeRawPointer.self))
  }

  /// Whether the slot is the only holder of its object.
  @inline(__always) func isUnique<T: AnyObject>(_ type: T.Type) -> Bool {
    UnsafeMutableRawPointer(self).withMemoryRebound(to: T.self, capacity: 1) {
      isKnownUniquelyReferenced(&$0.pointee)
    }
  }
}
