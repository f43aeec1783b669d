/// One call of a built-in command: its converted arguments and where they stand.
public struct Call: ~Copyable {
  // They live as long as the call, and are not counted for it.
  public unowned(unsafe) let interpreter: Interpreter
  public unowned(unsafe) let command: Command
  public unowned(unsafe) let site: CallSite
  /// The positional arguments, `.missing` for optional ones that were not given.
  let arguments: UnsafeMutableBufferPointer<Value>
  /// How many were given.
  public let count: Int
  /// One per declared flag, nil when none was given.
  let flags: UnsafeMutablePointer<Value>?
  /// For each argument the index of the piece of the call that it came from; nil for the same.
  let origins: [Int]?

  /// An argument; `null` where an optional one was not given.
  @inline(__always)
  public subscript(_ index: Int) -> Value {
    guard index < arguments.count else { return .null }
    if case .missing = arguments[index] { return .null }
    return arguments[index]
  }

  /// An argument that is a handle, which is kept as long as the call; nil if it is none.
  ///
  /// To count references costs more than many a command.
  public func handle(_ index: Int) -> Unmanaged<Handle>? {
    guard index < arguments.count, let base = arguments.baseAddress,
      (base + index).tag == Tag.handle
    else { return nil }
    return (base + index).object(Handle.self)
  }

  /// Whether an argument was given.
  public func has(_ index: Int) -> Bool {
    guard index < arguments.count else { return false }
    if case .missing = arguments[index] { return false }
    return true
  }

  /// The arguments from an index on, as a rest parameter has them.
  public func rest(from index: Int) -> [Value] {
    index < count ? Array(arguments[index..<count]) : []
  }

  /// An argument as it was typed, or its text.
  public func spelled(_ index: Int) -> String {
    if let spelling = spelling(index) { return spelling.asText }
    return self[index].asText
  }

  /// The spelling of an argument that was a bare word.
  public func spelling(_ index: Int) -> Value? {
    guard let argument = siteArgument(index), argument.role.flagName == nil else { return nil }
    return argument.spelling
  }

  /// Where an argument stands in the source, for errors about it; nil if no source text called.
  public func location(_ index: Int) -> Location? {
    if site.source.bytes.isEmpty { return nil }
    return siteArgument(index).map { Location(site.source, $0.span) } ?? location
  }

  /// Where the command's word stands; nil if no source text called.
  public var location: Location? {
    site.source.bytes.isEmpty ? nil : Location(site.source, site.span)
  }

  private func siteArgument(_ index: Int) -> SiteArgument? {
    var index = index
    if let origins {
      guard index < origins.count else { return nil }
      index = origins[index]
    }
    index -= site.inputCount
    return site.arguments.indices.contains(index) ? site.arguments[index] : nil
  }

  /// Whether any flag may have been given.
  public var hasFlags: Bool { flags != nil }

  /// A flag's value, nil if it was not given.
  ///
  /// A switch that was given is `true`.
  public func flag(_ name: String) -> Value? {
    guard let flags, let index = command.flagIndex(name) else { return nil }
    if case .missing = flags[index] { return nil }
    return flags[index]
  }

  /// Whether a switch was given.
  public func isSet(_ name: String) -> Bool {
    guard case .bool(true)? = flag(name) else { return false }
    return true
  }

  // MARK: Arguments whose type the declaration has already ensured

  public func text(_ index: Int) -> String { self[index].asText }

  public func int(_ index: Int) -> Int {
    switch self[index] {
    case .int(let n), .duration(let n), .size(let n), .time(let n): n
    default: 0
    }
  }

  public func list(_ index: Int) -> [Value] {
    if case .list(let list) = self[index] { return list.items }
    return []
  }

  /// The value of a duration flag in nanoseconds; 0 for a negative one, which is over already.
  public func nanoseconds(_ flag: String) -> Int? {
    if case .duration(let n)? = self.flag(flag) { return max(0, n) }
    return nil
  }

  /// Where a flag stands in the source, with the value written behind it; nil if it was not typed.
  public func location(flag name: String) -> Location? {
    guard !site.source.bytes.isEmpty,
      let index = site.arguments.firstIndex(where: { $0.role.flagName == name })
    else { return nil }
    var span = site.arguments[index].span
    if command.flags.contains(where: { $0.name == name && $0.type != nil }),
      site.arguments[index].role == .flag(name, hasValue: false), index + 1 < site.arguments.count
    {
      span = span.joined(site.arguments[index + 1].span)
    }
    return Location(site.source, span)
  }

  /// An error that points at a flag.
  public func error(
    _ kind: ErrorKind, _ message: String, flag: String, help: String? = nil
  ) -> ErrorObject {
    ErrorObject(kind, message, help: help, location: location(flag: flag) ?? location)
  }

  /// Runs what a flag's value decides; errors without a place point at it.
  public func at<Result>(flag name: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as ErrorObject {
      if error.location == nil { error.location = location(flag: name) }
      throw error
    }
  }

  /// Runs what an argument decides; errors without a place point at it.
  public func at<Result>(_ index: Int, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as ErrorObject {
      if error.location == nil { error.location = location(index) }
      throw error
    }
  }

  /// An error, pointing at an argument unless it has a place already.
  public func at(_ index: Int, _ error: ErrorObject) -> ErrorObject {
    error.location = error.location ?? location(index)
    return error
  }

  /// An error that points at an argument.
  public func error(
    _ kind: ErrorKind, _ message: String, at index: Int? = nil, help: String? = nil
  ) -> ErrorObject {
    ErrorObject(kind, message, help: help, location: index.flatMap { location($0) } ?? location)
  }

  /// The same call with only its first arguments.
  func first(_ count: Int) -> Call {
    Call(
      interpreter: interpreter, command: command, site: site,
      arguments: UnsafeMutableBufferPointer(rebasing: arguments[..<min(count, arguments.count)]),
      count: count, flags: flags, origins: origins)
  }

  /// Runs a function value with arguments.
  public func invoke(_ function: Value, _ arguments: Value...) throws -> Value {
    try interpreter.invoke(function, arguments)
  }
}

/// The fixed part of a call: everything about it that the source text decides.
public final class CallSite {
  public let source: Source
  /// The command's word or words.
  public let span: Span
  /// The whole call.
  let fullSpan: Span
  /// The command's word as typed.
  public let name: String
  public let arguments: [SiteArgument]
  /// 1 when `|>` passes a value in front of the arguments, else 0.
  public let inputCount: Int
  /// Whether the result is used, so that a program's output is captured and reports are values.
  public let wantsValue: Bool
  /// Whether a statement drops the result, unless it is a report.
  public internal(set) var isDiscarded = false
  /// No flags and no spreads: arguments lie on the stack as the callee wants them, and nothing else
  /// is to be checked.
  let isSimple: Bool
  let command: Command?
  let global: GlobalFunction?
  let isForcedProgram: Bool
  /// Behind `|` or `<`, and nothing in it can read what comes there.
  let ignoresInput: Bool
  /// The program's name was computed, `^$name`, and stands in front of the arguments.
  let hasComputedName: Bool
  /// What bare words were converted to; one for each argument once there is any.
  private(set) var remembered: UnsafeMutablePointer<RememberedWord>?
  /// Of `select`: the kind of each arm.
  let armKinds: [Int]
  /// What the host knows its place by; 0 until it has looked that up.
  var hostNote: UInt64 = 0

  init(
    source: Source, span: Span, fullSpan: Span, name: String, arguments: [SiteArgument],
    inputCount: Int, wantsValue: Bool, command: Command? = nil, global: GlobalFunction? = nil,
    isForcedProgram: Bool = false, hasComputedName: Bool = false, ignoresInput: Bool = false,
    armKinds: [Int] = []
  ) {
    self.source = source
    self.span = span
    self.fullSpan = fullSpan
    self.name = name
    self.arguments = arguments
    self.inputCount = inputCount
    self.wantsValue = wantsValue
    self.command = command
    self.global = global
    self.isForcedProgram = isForcedProgram
    self.hasComputedName = hasComputedName
    self.ignoresInput = ignoresInput
    self.armKinds = armKinds
    isSimple =
      !ignoresInput && arguments.allSatisfy { $0.role == .positional }
      && command?.requiresFlag != true
  }

  deinit {
    remembered?.deinitialize(count: arguments.count)
    remembered?.deallocate()
  }

  /// What a word was converted to, if it would be converted to the same again.
  @inline(__always)
  func recall(_ index: Int, into slot: Slot) -> Bool {
    guard let remembered, (remembered + index).isCurrent else { return false }
    let value = (remembered + index).value
    if !slot.isSame(value) { slot.copy(value) }
    return true
  }

  /// Keeps what a bare word was converted to.
  func remember(_ index: Int, _ type: ParameterType, _ value: Value) {
    guard let version = type.version, arguments.indices.contains(index),
      arguments[index].spelling != nil
    else { return }
    let entry = entries + index
    entry.pointee.current = version
    entry.pointee.version = version.pointee
    entry.pointee.value = value
  }

  /// Where a function's argument stands; nil if it was left out.
  func span(of parameter: ParameterNode, _ place: Int) -> Span? {
    switch parameter.role {
    case .rest: return fullSpan
    case .flag:
      guard let at = arguments.firstIndex(where: { $0.role.flagName == parameter.name }) else {
        return nil
      }
      if case .flag(_, hasValue: true) = arguments[at].role { return arguments[at].span }
      let next = arguments.indices.contains(at + 1) ? arguments[at + 1].span : nil
      return next.map { arguments[at].span.joined($0) } ?? arguments[at].span
    case .positional:
      guard isSimple, place >= inputCount else { return fullSpan }
      let index = place - inputCount
      return arguments.indices.contains(index) ? arguments[index].span : nil
    }
  }

  /// `loadWord` will load this argument: converted, or this value.
  func setWord(_ index: Int, _ value: Value) { (entries + index).pointee.word = value }

  /// Puts the words back that were loaded converted, when that may have become wrong since.
  func restoreWords(_ base: Slot) {
    guard let remembered else { return }
    for i in arguments.indices {
      let entry = remembered + i
      if case .missing = entry.pointee.word { continue }
      (base + inputCount + i).pointee = entry.pointee.word
    }
  }

  private var entries: UnsafeMutablePointer<RememberedWord> {
    if let remembered { return remembered }
    let made = UnsafeMutablePointer<RememberedWord>.allocate(capacity: max(1, arguments.count))
    made.initialize(repeating: RememberedWord(), count: arguments.count)
    remembered = made
    return made
  }
}

/// What a bare word was converted to, and at which version of its type.
struct RememberedWord {
  // First, so that its place is the entry's.
  var value = Value.null
  /// Where the type's version stands; nil: nothing is remembered.
  var current: UnsafePointer<Int>?
  var version = 0
  /// What the word stands for unconverted, where `loadWord` loads it.
  var word = Value.missing
}

extension UnsafeMutablePointer<RememberedWord> {
  /// Whether the word would be converted to the same again.
  @inline(__always) var isCurrent: Bool {
    guard let current = pointee.current else { return false }
    return current.pointee == pointee.version
  }

  @inline(__always) var value: Slot {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: Value.self)
  }
}

/// One written argument of a call.
public struct SiteArgument {
  public enum Role: Equatable {
    case positional, spread
    /// `--name`, with or without `=value`.
    case flag(String, hasValue: Bool)
    /// `--`
    case endOfFlags
  }

  public let role: Role
  public let span: Span
  /// The bare word as typed, as a string value.
  public let spelling: Value?
  /// The value is a pattern with quoted parts escaped, for a program.
  public let isPattern: Bool

  init(role: Role, span: Span, spelling: Value?, isPattern: Bool = false) {
    self.role = role
    self.span = span
    self.spelling = spelling
    self.isPattern = isPattern
  }
}
