/// Entering and leaving functions: frames, and the registers that belong to them.
extension Interpreter {
  /// The machine goes on in the topmost frame.
  @inline(__always)
  func resume(
    _ frame: inout UnsafeMutablePointer<Frame>, _ pc: inout UnsafePointer<Instruction>,
    _ base: inout Slot, _ constants: inout UnsafeMutablePointer<Value>,
    _ cells: inout UnsafeMutablePointer<Cell>?
  ) {
    frame = self.frame(frameCount - 1)
    pc = frame.pointee.pc
    base = frame.pointee.base
    constants = frame.pointee.code.pointee.constants
    cells = frame.pointee.cells
  }

  /// Lets go of what a frame's registers hold.
  @inline(__always)
  func clear(_ base: Slot, _ count: Int) {
    var slot = base
    let end = base + count
    while slot < end {
      if !slot.isTrivial { slot.pointee = .null }
      slot += 1
    }
  }

  @inline(__always)
  func pushFrame(
    _ code: UnsafeMutablePointer<FunctionCode>, _ cells: UnsafeMutablePointer<Cell>?, _ base: Slot,
    _ wantsValue: Bool, isEntry: Bool = false
  ) throws {
    if frameCount >= Interpreter.maximumFrames
      || base + (code.pointee.registerCount + 512) > stackEnd
    {
      throw tooDeep()
    }
    frame(frameCount).initialize(
      to: Frame(
        code: code, cells: cells, base: base, pc: UnsafePointer(code.pointee.code),
        wantsValue: wantsValue, isEntry: isEntry))
    frameCount += 1
  }

  /// Runs what waits for attention, with the registers above this frame free for it.
  @inline(never)
  func attend(_ frame: UnsafeMutablePointer<Frame>) throws {
    top = frame.pointee.base + frame.pointee.code.pointee.registerCount
    try host.attend(self)
  }
}
