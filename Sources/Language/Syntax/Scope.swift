/// A variable of one function's frame.
final class Variable {
  let name: String
  let span: Span
  let isConstant: Bool
  unowned let function: FunctionScope
  /// Holds a function that its block declares.
  var isFunction = false
  /// Captured by a closure, so that it lives in a cell.
  var isCaptured = false
  /// Its cell is made at the beginning of its block, for functions that are declared there.
  var hasEarlyCell = false
  /// Set by the compiler.
  var register = -1

  init(_ name: String, _ span: Span, isConstant: Bool, in function: FunctionScope) {
    self.name = name
    self.span = span
    self.isConstant = isConstant
    self.function = function
  }
}

/// A variable that outlives its text: one of the prompt's or of a sourced file's top level.
final class GlobalVariable {
  let name: String
  let isConstant: Bool
  let cell: Cell

  init(_ name: String, isConstant: Bool, _ value: Value) {
    self.name = name
    self.isConstant = isConstant
    cell = Cell(value)
  }
}

/// A function of the top level.
///
/// Redefining it is seen by all who call it.
final class GlobalFunction {
  let name: String
  /// Read by the machine without counting references, so earlier definitions are kept: they may
  /// still be running.
  let entry: UnsafeMutablePointer<Entry>
  private var definitions: [Closure] = []

  struct Entry {
    var code: UnsafeMutablePointer<FunctionCode>?
    var cells: UnsafeMutablePointer<Cell>?
  }

  init(_ name: String) {
    self.name = name
    entry = .allocate(capacity: 1)
    entry.initialize(to: Entry(code: nil, cells: nil))
  }

  deinit { entry.deallocate() }

  var closure: Closure? { definitions.last }

  func define(_ closure: Closure) {
    definitions.append(closure)
    entry.pointee = Entry(code: closure.function.hot, cells: closure.cells)
  }
}

/// What a name means where it is used.
enum Binding {
  case local(Variable)
  /// An index into the running closure's captured cells.
  case captured(Int, isConstant: Bool)
  case global(GlobalVariable)
  case globalFunction(GlobalFunction)
  case live(String)
}

/// A function declared in a block below the top level.
final class FunctionSymbol {
  let declaration: FunctionDeclaration
  let variable: Variable

  init(_ declaration: FunctionDeclaration, _ variable: Variable) {
    self.declaration = declaration
    self.variable = variable
  }
}

/// A name of a function's text that means something outside of it.
struct OuterName: Hashable {
  enum Kind: Int { case constant, variable, function }

  let name: String
  let kind: Kind
}

/// What a closure takes from the function around it when it is made.
enum Capture {
  case local(Variable)
  case captured(Int)
}

/// The names of one function while it is being resolved.
final class FunctionScope {
  let parent: FunctionScope?
  /// The block scope in which the function's text stands.
  let definedIn: BlockScope?
  /// Runs in another process, on copies of the variables.
  let isSnapshot: Bool
  /// The function itself; nil for a whole text.
  var node: ObjectIdentifier?
  let span: Span
  /// A command that is redirected or part of a pipeline, in a function of its own.
  var isStage = false
  /// The block of `fork` or its kin.
  var isForked = false
  private(set) var captures: [Capture] = []
  /// What those are called in its text.
  private(set) var captureNames: [OuterName] = []
  private var captureIndex: [ObjectIdentifier: Int] = [:]

  init(parent: FunctionScope?, definedIn: BlockScope?, isSnapshot: Bool, span: Span) {
    self.parent = parent
    self.definedIn = definedIn
    self.isSnapshot = isSnapshot
    self.span = span
  }

  /// The index of a variable of an enclosing function among this one's captures.
  func capture(_ variable: Variable) -> Int {
    let id = ObjectIdentifier(variable)
    if let index = captureIndex[id] { return index }
    variable.isCaptured = true
    let capture: Capture
    if let parent, variable.function !== parent {
      capture = .captured(parent.capture(variable))
    } else {
      capture = .local(variable)
    }
    captures.append(capture)
    captureNames.append(
      OuterName(
        name: variable.name,
        kind: variable.isFunction ? .function : variable.isConstant ? .constant : .variable))
    captureIndex[id] = captures.count - 1
    return captures.count - 1
  }
}

/// The names declared in one block.
final class BlockScope {
  let parent: BlockScope?
  let function: FunctionScope
  var variables: [String: Variable] = [:]
  var functions: [String: FunctionSymbol] = [:]
  var loopDepth: Int

  init(parent: BlockScope?, function: FunctionScope) {
    self.parent = parent
    self.function = function
    loopDepth = parent?.function === function ? parent?.loopDepth ?? 0 : 0
  }
}
