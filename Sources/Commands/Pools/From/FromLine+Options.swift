import Language

/// What options mean that xargs and GNU parallel have in common.
extension FromLine {
  mutating func take(_ given: FromGiven) throws {
    let value = given.value
    switch given.option.meaning {
    case .flag(let flag): add(flag, value)
    case .duration(let flag):
      guard let time = FromValues.duration(given.text) else {
        throw FromLine.wrong(given, "a time")
      }
      add(flag, time)
    case .size(let flag):
      guard let size = FromValues.size(given.text) else { throw FromLine.wrong(given, "a size") }
      add(flag, size)
    case .needless(let why): remark("\(given.written): not needed, \(why)")
    case .missing(let how): remark("\(given.written): has no equal; \(how)")
    case .special: break
    }
  }

  static func wrong(_ given: FromGiven, _ what: String) -> ErrorObject {
    ErrorObject(.arity, "the value of '\(given.written)' is not \(what)")
  }

  /// Inputs end with a character.
  mutating func addDelimiter(_ given: FromGiven) {
    switch FromValues.delimiter(given.text) {
    case "\n"?: break  // A line's end is the usual.
    case "\0"?, nil: add("-0")
    case "\t"?: add("--delimiter", "\\t")
    case let delimiter?: add("--delimiter", delimiter)
    }
  }

  /// A variable has the number of the place of the program among those that run.
  mutating func addSlot(_ given: FromGiven) {
    slotVariable = given.text
    remark("\(given.written): {%} counts from 1, not from 0")
  }

  /// What is to be said of the whole line.
  mutating func addTraits() {
    guard has("-X"), flags.contains(where: { $0.first == "-j" && $0 != ["-j", "1"] }) else {
      return
    }
    remark("the inputs that are left at the end are shared evenly among the calls")
  }
}
