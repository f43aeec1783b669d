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
