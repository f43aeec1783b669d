/// Programs and pipelines: registers turned into what the host runs.
extension Interpreter {
  /// A value as a program's argument.
  func programText(_ value: Value) throws -> String {
    switch value.plain {
    case .list, .map, .closure, .null, .missing, .stream:
      let help: String? =
        switch value.plain {
        case .list: "spread a list's items with '...$name'"
        case .closure:
          "braces are a block and no pattern: write each word out, and in quotes what is meant as it is"
        default: nil
        }
      throw ErrorObject(
        .type, "a program's argument must be text, but is \(value.described)", help: help)
    case .handle(let handle):
      // A process goes by its number.
      if let pid = try handle.field("pid") { return pid.asText }
      throw ErrorObject(.type, "a program's argument must be text, but is \(value.described)")
    default: return value.asText
    }
  }

  /// The words that one argument gives: none for an empty spread, several for a pattern.
  func words(_ site: CallSite, _ base: Slot, _ i: Int) throws -> [String] {
    let value = (base + i).pointee.plain
    let place = i - site.inputCount
    guard site.arguments.indices.contains(place) else { return [try programText(value)] }
    let argument = site.arguments[place]
    do {
      switch argument.role {
      case .spread: return try collect(value).map { try programText($0) }
      case .endOfFlags: return ["--"]
      case .flag(let name, hasValue: false): return ["--" + name]
      case .flag(let name, hasValue: true):
        return ["--\(name)=" + (try argument.spelling?.asText ?? programText(value))]
      case .positional:
        if argument.isPattern {
          let pattern = value.asText
          let names = try host.expand(pattern: pattern) { try attendWithin() }
          if names.isEmpty {
            throw ErrorObject(
              .missing, "no file matches '\(unescapePattern(pattern))'",
              help: "quote it to pass it to the program as it is")
          }
          return names
        }
        return [try argument.spelling?.asText ?? programText(value)]
      }
    } catch let error as ErrorObject {
      if error.location == nil { error.location = Location(site.source, argument.span) }
      throw error
    }
  }

  func programWords(_ site: CallSite, _ base: Slot, _ count: Int) throws -> [String] {
    var result: [String] = []
    for i in 0..<count { result += try words(site, base, i) }
    return result
  }

  func runProgram(_ name: String, _ words: [String], _ site: CallSite) throws -> Value {
    let stage = Pipeline.Stage(
      work: .program(name: homePath(name), arguments: words, isForced: site.isForcedProgram),
      redirections: [], location: Location(site.source, site.span))
    return try runOutside(
      Pipeline(
        stages: [stage], mode: site.wantsValue ? .capture : .statement,
        location: Location(site.source, site.fullSpan)))
  }

  /// What waits for programs waits in none of the built-ins around.
  private func runOutside(_ pipeline: Pipeline) throws -> Value {
    let outer = activeSite
    activeSite = nil
    defer { activeSite = outer }
    return try host.run(pipeline, self)
  }

  func runPipeline(
    _ frame: UnsafeMutablePointer<Frame>, _ index: Int, _ a: Slot, _ count: Int
  ) throws {
    let function = frame.pointee.code.pointee.function.takeUnretainedValue()
    let site = function.pipelines[index]
    var next = a
    var stages: [Pipeline.Stage] = []
    for stage in site.stages {
      let work: Pipeline.Stage.Work
      switch stage.work {
      case .thunk:
        work = .closure(next.pointee, arguments: [])
        next += 1
      case .program(let call, let hasComputedName):
        var name = call.name
        if hasComputedName {
          name = try programText(next.pointee)
          next += 1
        }
        if !call.isForcedProgram, let closure = globals.functions[name]?.closure {
          let arguments = (0..<call.arguments.count).map { (next + $0).pointee }
          work = .closure(.closure(closure), arguments: arguments)
        } else {
          work = .program(
            name: homePath(name), arguments: try programWords(call, next, call.arguments.count),
            isForced: call.isForcedProgram)
        }
        next += call.arguments.count
      }
      var redirections: [Redirection] = []
      for node in stage.redirections {
        let location = Location(site.source, node.span)
        var target = ""
        var handle: Handle?
        if node.target != nil {
          (target, handle) = try redirectionTarget(next.pointee, location)
          next += 1
        }
        redirections.append(
          Redirection(
            descriptors: node.descriptors, kind: node.kind, target: target, handle: handle,
            location: location))
      }
      stages.append(
        Pipeline.Stage(
          work: work, redirections: redirections, location: Location(site.source, stage.span)))
    }
    for i in 0..<count { (a + i).setNull() }
    let location = Location(site.source, site.span)
    if site.isInProcess, case .closure(let thunk, let arguments) = stages[0].work {
      a.pointee = try runInProcess(thunk, arguments, stages[0].redirections, site)
    } else {
      a.pointee = try runOutside(
        Pipeline(stages: stages, mode: site.mode, location: location))
    }
  }

  /// Where a redirection goes: a path, or a handle whose descriptor is meant.
  private func redirectionTarget(
    _ value: Value, _ location: Location
  ) throws -> (path: String, handle: Handle?) {
    switch value.plain {
    case .handle(let handle): return ("", handle)
    case .list, .map, .closure, .null, .missing, .stream:
      throw ErrorObject(
        .type, "a redirection goes to a path, a pipe's end or a socket, not to \(value.described)",
        location: location)
    default: return (homePath(value.asText), nil)
    }
  }

  /// A path whose leading `~` is replaced by the home directory, quoted or not, as in the paths of
  /// built-ins.
  private func homePath(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/"), case .map(let variables) = host.liveVariable("env"),
      let home = variables.get("HOME")?.asText, !home.isEmpty
    else { return path }
    return home + path.dropFirst()
  }

  /// What a built-in yields, as its output; a handle is none.
  func printOutput(_ value: Value) throws {
    if case .handle = value.plain { return }
    let text = Interpreter.shown(value)
    if !text.isEmpty { try write(text.hasSuffix("\n") ? text : text + "\n") }
  }

  private func runInProcess(
    _ thunk: Value, _ arguments: [Value], _ redirections: [Redirection], _ site: PipelineSite
  ) throws -> Value {
    func body() throws -> Value {
      if redirections.isEmpty { return try invoke(thunk, arguments, wantsValue: site.wantsValue) }
      return try host.redirected(redirections, self) {
        let result = try invoke(thunk, arguments, wantsValue: site.wantsValue)
        // A value that is not used goes where the output goes.
        guard !site.wantsValue, redirections.contains(where: { $0.descriptors.contains(1) })
        else { return result }
        if site.printsValue {
          if case .handle = result.plain { return result }
          try printOutput(result)
          return .null
        }
        try printReport(result)
        if case .report = result { return .null }
        return result
      }
    }
    guard site.mode == .ok else { return try body() }
    do {
      let result = try body()
      try printReport(result)
      if case .bool(false) = result.plain { return .bool(false) }
      return .bool(true)
    } catch let error as ErrorObject where error.kind == .failed {
      return .bool(false)
    }
  }
}
