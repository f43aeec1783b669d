/// One instruction in 64 bits: the operation in bits 0 to 7, operands A, B and C of 16 bits each
/// above bit 16.
///
/// A jump's distance stands in B and C (32 bits), a conditional one's in C and the spare bits 8 to
/// 15 (24 bits); both count from the following instruction.
typealias Instruction = UInt64

enum Op: UInt8 {
  // Moving values. K is an index into the constants.
  case move  // A = B
  case take  // A = B, B = null
  case loadK  // A = K(B and C)
  case loadWord  // A = what argument SPARE of site C was converted to, or K(B)
  case loadNull  // A = null
  case getCell  // A = cell in B
  case setCell  // cell in A = B
  case newCell  // A = new cell holding A
  case emptyCell  // A = new cell holding K(B)
  case getCaptured  // A = captured B
  case setCaptured  // captured A = B
  case getGlobal  // A = cell K(B)
  case setGlobal  // cell K(A) = B
  case getFunction  // A = function of the site's global B
  case getLive  // A = live variable named K(B)
  case defineFunction  // global function B = closure A

  // Arithmetic.
  case add, subtract, multiply, divide, floorDivide, remainder  // A = B op C
  case addInt  // A = B + signed C
  case negate, not  // A = op B
  case equal, notEqual, less, lessEqual, contained  // A = B op C
  case makeRange  // A = B..C, of the RangeKind in the spare bits
  case requireBool  // error unless A is a bool

  // Jumps.
  case jump
  case jumpTrue, jumpFalse  // on A
  case jumpLess, jumpNotLess, jumpLessEqual, jumpNotLessEqual  // A op B
  case jumpEqual, jumpNotEqual
  case jumpLessK, jumpNotLessK, jumpLessEqualK, jumpNotLessEqualK  // A op K(B)
  case jumpGreaterK, jumpNotGreaterK, jumpGreaterEqualK, jumpNotGreaterEqualK
  case jumpEqualK, jumpNotEqualK
  case jumpGiven  // unless A is missing
  case jumpNotNull  // A
  case jumpIsFalse, jumpIsNotFalse  // A is exactly false, or not

  // Building values.
  case concat  // A = text of B, B+1, … (C of them)
  case quote  // A = text of A with pattern characters escaped
  case makeList  // A = list of B, … (C)
  case append  // list A += item B
  case extend  // list A += items of B
  case makeMap  // A = map of B: B+1, … (C pairs)
  case makeClosure  // A = closure of function B

  // Taking apart. Soft ones yield null where there is no such key.
  // With spare bits 1, B is a temporary and lets go of its value, so that a list in a variable
  // stays the only holder of its items.
  case index, softIndex  // A = B[C]
  case field, softField  // A = B.K(C)
  case setPath  // place of the next word, keys A… (B of them), value C; C and temporary keys go
  case addToPath  // place of the next word, keys A… (B of them) += C, as spare (PathAddition) says
  case addTo  // place A (kind) B += C
  case push  // place A (kind) B += [C]
  case addToOld  // place A (kind) B = C + (C+1), or C + [C+1] if spare is 1
  case setEnvironment  // env.K(A) = B

  // Calls: the result comes to A, arguments stand from A+1 on.
  case callNative, callGlobal, callValue, callDynamic  // A, site B, C arguments
  case pipeline  // A = outcome of pipeline site B, values from A on
  case returnValue  // A

  // Inline blocks: between `enterInline` and `pushTry` nothing is attended to.
  case enterInline  // A = what site B's enter yields, C arguments behind it
  case inlineValue  // A = the value for the block's parameter, of the token in C
  case leaveInline  // A: taken and handed to site B's leave; errors are dropped if spare is 1
  case select  // A, A+1, A+2 = arm, value, origin by site B, C arguments from A+1 on

  // Loops.
  case loopStart  // checks that A can be looped over
  case loopNext  // A+2 (and A+3 if B is 2) = next item of A, then jump; else go on
  case loopEnd  // lets go of A

  // Errors.
  case pushTry  // handler for A at the jump's target
  case popTry
  case catchKinds  // jump unless the error in A is of the kinds K(B)
  case throwValue  // A
  case rethrow  // A
  case rethrowEnd  // A, if it is the end of the process or Ctrl-C
  case raise  // the error K(A)

  // The rest.
  case checkType  // argument A against type B; named K(C) if spare is 1
  case discard  // A: prints a report
  case printValue  // A: printed unless it is null, which it becomes
  case unreport  // A: its plain value
  case isReport  // A = whether B is a report
  case markReport  // A: a report if B is true
  case timeStart  // A = monotonic clock
  case timeEnd  // A = report of the time since A
}

/// What `makeRange` makes.
enum RangeKind: Int {
  case exclusive = 0
  case inclusive
  /// Inclusive, or text where an end is no whole number.
  case word
}

/// How `addToPath` adds.
struct PathAddition: OptionSet {
  let rawValue: Int
  /// The value becomes one item of a list.
  static let isItem = PathAddition(rawValue: 1)
  /// In front of the value stands what the path led to before that was made.
  static let hasOld = PathAddition(rawValue: 2)
}

enum Place: Int {
  case register = 0
  case cell
  case captured
  case global
}

extension UInt64 {
  init(_ op: Op, a: Int = 0, b: Int = 0, c: Int = 0, spare: Int = 0) {
    self =
      UInt64(op.rawValue) | UInt64(UInt8(truncatingIfNeeded: spare)) << 8
      | UInt64(UInt16(truncatingIfNeeded: a)) << 16 | UInt64(UInt16(truncatingIfNeeded: b)) << 32
      | UInt64(UInt16(truncatingIfNeeded: c)) << 48
  }

  @inline(__always) var op: Op { unsafeBitCast(UInt8(truncatingIfNeeded: self), to: Op.self) }
  @inline(__always) var spare: Int { Int(UInt8(truncatingIfNeeded: self >> 8)) }
  @inline(__always) var a: Int { Int(UInt16(truncatingIfNeeded: self >> 16)) }
  @inline(__always) var b: Int { Int(UInt16(truncatingIfNeeded: self >> 32)) }
  @inline(__always) var c: Int { Int(truncatingIfNeeded: self >> 48) }
  @inline(__always) var signedC: Int { Int(Int16(truncatingIfNeeded: self >> 48)) }
  @inline(__always) var wide: Int { Int(truncatingIfNeeded: self >> 32) }
  @inline(__always) var jump: Int { Int(Int32(truncatingIfNeeded: self >> 32)) }
  @inline(__always) var shortJump: Int {
    Int(Int32(truncatingIfNeeded: (self >> 48) << 16 | (self & 0xFF00)) >> 8)
  }

  func with(jump: Int) -> UInt64 {
    self & 0xFFFF_FFFF | UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: jump))) << 32
  }

  func with(shortJump: Int) -> UInt64 {
    let bits = UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: shortJump)))
    return self & 0x0000_FFFF_FFFF_00FF | (bits & 0xFF) << 8 | (bits >> 8 & 0xFFFF) << 48
  }
}
