/// Arithmetic between 64-bit whole numbers and floats that is rounded once, at its end; halves go
/// away from zero where the result is whole.
///
/// A float has 53 bits: made of a greater whole number first, it is rounded before it is used.
public enum Exact {
  // MARK: Order

  @inline(__always)
  static func isLess(_ a: Int, _ b: Double) -> Bool {
    if b >= 0x1p63 { return true }
    // False for NaN, too.
    guard b > -0x1p63 else { return false }
    return a < Int(b.rounded(.up))
  }

  @inline(__always)
  static func isLess(_ a: Double, _ b: Int) -> Bool {
    if a < -0x1p63 { return true }
    guard a < 0x1p63 else { return false }
    return Int(a.rounded(.down)) < b
  }

  // MARK: Division

  /// The float nearest to a quotient; the divisor is not 0.
  public static func quotient(_ x: Int, _ y: Int) -> Double {
    let (a, b) = (x.magnitude, y.magnitude)
    if a <= 1 << 53, b <= 1 << 53 || a == 0 { return Double(x) / Double(y) }
    // At least 64 bits of the quotient; a rest, and bits beyond the 64, only decide between halves.
    let shift = a.leadingZeroBitCount
    let (whole, rest) = (UInt128(a << shift) << 64).quotientAndRemainder(dividingBy: UInt128(b))
    let drop = 64 - whole.leadingZeroBitCount
    var top = UInt64(truncatingIfNeeded: whole >> drop)
    if rest != 0 || whole & ((1 << drop) - 1) != 0 { top |= 1 }
    return Double(
      sign: (x < 0) == (y < 0) ? .plus : .minus, exponent: drop - 64 - shift,
      significand: Double(top))
  }

  /// A quotient as a whole number, nil if it does not fit; the divisor is not 0.
  static func divided(_ x: Int, by y: Int) -> Int? {
    signed(divided(UInt128(x.magnitude), by: UInt128(y.magnitude)), (x < 0) != (y < 0))
  }

  /// Likewise for a float.
  static func divided(_ x: Int, by y: Double) -> Int? {
    guard y.isFinite else { return y.isNaN ? nil : 0 }
    if x == 0 { return 0 }
    let (bits, exponent) = parts(y)
    var dividend = UInt128(x.magnitude)
    var divisor = UInt128(bits)
    if exponent < 0 {
      // Where this does not fit, the quotient is beyond 64 bits by far.
      guard -exponent <= dividend.leadingZeroBitCount else { return nil }
      dividend <<= -exponent
    } else {
      if exponent > 70 { return 0 }
      divisor <<= exponent
    }
    return signed(divided(dividend, by: divisor), (x < 0) != (y < 0))
  }

  private static func divided(_ x: UInt128, by y: UInt128) -> UInt128 {
    let (whole, rest) = x.quotientAndRemainder(dividingBy: y)
    return rest >= y - rest ? whole + 1 : whole
  }

  // MARK: Multiplication

  /// A product as a whole number, nil if it does not fit.
  public static func product(_ x: Int, _ factor: Double) -> Int? {
    guard factor.isFinite else { return nil }
    if x == 0 || factor == 0 { return 0 }
    let (bits, exponent) = parts(factor)
    let product = UInt128(x.magnitude) * UInt128(bits)
    let isNegative = (x < 0) != (factor < 0)
    if exponent >= 0 {
      guard exponent < product.leadingZeroBitCount else { return nil }
      return signed(product << exponent, isNegative)
    }
    // The product has at most 116 bits.
    if exponent < -120 { return 0 }
    return signed((product + (1 << (-exponent - 1))) >> -exponent, isNegative)
  }

  /// A finite float other than 0 as a whole number of at most 53 bits times a power of 2.
  private static func parts(_ float: Double) -> (bits: UInt64, exponent: Int) {
    let bits = UInt64(float.significand * 0x1p52)
    let zeros = bits.trailingZeroBitCount
    return (bits >> zeros, Int(float.exponent) - 52 + zeros)
  }

  private static func signed(_ magnitude: UInt128, _ isNegative: Bool) -> Int? {
    guard let value = Int128(exactly: magnitude) else { return nil }
    return Int(exactly: isNegative ? -value : value)
  }

  // MARK: Decimals

  /// Digits with at most one point among them, times a whole number; nil beyond 127 bits.
  static func product(decimal digits: [UInt8], _ factor: Int) -> Int128? {
    let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    var whole: Int128 = 0
    for digit in digits[..<point] {
      let (product, isOver) = whole.multipliedReportingOverflow(by: 10)
      if isOver { return nil }
      whole = product + Int128(digit - 0x30)
    }
    var fraction: Int128 = 0
    var unit: Int128 = 1
    // What lies behind these is far below any unit.
    for digit in digits[point...].dropFirst().prefix(18) {
      fraction = fraction * 10 + Int128(digit - 0x30)
      unit *= 10
    }
    let (product, isOver) = whole.multipliedReportingOverflow(by: Int128(factor))
    let rest = fraction * Int128(factor)
    let (sum, isSumOver) = product.addingReportingOverflow((rest + unit / 2) / unit)
    return isOver || isSumOver ? nil : sum
  }
}

/// Nanoseconds as a number of seconds, all digits of it: `1.5`, `2`, `-0.000000001`.
public func secondsText(_ nanoseconds: Int) -> String {
  (nanoseconds < 0 ? "-" : "") + decimal(nanoseconds.magnitude, 1_000_000_000)
}

/// A number of units as a decimal, without zeros at its end; the unit is a power of 10.
func decimal(_ value: UInt, _ unit: UInt) -> String {
  let fraction = value % unit
  if fraction == 0 { return String(value / unit) }
  var digits = String(unit + fraction).dropFirst()
  while digits.last == "0" { digits.removeLast() }
  return "\(value / unit).\(digits)"
}

/// How many bytes a whole number takes in decimal, its sign included.
@inline(__always)
func decimalLength(_ number: Int) -> Int {
  var rest = number.magnitude
  var length = number < 0 ? 1 : 0
  while rest >= 10_000 {
    rest /= 10_000
    length += 4
  }
  return length + (rest < 10 ? 1 : rest < 100 ? 2 : rest < 1000 ? 3 : 4)
}

/// Writes a whole number in decimal; yields how many bytes it took.
@inline(__always)
func writeDecimal(_ number: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
  let length = decimalLength(number)
  var rest = number.magnitude
  var at = length
  // Divisions wait for each other, so two digits for each.
  while rest >= 10 {
    let pair = UInt8(truncatingIfNeeded: rest % 100)
    rest /= 100
    at -= 2
    target[at] = pair / 10 + 0x30
    target[at + 1] = pair % 10 + 0x30
  }
  if at > (number < 0 ? 1 : 0) { target[at - 1] = UInt8(truncatingIfNeeded: rest) + 0x30 }
  if number < 0 { target[0] = UInt8(ascii: "-") }
  return length
}
