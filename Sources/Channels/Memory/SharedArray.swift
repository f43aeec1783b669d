import CPosix
import Posix

/// Numbers or characters that processes share: every get, set, add and compare-and-swap of one
/// element is atomic; several together are not, except under the lock.
public final class SharedArray: Channel {
  struct State {
    var type: UInt32
    var isScalar: UInt32
    var count: UInt64
    /// Of an array of characters: which of its two copies is current.
    var current: UInt32
    var padding: UInt32
    var ownership: OwnershipState
  }

  /// The largest number of bytes.
  public static let mostBytes = 1 << 34

  /// What each element is.
  public let type: ElementType
  /// How many elements.
  public let count: Int
  private let state: UnsafeMutablePointer<State>
  private let ownership: Ownership

  /// Makes memory whose elements are zero.
  ///
  /// - Parameter isScalar: one element that is no array.
  public init(_ type: ElementType, count: Int, isScalar: Bool = false) throws {
    guard count >= 1, count <= SharedArray.mostBytes / type.size else {
      throw ChannelError.tooLarge(limit: SharedArray.mostBytes / type.size)
    }
    let size = SharedArray.size(type, count)
    let memory = try ChannelMemory(kind: Kind.memory.rawValue, bodySize: size)
    try memory.commit(ChannelMemory.bodyOffset, size)
    state = memory.state(State.self)
    state.pointee = State(
      type: type.rawValue, isScalar: isScalar ? 1 : 0, count: UInt64(count), current: 0, padding: 0,
      ownership: OwnershipState())
    self.type = type
    self.count = count
    let bell = try Channel.makeBell()
    ownership = SharedArray.ownership(state, bell)
    super.init(kind: .memory, bells: [bell], memory: memory)
  }

  /// From descriptors that came from another process.
  public init(adopting descriptors: [Int32]) throws(SystemError) {
    let (memory, rest) = try Channel.adopt(
      descriptors, kind: .memory, bells: 1)
    state = memory.state(State.self)
    guard let type = ElementType(rawValue: state.pointee.type),
      state.pointee.count <= UInt64(SharedArray.mostBytes / type.size),
      ChannelMemory.bodyOffset + SharedArray.size(type, Int(state.pointee.count)) <= memory.size
    else {
      for fd in rest { Descriptors.close(fd) }
      throw SystemError(call: "recvmsg", code: 74)  // EBADMSG
    }
    self.type = type
    count = Int(state.pointee.count)
    ownership = SharedArray.ownership(state, rest[0])
    super.init(kind: .memory, bells: rest, memory: memory)
  }

  // A text has two copies, of which one is current.
  private static func size(_ type: ElementType, _ count: Int) -> Int {
    count * type.size * (type == .char ? 2 : 1)
  }

  private static func ownership(_ state: UnsafeMutablePointer<State>, _ bell: Int32) -> Ownership {
    let offset = MemoryLayout<State>.offset(of: \.ownership) ?? 24
    let inner = (UnsafeMutableRawPointer(state) + offset).assumingMemoryBound(
      to: OwnershipState.self)
    return Ownership(state: inner, bell: bell)
  }

  /// Whether it is one element rather than an array.
  public var isScalar: Bool { state.pointee.isScalar != 0 }

  /// Bytes that the elements take.
  public var byteCount: Int { count * type.size }

  @inline(__always)
  private func place(_ index: Int) -> UnsafeMutableRawPointer {
    memory.base + (ChannelMemory.bodyOffset + index * type.size)
  }

  // MARK: Whole numbers

  /// An element as bits, sign-extended.
  @inline(__always)
  public func load(_ index: Int) -> Int {
    let place = place(index)
    switch type {
    case .int8: return Int(place.atomicLoad(as: Int8.self))
    case .uint8, .bool: return Int(place.atomicLoad(as: UInt8.self))
    case .int16: return Int(place.atomicLoad(as: Int16.self))
    case .uint16: return Int(place.atomicLoad(as: UInt16.self))
    case .int32: return Int(Int32(bitPattern: brood_load32(place.word32)))
    case .uint32, .float, .char: return Int(brood_load32(place.word32))
    case .int64, .uint64, .double: return Int(bitPattern: UInt(brood_load64(place.word64)))
    }
  }

  /// Sets an element to the lowest bits of a number.
  @inline(__always)
  public func store(_ index: Int, _ bits: Int) {
    let place = place(index)
    switch type.size {
    case 1: place.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
    case 2: place.storeBytes(of: UInt16(truncatingIfNeeded: bits), as: UInt16.self)
    case 4: brood_store32(place.word32, UInt32(truncatingIfNeeded: bits))
    default: brood_store64(place.word64, UInt64(truncatingIfNeeded: bits))
    }
  }

  /// Sets an element to new bits if it has the expected ones.
  @inline(__always)
  public func exchange(_ index: Int, expected: Int, new: Int) -> Bool {
    let place = place(index)
    switch type.size {
    case 1:
      return brood_cas8(
        place.assumingMemoryBound(to: UInt8.self), UInt8(truncatingIfNeeded: expected),
        UInt8(truncatingIfNeeded: new))
    case 2:
      return brood_cas16(
        place.assumingMemoryBound(to: UInt16.self), UInt16(truncatingIfNeeded: expected),
        UInt16(truncatingIfNeeded: new))
    case 4:
      return brood_cas32(
        place.word32, UInt32(truncatingIfNeeded: expected), UInt32(truncatingIfNeeded: new))
    default:
      return brood_cas64(
        place.word64, UInt64(truncatingIfNeeded: expected), UInt64(truncatingIfNeeded: new))
    }
  }

  /// Adds to an element of whole numbers; yields the new value, nil if it does not fit.
  @inline(__always)
  public func add(_ index: Int, _ amount: Int) -> Int? {
    guard let range = type.range else { return nil }
    while true {
      let old = load(index)
      let (sum, overflow) = old.addingReportingOverflow(amount)
      if overflow || !range.contains(sum) { return nil }
      if exchange(index, expected: old, new: sum) { return sum }
    }
  }

  // MARK: Floats

  /// The value of an element's bits.
  public func float(_ bits: Int) -> Double {
    type == .float
      ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      : Double(bitPattern: UInt64(truncatingIfNeeded: bits))
  }

  /// The bits of a value.
  public func bits(_ value: Double) -> Int {
    type == .float
      ? Int(Float(value).bitPattern) : Int(bitPattern: UInt(value.bitPattern))
  }

  /// Adds to an element of floats; yields the new value.
  public func add(_ index: Int, _ amount: Double) -> Double {
    while true {
      let old = load(index)
      let new = bits(float(old) + amount)
      if exchange(index, expected: old, new: new) { return float(new) }
    }
  }

  // MARK: Text

  private func text(_ copy: UInt32) -> UnsafeMutablePointer<UInt32> {
    (memory.base + (ChannelMemory.bodyOffset + Int(copy & 1) * count * 4))
      .assumingMemoryBound(to: UInt32.self)
  }

  /// The text of an array of characters, up to the first NUL; never a mixture of two.
  public func text(_ wait: Wait) throws -> [UInt32] {
    try lock(wait)
    defer { unlock() }
    let current = text(state.pointee.current)
    var length = 0
    while length < count, current[length] != 0 { length += 1 }
    return Array(UnsafeBufferPointer(start: current, count: length))
  }

  /// Characters of a range of places, NULs included.
  public func characters(_ range: Range<Int>, _ wait: Wait) throws -> [UInt32] {
    try lock(wait)
    defer { unlock() }
    let current = text(state.pointee.current)
    return range.map { current[$0] }
  }

  /// Writes characters from a place on, the rest of the array as `fillsUp` says: NUL, or left alone.
  ///
  /// A death on the way leaves the text as it was. Throws `tooLarge` if they do not fit.
  public func write(
    _ scalars: [UInt32], at start: Int, fillsUp: Bool, _ wait: Wait
  ) throws {
    guard start >= 0, start + scalars.count <= count else {
      throw ChannelError.tooLarge(limit: count)
    }
    try lock(wait)
    let current = state.pointee.current
    let old = text(current)
    let new = text(current ^ 1)
    new.update(from: old, count: count)
    for (i, scalar) in scalars.enumerated() { new[start + i] = scalar }
    if fillsUp {
      for i in (start + scalars.count)..<count { new[i] = 0 }
    }
    brood_store32(&state.pointee.current, current ^ 1)
    unlock()
  }

  // MARK: The lock that goes with it

  /// Takes it; yields how a previous holder ended that died with it.
  ///
  /// - Parameter again: also if this process holds it already; to be given back as often.
  @discardableResult
  public func acquire(_ wait: Wait, again: Bool = false) throws -> Ending? {
    try OperationPoint.pass(.memoryLock, self) {
      try ownership.acquire(self, isReentrant: again, wait)
    }
  }

  /// Gives it back; throws `notHeld` if this process does not hold it.
  public func release(_ wait: Wait) throws {
    try OperationPoint.pass(.memoryUnlock, self) {
      try ownership.release(self, wait)
    }
  }

  override func prospect(of verb: OperationPoint.Verb) -> Prospect {
    verb == .memoryLock ? ownership.prospect : .goes
  }

  /// The process that holds it; nil if it is free, or its holder is dead.
  public var holder: ProcessIdentity? {
    let holder = ownership.holder
    return holder.isNoProcess || !holder.isLiving ? nil : holder
  }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  var word32: UnsafeMutablePointer<UInt32> { assumingMemoryBound(to: UInt32.self) }

  @inline(__always)
  var word64: UnsafeMutablePointer<UInt64> { assumingMemoryBound(to: UInt64.self) }

  /// One or two bytes: a plain load is atomic on every machine.
  @inline(__always)
  func atomicLoad<T: FixedWidthInteger>(as type: T.Type) -> T { load(as: type) }
}
