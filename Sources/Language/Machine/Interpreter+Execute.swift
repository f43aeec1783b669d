extension Interpreter {
  /// Runs from the topmost frame until the frame that entered the machine returns.
  func execute() throws {
    let attention = host.attention
    var frame = self.frame(frameCount - 1)
    var pc = frame.pointee.pc
    var base = frame.pointee.base
    var constants = frame.pointee.code.pointee.constants
    var cells = frame.pointee.cells

    while true {
      let instruction = pc.pointee
      pc += 1
      let a = base + instruction.a
      switch instruction.op {
      case .move: a.copy(base + instruction.b)
      case .take: a.take(base + instruction.b)
      case .loadK: a.copy(constants + instruction.wide)
      case .loadWord:
        let site = frame.pointee.code.pointee.sites + instruction.c
        if let words = site.pointee.words, (words + instruction.spare).isCurrent {
          a.copy((words + instruction.spare).value)
        } else {
          a.copy(constants + instruction.b)
        }
      case .loadNull: a.setNull()
      case .getCell:
        a.pointee = (base + instruction.b).cellValue
        if a.tag == Tag.cell { throw unset(a, frame, pc) }
      case .setCell: a.setCell((base + instruction.b).pointee)
      case .newCell: a.pointee = .cell(Cell(a.pointee))
      case .emptyCell: a.pointee = .cell(Cell((constants + instruction.b).pointee))
      case .getCaptured:
        if let cells { a.pointee = cells[instruction.b].value }
        if a.tag == Tag.cell { throw unset(a, frame, pc) }
      case .setCaptured:
        if let cells { cells[instruction.a].value = (base + instruction.b).pointee }
      case .getGlobal:
        a.pointee = (constants + instruction.b).cellValue
        if a.tag == Tag.cell { throw unset(a, frame, pc) }
      case .setGlobal: (constants + instruction.a).setCell((base + instruction.b).pointee)
      case .getFunction:
        frame.pointee.pc = pc
        a.pointee = try globalFunction(frame, instruction.b)
      case .getLive: a.pointee = host.liveVariable((constants + instruction.b).pointee.asText)
      case .defineFunction: defineFunction(frame, instruction.b, a.pointee)

      case .add:
        let x = base + instruction.b
        let y = base + instruction.c
        if a.setSum(x, y) { continue }
        frame.pointee.pc = pc
        a.pointee = try combine(.add, x.pointee, y.pointee)
      case .addInt:
        let x = base + instruction.b
        if a.setSum(x, constant: instruction.signedC) { continue }
        frame.pointee.pc = pc
        a.pointee = try addConstant(x.pointee, instruction.signedC)
      case .subtract:
        let x = base + instruction.b
        let y = base + instruction.c
        if a.setDifference(x, y) { continue }
        frame.pointee.pc = pc
        a.pointee = try combine(.subtract, x.pointee, y.pointee)
      case .multiply:
        let x = base + instruction.b
        let y = base + instruction.c
        if a.setProduct(x, y) { continue }
        frame.pointee.pc = pc
        a.pointee = try combine(.multiply, x.pointee, y.pointee)
      case .remainder:
        let x = base + instruction.b
        let y = base + instruction.c
        if a.setRemainder(x, y) { continue }
        frame.pointee.pc = pc
        a.pointee = try combine(.remainder, x.pointee, y.pointee)
      case .divide:
        frame.pointee.pc = pc
        a.pointee = try combine(
          .divide, (base + instruction.b).pointee, (base + instruction.c).pointee)
      case .floorDivide:
        frame.pointee.pc = pc
        a.pointee = try combine(
          .floorDivide, (base + instruction.b).pointee, (base + instruction.c).pointee)
      case .negate:
        frame.pointee.pc = pc
        a.pointee = try negate((base + instruction.b).pointee)
      case .not:
        let x = base + instruction.b
        guard x.tag == Tag.bool else {
          frame.pointee.pc = pc
          throw notBool(x.pointee)
        }
        a.setBool(!x.rawBool)
      case .equal:
        a.setBool((base + instruction.b).pointee.equals((base + instruction.c).pointee))
      case .notEqual:
        a.setBool(!(base + instruction.b).pointee.equals((base + instruction.c).pointee))
      case .less:
        frame.pointee.pc = pc
        a.setBool(try isLess((base + instruction.b).pointee, (base + instruction.c).pointee))
      case .lessEqual:
        frame.pointee.pc = pc
        a.setBool(try isLessEqual((base + instruction.b).pointee, (base + instruction.c).pointee))
      case .contained:
        frame.pointee.pc = pc
        a.setBool(try contains((base + instruction.c).pointee, (base + instruction.b).pointee))
      case .makeRange:
        frame.pointee.pc = pc
        a.pointee = try makeRange(
          (base + instruction.b).pointee, (base + instruction.c).pointee,
          kind: instruction.spare)
      case .requireBool:
        guard a.tag == Tag.bool else {
          frame.pointee.pc = pc
          throw notBool(a.pointee)
        }

      case .jump:
        if instruction.jump < 0 {
          try jump(&pc, instruction.jump, attention, frame)
        } else {
          pc += instruction.jump
        }
      case .jumpTrue, .jumpFalse:
        guard a.tag == Tag.bool else {
          frame.pointee.pc = pc
          throw notBool(a.pointee)
        }
        if a.rawBool == (instruction.op == .jumpTrue) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpLess, .jumpNotLess:
        if try less(a, base + instruction.b, frame, pc) == (instruction.op == .jumpLess) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpLessK, .jumpNotLessK:
        if try less(a, constants + instruction.b, frame, pc) == (instruction.op == .jumpLessK) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpGreaterK, .jumpNotGreaterK:
        if try less(constants + instruction.b, a, frame, pc) == (instruction.op == .jumpGreaterK) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpLessEqual, .jumpNotLessEqual:
        if try lessEqual(a, base + instruction.b, frame, pc) == (instruction.op == .jumpLessEqual) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpLessEqualK, .jumpNotLessEqualK:
        let isWanted = instruction.op == .jumpLessEqualK
        if try lessEqual(a, constants + instruction.b, frame, pc) == isWanted {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpGreaterEqualK, .jumpNotGreaterEqualK:
        let isWanted = instruction.op == .jumpGreaterEqualK
        if try lessEqual(constants + instruction.b, a, frame, pc) == isWanted {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpEqual, .jumpNotEqual:
        if a.equals(base + instruction.b) == (instruction.op == .jumpEqual) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpEqualK, .jumpNotEqualK:
        if a.equals(constants + instruction.b) == (instruction.op == .jumpEqualK) {
          try jump(&pc, instruction.shortJump, attention, frame)
        }
      case .jumpGiven: if !a.isMissing { pc += instruction.shortJump }
      case .jumpNotNull: if !a.pointee.isNull { pc += instruction.shortJump }
      case .jumpIsFalse:
        if a.tag == Tag.bool, !a.rawBool { pc += instruction.shortJump }
      case .jumpIsNotFalse:
        if !(a.tag == Tag.bool && !a.rawBool) { pc += instruction.shortJump }

      case .concat:
        frame.pointee.pc = pc
        a.pointee = try concatenate(base + instruction.b, instruction.c)
      case .quote: a.pointee = .text(escapePattern(a.pointee.plain.asText))
      case .makeList:
        frame.pointee.pc = pc
        let list = takeItems(base + instruction.b, instruction.c)
        a.pointee = try checkedDepth(.list(list))
      case .append:
        frame.pointee.pc = pc
        if case .list(let list) = a.pointee {
          try list.requireRoom()
          list.append((base + instruction.b).pointee)
        }
        _ = try checkedDepth(a.pointee)
      case .extend:
        frame.pointee.pc = pc
        if case .list(let list) = a.pointee {
          let items = try collect((base + instruction.b).pointee)
          try list.requireRoom(items.count)
          for item in items { list.append(item) }
        }
        _ = try checkedDepth(a.pointee)
      case .makeMap:
        frame.pointee.pc = pc
        a.pointee = try makeMap(base + instruction.b, instruction.c)
      case .makeClosure:
        a.pointee = makeClosure(frame, instruction.b)

      case .index:
        let x = base + instruction.b
        let y = base + instruction.c
        if x.tag == Tag.list, y.tag == Tag.int,
          let item = x.object(ListObject.self)._withUnsafeGuaranteedRef({ $0.item(y.rawInt) })
        {
          a.pointee = item
        } else if x.tag == Tag.map, y.tag == Tag.string,
          let item = x.object(MapObject.self)._withUnsafeGuaranteedRef({ $0.get(y.pointee) })
        {
          a.pointee = item
        } else {
          frame.pointee.pc = pc
          a.pointee = try index(x.pointee, y.pointee)
        }
        if instruction.spare == 1, x != a { x.setNull() }
      case .softIndex:
        let x = base + instruction.b
        let y = base + instruction.c
        if x.tag == Tag.map, y.tag == Tag.string,
          x.object(MapObject.self)._withUnsafeGuaranteedRef({ !$0.isLazy })
        {
          x.object(MapObject.self)._withUnsafeGuaranteedRef { map in
            if let value = map.valuePlace(forText: y) { a.copy(value) } else { a.setNull() }
          }
        } else {
          frame.pointee.pc = pc
          a.pointee = try softIndex(x.pointee, y.pointee)
        }
        if instruction.spare == 1, x != a { x.setNull() }
      case .field:
        frame.pointee.pc = pc
        let x = base + instruction.b
        a.pointee = try field(x.pointee, (constants + instruction.c).pointee)
        if instruction.spare == 1, x != a { x.setNull() }
      case .softField:
        frame.pointee.pc = pc
        let x = base + instruction.b
        a.pointee = try softField(x.pointee, (constants + instruction.c).pointee)
        if instruction.spare == 1, x != a { x.setNull() }
      case .setPath:
        frame.pointee.pc = pc
        let place = self.place(pc.pointee, base, constants, cells)
        pc += 1
        let value = base + instruction.c
        if instruction.b == 1, case .slot(let slot) = place, slot.tag == Tag.map,
          a.tag == Tag.string, value.tag < Tag.firstReference, slot.isUnique(MapObject.self)
        {
          try slot.object(MapObject.self)._withUnsafeGuaranteedRef { map in
            if let old = map.valuePlace(forText: a) {
              old.copy(value)
            } else {
              try map.requireRoom()
              map.set(a.pointee, value.pointee)
            }
          }
          if instruction.spare == 1 { a.setNull() }
        } else {
          try setPath(place, a, instruction.b, value.pointee)
          if instruction.spare == 1 { clear(a, instruction.b) }
          value.setNull()
        }
      case .addTo:
        if instruction.a == Place.register.rawValue {
          let x = base + instruction.b
          if x.setSum(x, base + instruction.c) { continue }
        }
        frame.pointee.pc = pc
        try addTo(
          place(instruction.a, instruction.b, base, constants, cells), base + instruction.c)
      case .push:
        if instruction.a == Place.register.rawValue {
          let list = base + instruction.b
          let item = base + instruction.c
          if list.tag == Tag.list, item.isFlat, list.isUnique(ListObject.self),
            list.object(ListObject.self)._withUnsafeGuaranteedRef({ $0.hasRoom })
          {
            list.object(ListObject.self)._withUnsafeGuaranteedRef { $0.appendFlat(item.pointee) }
            continue
          }
        }
        let place = self.place(instruction.a, instruction.b, base, constants, cells)
        frame.pointee.pc = pc
        try push(place, base + instruction.c)
      case .setEnvironment:
        frame.pointee.pc = pc
        try host.setEnvironment(
          (constants + instruction.a).pointee.asText, (base + instruction.b).pointee)

      case .callGlobal:
        let site = frame.pointee.code.pointee.sites + instruction.b
        frame.pointee.pc = pc
        if let entry = site.pointee.entry, let code = entry.pointee.code, code.pointee.isPlain,
          site.pointee.isSimple, instruction.c == code.pointee.positionalCount
        {
          if attention.pointee != 0 { try attend(frame) }
          try pushFrame(code, entry.pointee.cells, a + 1, site.pointee.wantsValue)
        } else {
          if attention.pointee != 0 { try attend(frame) }
          try callGlobal(site, a, instruction.c)
        }
        resume(&frame, &pc, &base, &constants, &cells)
      case .callValue:
        frame.pointee.pc = pc
        if attention.pointee != 0 { try attend(frame) }
        try callValue(frame.pointee.code.pointee.sites + instruction.b, a, instruction.c)
        resume(&frame, &pc, &base, &constants, &cells)
      case .callNative:
        frame.pointee.pc = pc
        let site = frame.pointee.code.pointee.sites + instruction.b
        top = base + frame.pointee.code.pointee.registerCount
        try callNative(site, a, instruction.c)
        if attention.pointee != 0 { try attend(frame) }
      case .enterInline:
        frame.pointee.pc = pc
        let site = frame.pointee.code.pointee.sites + instruction.b
        top = base + frame.pointee.code.pointee.registerCount
        try callNative(site, a, instruction.c)
      case .inlineValue:
        frame.pointee.pc = pc
        top = base + frame.pointee.code.pointee.registerCount
        let site = frame.pointee.code.pointee.sites + instruction.b
        a.pointee = try inlineValue(
          site.pointee.site.takeUnretainedValue(), (base + instruction.c).pointee)
      case .leaveInline:
        frame.pointee.pc = pc
        let site = frame.pointee.code.pointee.sites + instruction.b
        top = base + frame.pointee.code.pointee.registerCount
        try site.pointee.site._withUnsafeGuaranteedRef {
          try leaveInline($0, a, isQuiet: instruction.spare == 1)
        }
      case .select:
        frame.pointee.pc = pc
        let site = frame.pointee.code.pointee.sites + instruction.b
        top = base + frame.pointee.code.pointee.registerCount
        try select(site.pointee.site.takeUnretainedValue(), a, instruction.c)
        if attention.pointee != 0 { try attend(frame) }
      case .callDynamic:
        frame.pointee.pc = pc
        top = base + frame.pointee.code.pointee.registerCount
        try callDynamic(frame.pointee.code.pointee.sites + instruction.b, a, instruction.c)
        resume(&frame, &pc, &base, &constants, &cells)
      case .pipeline:
        frame.pointee.pc = pc
        top = base + frame.pointee.code.pointee.registerCount
        try runPipeline(frame, instruction.b, a, instruction.c)
      case .returnValue:
        let result = base - 1
        if a.tag == Tag.report, frame.pointee.wantsValue { a.pointee = a.pointee.plain }
        result.take(a)
        clear(base, frame.pointee.code.pointee.registerCount)
        frameCount -= 1
        if frame.pointee.isEntry { return }
        resume(&frame, &pc, &base, &constants, &cells)

      case .loopStart:
        frame.pointee.pc = pc
        try loopStart(a)
      case .loopNext:
        let hasItem: Bool
        if let isThere = a.nextItem(names: instruction.b) {
          hasItem = isThere
        } else {
          frame.pointee.pc = pc
          top = base + frame.pointee.code.pointee.registerCount
          hasItem = try loopNext(a, instruction.b)
        }
        if hasItem { try jump(&pc, instruction.shortJump, attention, frame) }
      case .loopEnd:
        if case .stream(let stream) = a.pointee { stream.close() }
        a.setNull()

      case .pushTry:
        handlers.append(
          Handler(frame: frameCount - 1, pc: pc + instruction.shortJump, register: instruction.a))
      case .popTry: handlers.removeLast()
      case .catchKinds:
        if !catches((constants + instruction.b).pointee, a.pointee) { pc += instruction.shortJump }
      case .throwValue:
        frame.pointee.pc = pc
        throw thrown(a.pointee)
      case .rethrow:
        frame.pointee.pc = pc
        try rethrow(a)
      case .raise:
        frame.pointee.pc = pc
        if case .error(let error) = (constants + instruction.a).pointee { throw error.rethrown }

      case .checkType:
        if !a.isMissing {
          frame.pointee.pc = pc
          let name = instruction.spare == 1 ? (constants + instruction.c).pointee.asText : nil
          try checkType(frame, a, instruction.b, named: name)
        }
      case .discard:
        if a.tag == Tag.report {
          frame.pointee.pc = pc
          try printReport(a.pointee)
        }
        a.setNull()
      case .printValue:
        frame.pointee.pc = pc
        try printOutput(a.pointee)
        a.setNull()
      case .unreport: if a.tag == Tag.report { a.pointee = a.pointee.plain }
      case .isReport: a.setBool((base + instruction.b).tag == Tag.report)
      case .markReport:
        if (base + instruction.b).rawBool, a.tag != Tag.report, a.tag != Tag.empty {
          a.pointee = .report(ReportObject(a.pointee))
        }
      // Here, since among the others it would make the compiler lay out the loop worse.
      case .addToPath:
        pc += 1
        frame.pointee.pc = pc
        try addToPath(instruction, frame)
      case .addToOld:
        frame.pointee.pc = pc
        try addToOld(instruction, frame)
      case .rethrowEnd:
        frame.pointee.pc = pc
        try rethrowStop(a)
      case .timeStart: a.setInt(host.monotonicNow())
      case .timeEnd:
        a.pointee = .report(
          ReportObject(.duration(host.monotonicNow() - a.rawInt)))
      }
    }
  }

  /// Jumps, and runs what waits for attention, so that no loop can shut it out.
  @inline(__always)
  private func jump(
    _ pc: inout UnsafePointer<Instruction>, _ distance: Int,
    _ attention: UnsafeMutablePointer<Int32>, _ frame: UnsafeMutablePointer<Frame>
  ) throws {
    pc += distance
    if attention.pointee != 0 {
      frame.pointee.pc = pc
      try attend(frame)
    }
  }

  @inline(__always)
  private func less(
    _ x: Slot, _ y: Slot, _ frame: UnsafeMutablePointer<Frame>, _ pc: UnsafePointer<Instruction>
  ) throws -> Bool {
    if x.tag == Tag.int, y.tag == Tag.int { return x.rawInt < y.rawInt }
    frame.pointee.pc = pc
    return try isLess(x.pointee, y.pointee)
  }

  @inline(__always)
  private func lessEqual(
    _ x: Slot, _ y: Slot, _ frame: UnsafeMutablePointer<Frame>, _ pc: UnsafePointer<Instruction>
  ) throws -> Bool {
    if x.tag == Tag.int, y.tag == Tag.int { return x.rawInt <= y.rawInt }
    frame.pointee.pc = pc
    return try isLessEqual(x.pointee, y.pointee)
  }
}
