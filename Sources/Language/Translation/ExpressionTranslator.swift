/// What the writers of notations that have expressions share: operands, names that are made up.
protocol ExpressionTranslator: AnyObject {
  var reader: TranslationReader { get }
  /// How many names were made up, by their prefixes.
  var counters: [String: Int] { get set }
  /// Lines that were written so far, indented.
  var lines: [String] { get set }

  /// An expression and how strongly it binds, 10 at most; lines that it needs before it are written.
  ///
  /// - Parameters:
  ///   - name: of the variable that is to hold it; it yields that name if it does already.
  ///   - isStatement: whether its value is not used.
  func term(
    _ node: Expression, into name: String?, isStatement: Bool
  ) -> (text: String, level: Int)
}

extension ExpressionTranslator {
  func expression(
    _ node: Expression, into name: String? = nil, isStatement: Bool = false
  ) -> String {
    term(node, into: name, isStatement: isStatement).text
  }

  /// With parentheses where it binds less than a level.
  func operand(_ node: Expression, _ level: Int) -> String {
    let (text, own) = term(node, into: nil, isStatement: false)
    return own < level ? "(\(text))" : text
  }

  /// Two operands with a sign between them, which binds to the left.
  func joined(
    _ left: Expression, _ sign: String, _ right: Expression, _ level: Int
  ) -> (text: String, level: Int) {
    ("\(operand(left, level)) \(sign) \(operand(right, level + 1))", level)
  }

  /// A condition, and the lines that must come before each time it is looked at.
  func condition(_ node: Expression) -> (text: String, before: [String]) {
    let count = lines.count
    let text = expression(node)
    let before = Array(lines[count...])
    lines.removeLast(before.count)
    return (text, before)
  }

  func fresh(_ prefix: String) -> String {
    counters[prefix, default: 0] += 1
    return "\(prefix)\(counters[prefix] ?? 1)"
  }
}

extension BinaryOperator {
  /// How strongly it binds, in C as in Python; negation is 8.
  var level: Int {
    switch self {
    case .add, .subtract: 6
    case .multiply, .divide, .floorDivide, .remainder: 7
    default: 4
    }
  }
}
