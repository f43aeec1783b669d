/// What the machine does with numbers and loops without a call. Where that takes one, a setter yields
/// false and `nextItem` nil, and nothing has changed.
extension Slot {
  /// The sum of two whole numbers or two floats.
  @inline(__always)
  func setSum(_ x: Slot, _ y: Slot) -> Bool {
    if x.tag == Tag.int, y.tag == Tag.int {
      let (sum, overflow) = x.rawInt.addingReportingOverflow(y.rawInt)
      if !overflow { setInt(sum) }
      return !overflow
    }
    guard x.tag == Tag.float, y.tag == Tag.float else { return false }
    setFloat(x.rawFloat + y.rawFloat)
    return true
  }

  /// The sum of a whole number and a small one.
  @inline(__always)
  func setSum(_ x: Slot, constant: Int) -> Bool {
    guard x.tag == Tag.int else { return false }
    let (sum, overflow) = x.rawInt.addingReportingOverflow(constant)
    if !overflow { setInt(sum) }
    return !overflow
  }

  @inline(__always)
  func setDifference(_ x: Slot, _ y: Slot) -> Bool {
    if x.tag == Tag.int, y.tag == Tag.int {
      let (difference, overflow) = x.rawInt.subtractingReportingOverflow(y.rawInt)
      if !overflow { setInt(difference) }
      return !overflow
    }
    guard x.tag == Tag.float, y.tag == Tag.float else { return false }
    setFloat(x.rawFloat - y.rawFloat)
    return true
  }

  @inline(__always)
  func setProduct(_ x: Slot, _ y: Slot) -> Bool {
    if x.tag == Tag.int, y.tag == Tag.int {
      let (product, overflow) = x.rawInt.multipliedReportingOverflow(by: y.rawInt)
      if !overflow { setInt(product) }
      return !overflow
    }
    guard x.tag == Tag.float, y.tag == Tag.float else { return false }
    setFloat(x.rawFloat * y.rawFloat)
    return true
  }

  /// The remainder of a division by a positive whole number, which is never negative.
  @inline(__always)
  func setRemainder(_ x: Slot, _ y: Slot) -> Bool {
    guard x.tag == Tag.int, y.tag == Tag.int, y.rawInt > 0 else { return false }
    let rest = x.rawInt % y.rawInt
    setInt(rest < 0 ? rest + y.rawInt : rest)
    return true
  }

  @inline(__always)
  func equals(_ other: Slot) -> Bool {
    if tag == Tag.int, other.tag == Tag.int { return rawInt == other.rawInt }
    return pointee.equals(other.pointee)
  }

  /// The next round of a loop over a range or list, whose state and variables lie behind it: whether
  /// there is one.
  ///
  /// - Parameter names: 2 if the loop has a variable for the index, too.
  @inline(__always)
  func nextItem(names: Int) -> Bool? {
    let state = self + 1
    let item = names == 2 ? self + 3 : self + 2
    let i = state.rawInt
    let hasItem: Bool
    if tag == Tag.range {
      let range = object(RangeObject.self)
      hasItem = range._withUnsafeGuaranteedRef { i < $0.count }
      guard hasItem else { return false }
      item.setInt(range._withUnsafeGuaranteedRef { $0.start &+ i })
    } else if tag == Tag.list {
      hasItem = object(ListObject.self)._withUnsafeGuaranteedRef { $0.copyItem(i, to: item) }
    } else {
      return nil
    }
    if names == 2 { (self + 2).setInt(i) }
    state.setInt(i &+ 1)
    return hasItem
  }
}
