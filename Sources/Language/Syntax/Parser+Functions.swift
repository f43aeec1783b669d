/// Functions and their parameters.
extension Parser {
  mutating func functionDeclaration() throws -> FunctionDeclaration {
    let start = position
    guard isNameStart(byte) else { throw unexpected(expecting: "the function's name") }
    position = wordNameEnd(position)
    let nameSpan = Span(start, position)
    let name = source.text(nameSpan)
    if Parser.keywords.contains(name) {
      throw error("'\(name)' is a keyword, so it cannot name a function", nameSpan)
    }
    skipBlanks()
    var parameters: [ParameterNode] = []
    if byte == UInt8(ascii: "(") {
      let open = position
      position += 1
      parameters = try bracketed(open, close: UInt8(ascii: ")")) { try $0.parameters(until: 0x29) }
    }
    let body = try block()
    let node = FunctionNode(
      name: name, parameters: parameters, hasParameterList: true, body: body,
      span: Span(start, position))
    return FunctionDeclaration(name: name, nameSpan: nameSpan, function: node)
  }

  /// Parameters up to the closing byte, which is left in place.
  mutating func parameters(until close: UInt8) throws -> [ParameterNode] {
    var result: [ParameterNode] = []
    skipBlanks()
    while byte != close {
      if isAtEnd { throw error("this list of parameters is not closed", partial: true) }
      let parameter = try parameter()
      if result.contains(where: { $0.name == parameter.name }) {
        throw error("two parameters are named '\(parameter.name)'", parameter.span)
      }
      if result.last?.role == .rest, parameter.role != .flag {
        throw error("nothing but flags can follow a rest parameter", parameter.span)
      }
      if parameter.role == .positional, parameter.defaultValue == nil,
        result.contains(where: { $0.role == .positional && $0.defaultValue != nil })
      {
        throw error("a parameter without a default follows one with a default", parameter.span)
      }
      result.append(parameter)
      skipBlanks()
      if byte == UInt8(ascii: ",") {
        position += 1
        skipBlanks()
      } else if byte != close, !isAtEnd {
        throw unexpected(expecting: "',' or '\(Character(Unicode.Scalar(close)))'")
      }
    }
    if result.count > 200 { throw error("a function can have at most 200 parameters") }
    return result
  }

  mutating func parameter() throws -> ParameterNode {
    let start = position
    var role = ParameterNode.Role.positional
    var name: String
    if bytes[position...].starts(with: [0x2E, 0x2E, 0x2E]) {
      role = .rest
      position += 3
      (name, _) = try variableName()
    } else if byte == UInt8(ascii: "-"), byte(at: 1) == UInt8(ascii: "-") {
      role = .flag
      position += 2
      let nameStart = position
      guard isNameStart(byte) else { throw unexpected(expecting: "the flag's name") }
      position = wordNameEnd(position)
      name = source.text(Span(nameStart, position))
      sink?.flagNames.append(name)
    } else {
      (name, _) = try variableName()
    }
    let nameEnd = position
    var typeName: String?
    var typeSpan = Span(position, position)
    skipBlanks()
    if byte == UInt8(ascii: ":") {
      position += 1
      skipBlanks()
      let typeStart = position
      position = wordNameEnd(position)
      typeSpan = Span(typeStart, position)
      typeName = source.text(typeSpan)
      expect(.typeName, from: typeStart)
      skipBlanks()
    }
    var defaultValue: Expression?
    if byte == UInt8(ascii: "="), byte(at: 1) != UInt8(ascii: "=") {
      if role == .rest { throw error("a rest parameter has no default") }
      position += 1
      skipBlanks()
      defaultValue = try expression()
    }
    return ParameterNode(
      name: name, role: role, typeName: typeName, typeSpan: typeSpan, defaultValue: defaultValue,
      span: Span(start, max(nameEnd, start)))
  }
}
