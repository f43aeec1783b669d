import Channels
import Language
import Posix
import Session

/// `shm`: numbers and texts that processes share.
enum SharedCommands {
  static let all = [
    new, get, set, add, compareAndSwap, update, lock, info, list, ChannelDrop.memory,
  ]

  static let shared = Parameter("shm", .channel(SharedHandle.self, "shm"))
  private static let index = "a place from 0, or from -1 backwards; a range is a slice"

  static let new = Command(
    "shm new", "Make memory that processes share: one number, an array, a text",
    details: """
      TYPE is a code of C as in Python's ctypes, c b B h H i I l L q Q f d, or a name: int8 to \
      uint64, int (= i), float, double, char, bool. INIT is what it begins with, else 0. With \
      --count N it is an array of N; a list as INIT, or --init LIST, gives its elements. An array \
      of char holds a text of up to N characters. NAME may be left out: Brood chooses one.

      Each get, set, add and cas of an element is atomic. A get and then a set is not, on purpose: \
      what another process adds in between is lost. `shm add`, `shm update` and `shm lock` are the \
      ways to do that right.
      """,
    parameters: [
      Parameter("name", .channelName, .optional), Parameter("type", .elementType),
      Parameter("init", .any, .optional),
    ],
    flags: [
      Flag("count", .int.atLeast(1), "an array of this many elements"),
      Flag("init", .iterable, "an array of these elements"),
    ] + RedisPlace.flags,
    rules: RedisPlace.rules() + [
      .replaces("init", argument: "INIT") { words in
        // Without a name the type comes first.
        func isType(_ place: Int) -> Bool {
          place < words.count && words[place].map { ElementType($0) != nil } ?? false
        }
        return isType(0) && !isType(1) ? 1 : 2
      }
    ],
    examples: [
      Example(
        "shm new account int 2000\nwait (fork { shm set account 1500 })\nprint (shm get account)",
        "1500"),
      Example("let hits = shm new int 7\nprint (shm get $hits)", "7"),
      Example(
        "shm new text char --count 100\nshm set text 哈哈哈\nprint (shm get text) (shm get text 0)",
        "哈哈哈 哈"),
      Example(
        "shm new small int8\ntry { shm set small 200 } catch e: range { print $e.message }",
        "200 does not fit int8, which holds -128 to 127"),
    ]
  ) { call in
    let session = call.session
    // `shm new int 0`: without a name the type comes first.
    let place = isNamed(call) ? 1 : 0
    guard let type = ElementType(call.spelled(place)) else { throw noType(call, place) }
    let shape = try shape(call, type, at: place + 1)
    let name = place == 0 ? nil : call.spelled(0)
    if let far = try RedisPlace(call) {
      return try RedisSharedVerbs.new(
        call, far, name, type, count: shape.isScalar ? nil : shape.count, initial: shape.initial)
    }
    let handle = try session.addChannel(name, prefix: "shm") {
      name -> SharedHandle in
      do {
        return SharedHandle(
          name, try SharedArray(type, count: shape.count, isScalar: shape.isScalar))
      } catch let error as SystemError {
        throw error.asError("cannot make shared memory of \(sizeText(shape.count * type.size))")
      } catch ChannelError.tooLarge(let limit) {
        throw call.error(.range, "an array of \(type.name) has 1 to \(limit) elements")
      }
    }
    do {
      switch shape.initial {
      case .null, .missing: break
      case .list(let list) where list.items.count < shape.count:
        for (i, item) in list.items.enumerated() { try handle.set(.int(i), item) }
      default: try handle.set(shape.initial)
      }
    } catch {
      session.dropChannel(handle)
      throw error
    }
    return .handle(handle)
  }

  /// Whether the first argument is a name rather than the type: what follows it is a type.
  private static func isNamed(_ call: borrowing Call) -> Bool {
    if ElementType(call.spelled(0)) == nil { return true }
    return call.has(1) && ElementType(call.spelled(1)) != nil
  }

  private static func noType(_ call: borrowing Call, _ place: Int) -> ErrorObject {
    guard call.has(place) else {
      return call.error(
        .arity, "'shm new' needs a type", help: "usage: \(call.command.usage)")
    }
    let word = call.spelled(place)
    let types = ElementType.names
    let near =
      nearest(word, among: types).map { "did you mean '\($0)'? " }
      ?? (Double(word) == nil ? "" : "write: shm new \(call.spelled(0)) int \(word); ")
    return call.error(
      .type, "there is no type '\(word)' for shared memory", at: place,
      help: near + "there are: " + types.joined(separator: " "))
  }

  private struct Shape {
    var count: Int
    var isScalar: Bool
    var initial: Value
  }

  /// - Parameter place: where the initial value stands.
  private static func shape(
    _ call: borrowing Call, _ type: ElementType, at place: Int
  ) throws -> Shape {
    if place == 1, call.has(2) {
      throw call.error(
        .arity, "'shm new' takes a type and one initial value where it has no name", at: 2,
        help: "usage: \(call.command.usage)")
    }
    var initial = call.has(place) ? call.value(place) : .null
    if let given = call.flag("init") {
      if case .string = given.plain {
        initial = given.plain
      } else {
        initial = .items(try call.interpreter.collect(given.plain))
      }
    }
    var count: Int?
    if case .int(let number)? = call.flag("count") {
      count = number
    }
    if type == .char, case .string(let spelling)? = call.spelling(place) {
      initial = .string(spelling)
    }
    switch initial {
    case .list(let list):
      let wanted = count ?? max(1, list.items.count)
      guard list.items.count <= wanted else {
        throw call.error(
          .range, "the list has \(list.items.count) items, but --count is \(wanted)")
      }
      return Shape(count: wanted, isScalar: false, initial: initial)
    case .string(let text) where type == .char:
      return Shape(
        count: count ?? max(1, text.string.unicodeScalars.count), isScalar: false, initial: initial)
    default:
      guard let count else { return Shape(count: 1, isScalar: true, initial: initial) }
      // One value for all.
      if !initial.isNull, type != .char, count <= 1 << 20 {
        initial = .items([Value](repeating: initial, count: count))
      }
      return Shape(count: count, isScalar: false, initial: initial)
    }
  }

  static let get = Command(
    "shm get", "Read shared memory: all of it, an element, or a slice",
    parameters: [shared, Parameter("index", .any, .optional, index)], traits: .pure,
    examples: [
      Example(
        "shm new a int --init [1, 2, 3]\nprint (shm get a) (shm get a -1) (shm get a (0..1))",
        "[1, 2, 3] 3 [1, 2]")
    ]
  ) { call in
    try call.onChannel(
      as: SharedHandle.self,
      { handle in
        let value = call.has(1) ? try handle.get(call.value(1)) : try handle.get()
        if Recorder.isOn { handle.record(.memoryGet, value) }
        return value
      },
      far: RedisSharedVerbs.get)
  }

  static let set = Command(
    "shm set", "Write shared memory: `shm set NAME VALUE` or `shm set NAME INDEX VALUE`",
    parameters: [
      shared, Parameter("index", .any, .required, "a place, or the value for all of it"),
      Parameter("value", .any, .optional),
    ],
    examples: [
      Example("shm new n double\nshm set n 2.5\nprint (shm get n)", "2.5"),
      Example("shm new a int --count 3\nshm set a 1 7\nprint (shm get a)", "[0, 7, 0]"),
    ]
  ) { call in
    try call.onChannel(
      as: SharedHandle.self,
      { handle in
        try call.flushBeforeOthersKnow()
        if call.has(2) {
          try handle.set(call.value(1), text(call, 2, handle))
        } else {
          try handle.set(text(call, 1, handle))
        }
        if Recorder.isOn { handle.record(.memorySet, call.value(call.has(2) ? 2 : 1)) }
        return .null
      }, far: RedisSharedVerbs.set)
  }

  /// A text keeps its spelling: `007` stays `007`.
  private static func text(_ call: borrowing Call, _ index: Int, _ handle: SharedHandle) -> Value {
    if handle.memory.type == .char, let spelling = call.spelling(index) { return spelling }
    return call.value(index)
  }

  static let add = Command(
    "shm add", "Add to shared memory atomically; yields the new value",
    parameters: [
      shared, Parameter("index", .any, .required, "a place, or the amount for a single number"),
      Parameter("amount", .any, .optional),
    ],
    examples: [
      Example(
        "shm new n int\nfor i in 1..4 { fork { for k in 1..1000 { shm add n 1 } } }\nwait --all\n"
          + "print (shm get n)", "4000")
    ]
  ) { call in
    try call.onChannel(
      as: SharedHandle.self,
      { handle in
        try call.flushBeforeOthersKnow()
        let sum: Value
        if call.has(2) {
          sum = try handle.add(handle.index(call[1]), call[2])
        } else {
          try requireScalar(handle, "shm add \(handle.name) INDEX AMOUNT")
          sum = try handle.add(0, call[1])
        }
        if Recorder.isOn { handle.record(.memoryAdd, sum) }
        return sum
      }, far: RedisSharedVerbs.add)
  }

  private static func requireScalar(
    _ handle: SharedHandle, _ usage: @autoclosure () -> String
  ) throws {
    if handle.memory.isScalar { return }
    throw ErrorObject(
      .arity, "\(handle.shown) is an array: an index is needed", help: "write: \(usage())")
  }

  static let compareAndSwap = Command(
    "shm cas", "Set shared memory to NEW if it is OLD, atomically; yields whether it was",
    details: "`shm cas NAME OLD NEW`, or `shm cas NAME INDEX OLD NEW` for an array.",
    parameters: [
      shared, Parameter("old", .any), Parameter("new", .any), Parameter("last", .any, .optional),
    ],
    examples: [
      Example("shm new n int 1\nprint (shm cas n 1 5) (shm cas n 1 6) (shm get n)", "true false 5")
    ]
  ) { call in
    guard let handle = call.local(as: SharedHandle.self) else {
      return try RedisSharedVerbs.exchange(call)
    }
    try call.session.output.flushBeforeOthersKnow()
    let hasIndex = call.has(3)
    if !hasIndex { try requireScalar(handle, "shm cas \(handle.name) INDEX OLD NEW") }
    if handle.memory.type == .char {
      throw call.error(.type, "cas works on numbers, and \(handle.shown) holds a text")
    }
    let index = hasIndex ? try handle.index(call[1]) : 0
    let old = try handle.bits(call.value(hasIndex ? 2 : 1))
    let new = try handle.bits(call.value(hasIndex ? 3 : 2))
    let isDone = handle.memory.exchange(index, expected: old, new: new)
    if Recorder.isOn {
      handle.record(.memoryExchange, isDone ? call.value(hasIndex ? 3 : 2) : .null)
    }
    return .bool(isDone)
  }

  static let update = Command(
    "shm update", "Set shared memory to what a block makes of its value, under its lock",
    details: """
      `shm update NAME BLOCK`, or `shm update NAME INDEX BLOCK` for an array. Yields the new value. \
      A block that throws leaves it as it was. It may stand inside of `shm lock`, but not in the \
      block of another update of the same memory, which would undo it.
      """,
    parameters: [
      shared, Parameter("index", .any, .required, "a place, or the block"),
      Parameter("block", .any, .optional),
    ],
    flags: [.timeout],
    examples: [Example("shm new n int 20\nprint (shm update n { |v| $v * 2 + 2 })", "42")]
  ) { call in try update(call) { _, _, _ in } }

  /// `shm update`, which says before it looks and before it changes what it does.
  @inline(__always)
  static func update(
    _ call: borrowing Call, _ before: (SharedHandle, _ place: Value, _ sets: Value?) throws -> Void
  ) throws -> Value {
    guard let handle = call.local(as: SharedHandle.self) else {
      return try RedisSharedVerbs.update(call)
    }
    let session = call.session
    let block = call.value(call.has(2) ? 2 : 1)
    guard case .closure = block else {
      throw call.bad("block", must: "a block or a function", at: call.has(2) ? 2 : 1)
    }
    let place: Value = call.has(2) ? .int(try handle.index(call[1])) : .null
    // An update inside of another would be lost: the outer one sets what it had read before.
    let depth = Process.forkDepth + 1
    let isNested = handle.updates == depth
    let dead: Ending?
    do {
      dead = try handle.memory.acquire(call.waitLimit, again: !isNested)
    } catch {
      throw session.lockError(error, handle, "acquire")
    }
    handle.updates = depth
    defer {
      handle.updates = 0
      session.postponing { try session.output.flushBeforeOthersKnow() }
      try? handle.memory.release(session.waitLimit())
    }
    _ = try session.report(dead, handle)
    try before(handle, place, nil)
    let old = place.isNull ? try handle.get() : try handle.get(place)
    let new = try call.invoke(block, old)
    try session.output.flushBeforeOthersKnow()
    try before(handle, place, new)
    if place.isNull { try handle.set(new) } else { try handle.set(place, new) }
    return new
  }

  static let info = Command(
    "shm info", "Show details of shared memory", parameters: [shared],
    traits: .reports,
    examples: [Example("shm new n int 3\nprint (shm info n).type (shm info n).value", "int32 3")]
  ) { call in try call.local(as: SharedHandle.self)?.fields() ?? RedisHolderVerbs.info(call) }

  static let list = Command(
    "shm list", "List this process's shared memory and who holds its locks", traits: .reports,
    examples: [Example("shm new n int 3\nprint (shm list)[0].name", "n")]
  ) { call in try channelReport(call, SharedHandle.self, { try $0.fields() }, far: "shm") }
}

extension ParameterType {
  /// The type of an element of shared memory, or what such memory begins with where it has no name.
  static let elementType = any.named(
    "type", "a type: " + ElementType.names.joined(separator: " "),
    completion: .choices(ElementType.names))
}
