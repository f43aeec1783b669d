import Testing

@testable import Language

@Suite("The layout of values that the machine relies on")
struct SlotLayoutTests {
  private func tag(_ value: Value) -> UInt8 {
    var value = value
    return withUnsafeMutablePointer(to: &value) { $0.tag }
  }

  private func isTrivial(_ value: Value) -> Bool {
    var value = value
    return withUnsafeMutablePointer(to: &value) { $0.isTrivial }
  }

  @Test func aValueIsSixteenBytesApart() {
    #expect(MemoryLayout<Value>.size == 9)
    #expect(MemoryLayout<Value>.stride == 16)
  }

  @Test func tagsAreNumberedInOrderOfDeclaration() {
    #expect(tag(.bool(true)) == Tag.bool)
    #expect(tag(.int(-1)) == Tag.int)
    #expect(tag(.float(1)) == Tag.float)
    #expect(tag(.text("x")) == Tag.string)
    #expect(tag(.items([])) == Tag.list)
    #expect(tag(.map(MapObject())) == Tag.map)
    #expect(tag(.range(RangeObject(1, 2, inclusive: true))) == Tag.range)
    #expect(tag(.report(ReportObject(.null))) == Tag.report)
    #expect(tag(.cell(Cell(.null))) == Tag.lastReference)
    #expect(tag(.null) == Tag.empty)
    #expect(tag(.missing) == Tag.empty)
  }

  @Test func onlyReferencesOwnSomething() {
    let trivial: [Value] = [
      .null, .missing, .bool(false), .int(1), .float(1), .duration(1), .size(1), .time(1),
    ]
    for value in trivial { #expect(isTrivial(value), "\(value)") }
    let owning: [Value] = [
      .text("x"), .bytes(BytesObject([])), .items([]), .map(MapObject()), .cell(Cell(.null)),
      .error(ErrorObject(.thrown, "x")), .stream(StreamObject()), .handle(Handle()),
    ]
    for value in owning { #expect(!isTrivial(value), "\(value)") }
  }

  @Test func payloadsLieInTheFirstEightBytes() {
    var int = Value.int(0x1234_5678_9ABC)
    #expect(withUnsafeMutablePointer(to: &int) { $0.rawInt } == 0x1234_5678_9ABC)
    var float = Value.float(2.5)
    #expect(withUnsafeMutablePointer(to: &float) { $0.rawFloat } == 2.5)
    var bool = Value.bool(true)
    #expect(withUnsafeMutablePointer(to: &bool) { $0.rawBool })
    let list = ListObject([])
    var value = Value.list(list)
    #expect(
      withUnsafeMutablePointer(to: &value) {
        $0.object(ListObject.self).takeUnretainedValue() === list
      })
  }

  @Test func zeroedMemoryIsAValue() {
    let slot = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    UnsafeMutableRawPointer(slot).initializeMemory(as: UInt8.self, repeating: 0, count: 16)
    defer { slot.deallocate() }
    #expect(slot.isTrivial)
    slot.setInt(5)
    #expect(slot.pointee.equals(.int(5)))
  }

  @Test func jumpsKeepTheirDistance() {
    for distance in [0, 1, -1, 8_000_000, -8_000_000] {
      let short = Instruction(.jumpLess, a: 513, b: 65535).with(shortJump: distance)
      #expect(short.shortJump == distance)
      #expect(short.a == 513 && short.b == 65535 && short.op == .jumpLess)
      #expect(Instruction(.jump).with(jump: distance).jump == distance)
    }
  }
}
