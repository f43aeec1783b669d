/// How many bytes a whole number takes in decimal, its sign included.
@inline(__always)
func decimalLength(_ number: Int) -> Int {
  var rest = number.magnitude
  var length = number < 0 ? 2 : 1
  while rest >= 10 {
    rest /= 10
    length += 1
  }
  return length
}

/// Writes a whole number in decimal; yields how many bytes it took.
@inline(__always)
func writeDecimal(_ number: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
  let length = decimalLength(number)
  var rest = number.magnitude
  var at = length
  repeat {
    at -= 1
    target[at] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
    rest /= 10
  } while rest > 0
  if number < 0 { target[0] = UInt8(ascii: "-") }
  return length
}
