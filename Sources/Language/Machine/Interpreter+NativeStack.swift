/// The machine's own stack, which grows where a built-in runs a block.
extension Interpreter {
  /// Built-ins may always be nested so deep.
  static let certainNativeDepth = 16
  /// And so deep where it is not known how much stack there is.
  private static let unknownNativeDepth = 300
  /// Bytes left for what a built-in does by itself, as walking through nested values.
  private static let reserve: UInt = 1 << 20

  /// Whether there is stack for one more built-in that runs a block.
  @inline(never)
  func hasStack() -> Bool {
    var mark: UInt8 = 0
    let here = withUnsafeMutablePointer(to: &mark) { UInt(bitPattern: $0) }
    if stackLimit == 0 {
      let end = host.stackEnd ?? here
      let room = here > end ? here - end : 0
      stackLimit = room == 0 ? 1 : end + min(Interpreter.reserve, room / 2)
    }
    if stackLimit == 1 { return nativeDepth <= Interpreter.unknownNativeDepth }
    return here > stackLimit && nativeDepth <= Interpreter.maximumNativeDepth
  }
}
