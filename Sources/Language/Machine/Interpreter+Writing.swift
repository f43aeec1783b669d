/// Writing inside values: paths, appending in place.
extension Interpreter {
  /// The place that the second word of an instruction names.
  @inline(__always)
  func place(
    _ word: UInt64, _ base: Slot, _ constants: Slot, _ cells: UnsafeMutablePointer<Cell>?
  ) -> PlaceReference {
    place(Int(word & 0xFFFF), Int(truncatingIfNeeded: word >> 16), base, constants, cells)
  }

  @inline(__always)
  func place(
    _ kind: Int, _ index: Int, _ base: Slot, _ constants: Slot, _ cells: UnsafeMutablePointer<Cell>?
  ) -> PlaceReference {
    switch kind {
    case Place.register.rawValue: return .slot(base + index)
    case Place.captured.rawValue:
      if let cells { return .cell(cells[index]) }
      return .slot(base + index)
    default:
      let slot = (kind == Place.cell.rawValue ? base : constants) + index
      if case .cell(let cell) = slot.pointee { return .cell(cell) }
      return .slot(slot)
    }
  }

  /// A variable's storage.
  enum PlaceReference {
    case slot(Slot)
    case cell(Cell)

    @inline(__always)
    func with<R>(_ body: (Slot) throws -> R) throws -> R {
      switch self {
      case .slot(let slot): return try body(slot)
      case .cell(let cell):
        if let error = cell.value.unsetError { throw error }
        return try withUnsafeMutablePointer(to: &cell.value) { try body($0) }
      }
    }
  }

  @inline(__always)
  func push(_ place: PlaceReference, _ item: Slot) throws {
    try place.with { try push($0, item) }
  }

  @inline(__always)
  private func push(_ slot: Slot, _ item: Slot) throws {
    if slot.tag == Tag.list {
      if slot.isUnique(ListObject.self) {
        try slot.object(ListObject.self)._withUnsafeGuaranteedRef { list in
          try list.requireRoom()
          list.append(item.pointee)
        }
        if item.tag == Tag.list || item.tag == Tag.map { _ = try checkedDepth(slot.pointee) }
        return
      }
      if case .list(let list) = slot.pointee {
        try LargeMemory.require(list.items.count * 2, of: MemoryLayout<Value>.stride)
        let copy = list.copy()
        copy.append(item.pointee)
        slot.pointee = try checkedDepth(.list(copy))
        return
      }
    }
    slot.pointee = try combine(.add, slot.pointee, .items([item.pointee]))
  }

  /// `place += value`; text and lists without another holder grow in place.
  @inline(never)
  func addTo(_ place: PlaceReference, _ value: Slot) throws {
    try place.with { try addTo($0, value) }
  }

  private func addTo(_ slot: Slot, _ value: Slot) throws {
    if slot.tag == Tag.string, value.tag == Tag.string {
      let more = value.object(StringObject.self)
      // Before `own` holds a reference, and false where the value is the text itself.
      let isUnique = slot.isUnique(StringObject.self)
      try checkLength(
        slot.object(StringObject.self)._withUnsafeGuaranteedRef { $0.byteCount },
        more._withUnsafeGuaranteedRef { $0.byteCount })
      let own = slot.object(StringObject.self)
      try own._withUnsafeGuaranteedRef { own in
        try own.requireRoom(more._withUnsafeGuaranteedRef { $0.byteCount }, unique: isUnique)
      }
      let result = more._withUnsafeGuaranteedRef { more in
        more.withBytes { bytes in
          own._withUnsafeGuaranteedRef { $0.appending(bytes, unique: isUnique) }
        }
      }
      slot.pointee = .string(result)
    } else if slot.tag == Tag.list, value.tag == Tag.list, slot.isUnique(ListObject.self) {
      let more = value.object(ListObject.self)._withUnsafeGuaranteedRef { $0.items }
      try slot.object(ListObject.self)._withUnsafeGuaranteedRef { list in
        try checkItems(list.items.count, more.count)
        try list.requireRoom(more.count)
        for item in more { list.append(item) }
      }
      _ = try checkedDepth(slot.pointee)
    } else {
      slot.pointee = try combine(.add, slot.pointee, value.pointee)
    }
  }

  /// `place += value`, or `+= [value]`, with what was in it before the value was made, which stands in
  /// front of that.
  @inline(never)
  func addToOld(_ instruction: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws {
    let base = frame.pointee.base
    let (old, value) = (base + instruction.c, base + instruction.c + 1)
    let isItem = instruction.spare == 1
    let place = self.place(
      instruction.a, instruction.b, base, frame.pointee.code.pointee.constants,
      frame.pointee.cells)
    try place.with { slot in
      let isSame = slot.isSame(old)
      // The only holder again, it grows in place.
      if isSame { old.setNull() }
      let grown = isSame ? slot : old
      if isItem { try push(grown, value) } else { try addTo(grown, value) }
      if !isSame { slot.take(old) }
    }
    value.setNull()
  }

  @inline(never)
  func setPath(_ place: PlaceReference, _ keys: Slot, _ count: Int, _ value: Value) throws {
    try place.with { slot in
      try setPath(slot, keys, count, value.plain)
      if slot.pointee.depth > maximumDepth {
        throw ErrorObject(.limit, "values can be nested at most \(maximumDepth) levels deep")
      }
    }
  }

  private func setPath(_ slot: Slot, _ keys: Slot, _ count: Int, _ value: Value) throws {
    if count > 1 {
      return try within(slot, keys) { try setPath($0, keys + 1, count - 1, value) }
    }
    switch slot.tag {
    case Tag.list:
      try own(slot, list: keys) { list, at in list.set(at, value) }
    case Tag.map:
      try ownMap(slot)._withUnsafeGuaranteedRef { map in
        let key = keys.pointee.plain
        guard key.isKey else { throw badKey(key) }
        try map.requireRoom()
        map.set(key, value)
      }
    default:
      if case .handle(let handle) = slot.pointee {
        return try handle.setField(keys.pointee.asText, value)
      }
      throw unassignable(slot.pointee)
    }
  }

  /// `place path += value`, or `+= [value]`; what a path leads to grows in place like a variable.
  ///
  /// With `hasOld`, what it led to before the value was made stands before that.
  ///
  /// The frame stands behind both words of the instruction, of which the second has the path's span.
  @inline(never)
  func addToPath(_ instruction: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws {
    let base = frame.pointee.base
    let value = base + instruction.c
    let place = self.place(
      (frame.pointee.pc - 1).pointee, base, frame.pointee.code.pointee.constants,
      frame.pointee.cells)
    let (keys, count) = (base + instruction.a, instruction.b)
    let way = PathAddition(rawValue: instruction.spare)
    func add(_ item: Slot) throws {
      frame.pointee.pc -= 1
      if way.contains(.isItem) { try push(item, value) } else { try addTo(item, value) }
    }
    try place.with { slot in
      if way.contains(.hasOld) {
        let old = value - 1
        if leads(slot, keys, count, to: old) {
          old.setNull()
        } else {
          try add(old)
          frame.pointee.pc += 1
          try setPath(slot, keys, count, old.pointee.plain)
          old.setNull()
          _ = try checkedDepth(slot.pointee)
          return
        }
      }
      try addToPath(slot, keys, count, add)
      _ = try checkedDepth(slot.pointee)
    }
    value.setNull()
  }

  /// Whether a path through lists and maps still leads to what is in a register.
  private func leads(_ slot: Slot, _ keys: Slot, _ count: Int, to old: Slot) -> Bool {
    var found = slot.pointee
    for i in 0..<count {
      let key = keys[i].plain
      let next: Value? =
        switch (found, key) {
        case (.list(let list), .int(let index)): list.item(index)
        case (.map(let map), _): key.isKey ? map.get(key) : nil
        default: nil
        }
      guard let next else { return false }
      found = next
    }
    return withUnsafeMutablePointer(to: &found) { $0.isSame(old) }
  }

  private func addToPath(
    _ slot: Slot, _ keys: Slot, _ count: Int, _ add: (Slot) throws -> Void
  ) throws {
    if count == 0 { return try add(slot) }
    if count == 1, case .handle(let handle) = slot.pointee {
      var value = try index(slot.pointee, keys.pointee)
      try add(&value)
      return try handle.setField(keys.pointee.asText, value)
    }
    try within(slot, keys) { try addToPath($0, keys + 1, count - 1, add) }
  }

  /// Calls `body` with the place of an item of a list or map, which has no other holder then.
  private func within(_ slot: Slot, _ key: Slot, _ body: (Slot) throws -> Void) throws {
    switch slot.tag {
    case Tag.list:
      try own(slot, list: key) { list, at in
        try list.items.withUnsafeMutableBufferPointer { buffer in
          if let base = buffer.baseAddress { try body(base + at) }
        }
        list.noteDepth(list.items[at])
      }
    case Tag.map:
      try ownMap(slot)._withUnsafeGuaranteedRef { map in
        let plain = key.pointee.plain
        guard plain.isKey else { throw badKey(plain) }
        let done: Void? = try map.withValue(forKey: plain, body)
        if done == nil { throw missingKey(slot.pointee, plain) }
      }
    default: throw unassignable(slot.pointee)
    }
  }

  /// Calls `body` with the slot's list, its only holder being the slot, and the place of an index.
  @inline(__always)
  private func own(
    _ slot: Slot, list key: Slot, _ body: (ListObject, Int) throws -> Void
  ) throws {
    if !slot.isUnique(ListObject.self), case .list(let shared) = slot.pointee {
      try LargeMemory.require(shared.items.count, of: MemoryLayout<Value>.stride)
      slot.pointee = .list(shared.copy())
    }
    try slot.object(ListObject.self)._withUnsafeGuaranteedRef { list in
      guard case .int(let i) = key.pointee.plain else {
        throw ErrorObject(
          .type, "a list's index must be a whole number, but is \(key.pointee.described)")
      }
      let at = i < 0 ? i &+ list.items.count : i
      guard list.items.indices.contains(at) else { throw missingKey(slot.pointee, key.pointee) }
      try body(list, at)
    }
  }

  /// The slot's map, its only holder being the slot.
  private func ownMap(_ slot: Slot) throws -> Unmanaged<MapObject> {
    if !slot.isUnique(MapObject.self), case .map(let shared) = slot.pointee {
      try shared.requireCopy()
      slot.pointee = .map(shared.copy())
    }
    return slot.object(MapObject.self)
  }

  private func unassignable(_ value: Value) -> ErrorObject {
    let help: String? =
      if case .string = value { "texts cannot be changed; build a new one" } else { nil }
    return ErrorObject(
      .type, "\(value.typeName) has no items that could be assigned: \(value.excerpt)",
      help: help)
  }
}
