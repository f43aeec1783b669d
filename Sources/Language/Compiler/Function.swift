/// A compiled function or block, or the face of a built-in or program as one.
public final class Function {
  enum Kind {
    case compiled
    case native(Command)
    case program(String)
  }

  /// A captured variable's origin where the closure is made.
  enum CaptureSource {
    /// A register that holds a cell.
    case register(Int)
    case captured(Int)
  }

  struct FlagParameter {
    let name: String
    let type: ParameterType?
  }

  public let name: String?
  let kind: Kind
  public let source: Source
  public let span: Span
  /// Positional parameters with a register each, from 0; flags follow, then the rest list.
  let parameters: [ParameterNode]
  let positionalCount: Int
  let required: Int
  let flags: [FlagParameter]
  let hasRest: Bool
  /// A block without a parameter list takes any arguments and ignores them.
  let ignoresArguments: Bool
  /// Made of a stage of a pipeline, not written as a function.
  let isThunk: Bool
  let captures: [CaptureSource]
  let captureNames: [OuterName]

  /// What the machine needs while it runs, in one place without reference counts.
  let hot: UnsafeMutablePointer<FunctionCode>
  private var codeCount = 0
  private var constantCount = 0
  private(set) var spans: [Span] = []
  private(set) var sites: [CallSite] = []
  private(set) var pipelines: [PipelineSite] = []
  private(set) var functions: [Function] = []
  private(set) var globals: [GlobalFunction] = []
  private(set) var variables: [GlobalVariable] = []
  private(set) var types: [ParameterType] = []
  private(set) var locals: [Local] = []

  /// A variable in a register, for those who look at a program that runs.
  struct Local {
    let name: String
    let isConstant: Bool
    let register: Int
    /// The instructions at which it has its value, up to the end of its block.
    var range: Range<Int>
  }

  /// Its text as it travels, once it was sent.
  var wireText: WireText?

  init(
    _ node: FunctionNode?, source: Source, captures: [CaptureSource], captureNames: [OuterName]
  ) {
    name = node?.name
    kind = .compiled
    self.source = source
    span = node?.span ?? Span(0, source.bytes.count)
    parameters = node?.parameters ?? []
    let positional = parameters.filter { $0.role == .positional }
    positionalCount = positional.count
    required = positional.count { $0.defaultValue == nil }
    flags = parameters.filter { $0.role == .flag }.map { parameter in
      let type = parameter.typeName.flatMap { ParameterType.named($0) }
      return FlagParameter(name: parameter.name, type: parameter.isSwitch ? nil : type ?? .any)
    }
    hasRest = parameters.contains { $0.role == .rest }
    ignoresArguments = !(node?.hasParameterList ?? true)
    isThunk = node?.isThunk ?? false
    self.captures = captures
    self.captureNames = captureNames
    hot = .allocate(capacity: 1)
    prepare()
  }

  private init(name: String, kind: Kind) {
    self.name = name
    self.kind = kind
    source = Source(name: name, bytes: [])
    span = Span(0, 0)
    parameters = []
    positionalCount = 0
    required = 0
    flags = []
    hasRest = true
    ignoresArguments = false
    isThunk = false
    captures = []
    captureNames = []
    hot = .allocate(capacity: 1)
    prepare()
  }

  static func native(_ command: Command) -> Function {
    Function(name: command.name, kind: .native(command))
  }

  static func program(_ name: String) -> Function { Function(name: name, kind: .program(name)) }

  /// Whether it changes a variable that is not its own, or calls what might.
  ///
  /// - Parameter depth: how many functions one calls another are followed.
  func changesOuter(_ depth: Int = 8) -> Bool {
    guard case .compiled = kind else { return false }
    for index in 0..<codeCount {
      switch hot.pointee.code[index].op {
      case .setCaptured, .setGlobal, .callValue, .callDynamic: return true
      default: break
      }
    }
    if depth == 0 { return true }
    return functions.contains { $0.changesOuter(depth - 1) }
      || sites.contains { site in
        guard let global = site.global else { return false }
        return global.closure?.function.changesOuter(depth - 1) ?? true
      }
  }

  private func prepare() {
    hot.initialize(
      to: FunctionCode(
        code: .allocate(capacity: 1), constants: .allocate(capacity: 1),
        sites: .allocate(capacity: 1), registerCount: argumentRegisters,
        positionalCount: positionalCount,
        isPlain: !hasRest && flags.isEmpty && !ignoresArguments,
        ignoresArguments: ignoresArguments,
        function: Unmanaged.passUnretained(self)))
  }

  deinit {
    hot.pointee.constants.deinitialize(count: constantCount)
    free()
    hot.deallocate()
  }

  private func free() {
    hot.pointee.code.deallocate()
    hot.pointee.constants.deallocate()
    hot.pointee.sites.deallocate()
  }

  /// The place in the source of the instruction before `pc`.
  func span(before pc: UnsafePointer<Instruction>) -> Span {
    let index = pc - UnsafePointer(hot.pointee.code) - 1
    return spans.indices.contains(index) ? spans[index] : span
  }

  /// The variables that have a value at the instruction before `pc`, inner ones behind outer ones.
  func locals(before pc: UnsafePointer<Instruction>) -> [Local] {
    let index = pc - UnsafePointer(hot.pointee.code) - 1
    return locals.filter { $0.range.contains(index) }
  }

  /// Fills in what the compiler made.
  func finish(
    code instructions: [Instruction], spans: [Span], constants values: [Value],
    sites: [CallSite], pipelines: [PipelineSite], functions: [Function],
    globals: [GlobalFunction], variables: [GlobalVariable], types: [ParameterType],
    locals: [Local], registerCount: Int
  ) {
    free()
    let code = UnsafeMutablePointer<Instruction>.allocate(capacity: max(1, instructions.count))
    code.initialize(from: instructions, count: instructions.count)
    codeCount = instructions.count
    let constants = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
    constants.initialize(from: values, count: values.count)
    constantCount = values.count
    let slots = UnsafeMutablePointer<SiteSlot>.allocate(capacity: max(1, sites.count))
    for (i, site) in sites.enumerated() {
      (slots + i).initialize(to: SiteSlot(site))
    }
    hot.pointee.code = code
    hot.pointee.constants = constants
    hot.pointee.sites = slots
    hot.pointee.registerCount = registerCount
    self.spans = spans
    self.sites = sites
    self.pipelines = pipelines
    self.functions = functions
    self.globals = globals
    self.variables = variables
    self.types = types
    self.locals = locals
  }

  /// How many registers hold arguments when the code begins.
  var argumentRegisters: Int { positionalCount + flags.count + (hasRest ? 1 : 0) }

  /// A parameter as it was declared.
  public struct Declared {
    public enum Role: Sendable { case positional, rest, flag }

    public let name: String
    public let role: Role
    public let typeName: String?
    /// The source text of its default.
    public let standard: String?
  }

  /// The parameters in the order of their declaration.
  public var declaredParameters: [Declared] {
    parameters.map { parameter in
      let role: Declared.Role =
        switch parameter.role {
        case .positional: .positional
        case .rest: .rest
        case .flag: .flag
        }
      return Declared(
        name: parameter.name, role: role, typeName: parameter.typeName,
        standard: parameter.defaultValue.map { source.text($0.span) })
    }
  }

  /// A function that this text declares, before it has run; the last one of that name.
  public func declared(_ name: String) -> Function? { functions.last { $0.name == name } }

  /// `square(x, y = …)`, for messages.
  public var signature: String { parameters.signature(name) }

  /// `<fn square>` or `<block>`.
  var shownName: String {
    switch kind {
    case .compiled: name.map { "<fn \($0)>" } ?? "<block>"
    case .native(let command): "<command \(command.name)>"
    case .program(let program): "<program \(program)>"
    }
  }

  /// The source text of the function.
  public var text: String { source.text(span) }
}

/// The fixed part of a pipeline: what its registers hold.
final class PipelineSite {
  struct Stage {
    enum Work {
      /// A register with the closure.
      case thunk
      /// A register for the name if it is computed, then one per argument.
      case program(site: CallSite, hasComputedName: Bool)
    }
    let work: Work
    /// Each with a register for its target, except duplicates.
    let redirections: [RedirectionNode]
    let span: Span
  }

  let stages: [Stage]
  let mode: Pipeline.Mode
  /// Whether one in-process stage merely has redirections.
  let isInProcess: Bool
  let span: Span
  let source: Source
  let wantsValue: Bool
  /// Whether the value of the in-process stage is output, where it is not used.
  let printsValue: Bool

  init(
    stages: [Stage], mode: Pipeline.Mode, isInProcess: Bool, span: Span, source: Source,
    wantsValue: Bool, printsValue: Bool
  ) {
    self.stages = stages
    self.mode = mode
    self.isInProcess = isInProcess
    self.span = span
    self.source = source
    self.wantsValue = wantsValue
    self.printsValue = printsValue
  }
}

/// The part of a function that the machine reads in its loop; owned by its `Function`.
struct FunctionCode {
  var code: UnsafeMutablePointer<Instruction>
  var constants: UnsafeMutablePointer<Value>
  var sites: UnsafeMutablePointer<SiteSlot>
  var registerCount: Int
  let positionalCount: Int
  /// Takes exactly its positional parameters.
  let isPlain: Bool
  /// A block without parameters, which takes any arguments and has none.
  let ignoresArguments: Bool
  let function: Unmanaged<Function>

  /// Whether so many arguments can be handed over as they stand.
  func takes(_ count: Int) -> Bool {
    isPlain ? count == positionalCount : ignoresArguments && count == 0
  }
}

/// A call site as the machine reads it.
struct SiteSlot {
  let site: Unmanaged<CallSite>
  let entry: UnsafeMutablePointer<GlobalFunction.Entry>?
  let isSimple: Bool
  let wantsValue: Bool
  /// Of a built-in: arguments can be handed over as they stand but for these (a bit each), whose
  /// conversion must be remembered.
  let isDirect: Bool
  let conversions: UInt64
  let command: Unmanaged<Command>?
  /// What `loadWord` looks at.
  let words: UnsafeMutablePointer<RememberedWord>?

  init(_ site: CallSite) {
    self.site = .passUnretained(site)
    entry = site.global?.entry
    isSimple = site.isSimple
    wantsValue = site.wantsValue
    command = site.command.map { .passUnretained($0) }
    words = site.remembered
    var conversions: UInt64 = 0
    var isDirect = false
    if let command = site.command, site.isSimple, command.isFixed {
      let count = site.inputCount + site.arguments.count
      let converted = (0..<count).filter { i in
        i < command.parameterCount && !command.parameters[i].type.isAny
      }
      // The value before `|>` is converted each time.
      isDirect =
        count >= command.required && count <= command.parameterCount
        && converted.allSatisfy { (0..<64).contains($0 - site.inputCount) }
      for i in converted where isDirect { conversions |= 1 << UInt64(i - site.inputCount) }
    }
    self.isDirect = isDirect
    self.conversions = conversions
  }
}
