/// What a closure has from outside, so that it can be shared between processes.
extension Closure {
  /// A variable from outside: its name, and where its value is.
  public struct OuterVariable {
    public let name: String
    public let cell: Cell
    /// Its place among the captured ones; nil for a variable of the top level.
    public let place: Int?
  }

  /// The variables that it uses, as its text travels: those of the top level, too.
  ///
  /// - Throws: `type` for what has no text, as a stage of a pipeline.
  ///
  /// - Parameter constantsToo: those declared by `let` are among them.
  public func outerVariables(
    _ interpreter: Interpreter, constantsToo: Bool = false
  ) throws -> [OuterVariable] {
    guard case .compiled = function.kind else { return [] }
    let text = try WireText.of(function, interpreter.globals)
    return zip(text.names, text.places).compactMap { name, place in
      if name.kind != .variable, !constantsToo || name.kind != .constant { return nil }
      switch place {
      case .captured(let index) where index < cellCount:
        return OuterVariable(name: name.name, cell: cells[index], place: index)
      case .variable(let variable):
        return OuterVariable(name: name.name, cell: variable.cell, place: nil)
      case .captured, .function: return nil
      }
    }
  }

  /// The functions from outside that it calls.
  ///
  /// - Throws: `type` for what has no text.
  public func outerFunctions(_ interpreter: Interpreter) throws -> [Closure] {
    guard case .compiled = function.kind else { return [] }
    return try WireText.of(function, interpreter.globals).places.compactMap { place in
      switch place {
      case .captured(let index) where index < cellCount:
        if case .closure(let closure) = cells[index].value { closure } else { nil }
      case .function(let function): function.closure
      case .captured, .variable: nil
      }
    }
  }

  /// Has it use another cell for a captured variable.
  public func rebind(_ place: Int, to cell: Cell) {
    if place >= 0, place < cellCount { cells[place] = cell }
  }
}

extension Interpreter {
  /// Makes the functions that a block declares known by their names, as those of the top level are;
  /// else they are gone when the block has run.
  ///
  /// They use what the block has from outside; one that uses a variable of the block itself is left
  /// out.
  public func keepFunctions(declaredIn block: Closure) throws {
    let function = block.function
    guard case .compiled = function.kind else { return }
    let text = try WireText.of(function, globals)
    var names: [OuterName] = []
    var cells: [Cell] = []
    for (name, place) in zip(text.names, text.places) {
      switch place {
      case .captured(let index) where index < block.cellCount: cells.append(block.cells[index])
      case .variable(let variable): cells.append(variable.cell)
      case .captured, .function: continue  // Those of the top level are looked up by name.
      }
      names.append(name)
    }
    let node = try Parser.parseFunction(
      function.source, from: Int(function.span.start), isNamed: function.name != nil)
    for statement in node.body.statements {
      guard case .function(let declaration) = statement.kind,
        let made = try? Resolver.compileAlone(
          declaration.function, function.source, names, table)
      else { continue }
      let captured = made.captures.compactMap { source -> Cell? in
        guard case .register(let name) = source, cells.indices.contains(name) else { return nil }
        return cells[name]
      }
      guard captured.count == made.captures.count else { continue }
      globals.function(declaration.name).define(Closure(made, cells: captured))
    }
  }
}
