/// What somebody meant who wrote an operator of another language, so that its word became a command.
///
/// - Returns: what to write instead of `x //= 1`, `x ++`, `! true`; nil if it is nothing of the kind.
func slip(_ word: String, at location: Location) -> String? {
  if word.first == "!" {
    let operand = word.dropFirst()
    let isSlip = operand.isEmpty || isName(String(operand)) || operand.first == "$"
    return isSlip ? "'!' is no operator; write 'not \(operand.isEmpty ? "…" : operand)'" : nil
  }
  if ["ok", "status", "time"].contains(word) {
    return "'\(word)' stands before a command: \(word) COMMAND ARGUMENT…"
  }
  guard word.utf8.allSatisfy({ isVariableByte($0) }) else { return nil }
  let bytes = location.source.bytes
  let start = Int(location.span.end)
  var end = start
  while end < bytes.count, bytes[end] != 0x0A, bytes[end] != UInt8(ascii: ";") { end += 1 }
  let rest = location.source.text(Span(start, end)).split(separator: " ", maxSplits: 1)
  guard let sign = rest.first.map(String.init) else { return nil }
  let operand = rest.count > 1 ? String(rest[1]) : "…"
  if word == "export" {
    let parts = sign.split(separator: "=", maxSplits: 1)
    let name = parts.first.map(String.init) ?? sign
    let value = parts.count > 1 ? "\"\(parts[1])\"" : "…"
    return "write 'env.\(name) = \(value)'; programs see it from then on"
  }
  switch sign {
  case "//=", "%=", "??=":
    return "there is no '\(sign)'; write '\(word) = $\(word) \(sign.dropLast()) \(operand)'"
  case "++", "--": return "there is no '\(sign)'; write '\(word) \(sign.prefix(1))= 1'"
  case ":=": return "write 'let \(word) = \(operand)', or '\(word) = …' for a variable"
  case "==", "!=", "<=", ">=":
    return "for the value of a variable write '$\(word) \(sign) \(operand)'"
  default: return nil
  }
}

private func isVariableByte(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: "_") || (0x30..<0x3A).contains(byte) || (0x61..<0x7B).contains(byte | 0x20)
}
