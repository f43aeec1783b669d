import Channels
import Language
import Posix
import Session

/// A pipe as the language sees it.
final class PipeHandle: ChannelHandle {
  let pipe: Pipe

  init(_ name: String, _ pipe: Pipe) {
    self.pipe = pipe
    super.init(name, pipe)
  }

  override var typeName: String { "pipe" }

  override var fieldNames: [String] {
    ["name", "form", "open", "sent", "received", "receiving", "sending"] + endNames
  }

  /// What its ends are called: `a` and `b`, or `r` and `w`.
  var endNames: [String] { pipe.form == .duplex ? ["a", "b"] : ["r", "w"] }

  /// The name of an end.
  func name(of end: Pipe.End) -> String { endNames[end.rawValue] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": return .text(self.name)
    case "form": return .text(String(describing: pipe.form))
    case "open": return .items(pipe.openEnds.map { .text(self.name(of: $0)) })
    case "sent": return .int(pipe.traffic.sent)
    case "received": return .int(pipe.traffic.received)
    case "receiving": return names(of: pipe.peers.pids(.reading, .stuckReading), session)
    case "sending": return names(of: pipe.peers.pids(.writing, .stuckWriting), session)
    // Not kept, since each end keeps its pipe.
    default: return end(named: name).map { .handle(PipeEndHandle(self, $0)) }
    }
  }

  /// An end by its name; nil for what is none of this pipe.
  func end(named name: String) -> Pipe.End? {
    endNames.firstIndex(of: name).flatMap(Pipe.End.init(rawValue:))
  }

  /// The end that plain `p` means: the maker's is `a`, its descendants' is `b`; of a pipe with one
  /// direction the one that the verb needs.
  func plainEnd(sends: Bool) -> Pipe.End {
    if pipe.form != .duplex { return sends ? .b : .a }
    return pipe.isMaker ? .a : .b
  }

  /// What there is to know about it.
  func record() throws -> Value {
    let map = MapObject()
    for name in fieldNames.dropLast(2) { map.set(.text(name), try field(name) ?? .null) }
    return .map(map)
  }
}

/// One end of a pipe as the language sees it.
final class PipeEndHandle: Handle {
  let owner: PipeHandle
  let end: Pipe.End

  init(_ owner: PipeHandle, _ end: Pipe.End) {
    self.owner = owner
    self.end = end
  }

  override var typeName: String { "pipe end" }
  override var text: String { "pipe \(owner.name).\(owner.name(of: end))" }
  override var fieldNames: [String] { ["pipe", "name", "open"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "pipe": .handle(owner)
    case "name": .text("\(owner.name).\(owner.name(of: end))")
    case "open": .bool(owner.pipe.openEnds.contains(end))
    default: nil
    }
  }

  override func isSame(_ other: Handle) -> Bool {
    guard let other = other as? PipeEndHandle else { return false }
    return owner.isSame(other.owner) && end == other.end
  }
}

/// What a verb of pipes works on: a pipe, and the end that was named or is meant.
struct PipeTarget {
  let handle: PipeHandle
  let end: Pipe.End
  /// Whether an end was named, so that the end of the file is the kernel's alone.
  let isNamed: Bool

  /// - Parameter sends: what the verb does.
  init(_ value: Value, sends: Bool) throws {
    switch value {
    case .handle(let pipe as PipeHandle):
      handle = pipe
      end = pipe.plainEnd(sends: sends)
      isNamed = false
    case .handle(let named as PipeEndHandle):
      handle = named.owner
      end = named.end
      isNamed = true
      if handle.pipe.form != .duplex, (end == .b) != sends {
        let text = named.text
        throw ErrorObject(
          .type, "\(text) is the end that \(sends ? "reads" : "writes")",
          help: "the other one is \(handle.name).\(sends ? "w" : "r")")
      }
    default: throw ErrorObject.badValue("pipe", must: "a pipe or an end of one", is: value)
    }
  }

  /// As `pipe 'p'` or `pipe p.w`.
  var shown: String { isNamed ? "pipe \(handle.name).\(handle.name(of: end))" : handle.shown }

  /// Works on the pipe; says which end is closed.
  func work<R>(_ what: String, _ body: (Pipe) throws -> R) throws -> R {
    try handle.session.output.flushBeforeOthersKnow()
    do {
      return try body(handle.pipe)
    } catch {
      throw worded(error, what)
    }
  }

  @inline(never)
  private func worded(_ error: any Error, _ what: String) -> any Error {
    guard case ChannelError.closed = error else {
      return handle.session.worded(error, handle, what)
    }
    let isOurs = !handle.pipe.openEnds.contains(end)
    return ErrorObject(
      .closed,
      isOurs
        ? "cannot \(what) \(shown): this process has closed it"
        : "cannot \(what) \(shown): no process has the other end open")
  }

  /// Throws `type` unless the pipe is, or is not, one of bytes.
  func require(raw: Bool, _ verb: String) throws {
    guard (handle.pipe.form == .raw) != raw else { return }
    throw ErrorObject(
      .type,
      raw
        ? "\(handle.shown) carries values, not bytes" : "\(handle.shown) carries bytes, not values",
      help: raw
        ? "use pipe send and pipe recv, or make it with --raw"
        : "use pipe write and pipe read, or make it without --raw")
  }
}

extension ParameterType {
  /// A pipe by name or handle, or an end of one, `p.w`.
  static let pipe = ParameterType(
    "pipe", "a pipe or an end of one: a name such as p or p.w, or a handle",
    completion: .live("pipe"), version: Names.version
  ) { input in
    if case .handle(let handle) = input.value {
      if let pipe = handle as? PipeHandle ?? (handle as? PipeEndHandle)?.owner {
        try pipe.requireKept()
        return input.value
      }
      guard let other = handle as? ChannelHandle else { return nil }
      throw wrongFamily(other, other.name, "pipe", input.command, input.interpreter)
    }
    guard case .string(let word)? = input.spelling ?? input.value.asString else { return nil }
    return .handle(try input.interpreter.session.pipe(word, for: input.command))
  }
}

extension Session {
  /// A pipe, or an end of one, by its name.
  fileprivate func pipe(_ word: StringObject, for command: Command?) throws -> Handle {
    let name = word.string
    if names[name] == nil, let dot = name.lastIndex(of: "."),
      let pipe = names[String(name[..<dot])] as? PipeHandle
    {
      let part = String(name[name.index(after: dot)...])
      if pipe.end(named: part) != nil, case .handle(let end)? = try pipe.field(part) { return end }
      throw ErrorObject(
        .missing, "\(pipe.shown) has no end '\(part)'",
        help: "its ends are "
          + pipe.endNames.map { "\(pipe.name).\($0)" }.joined(separator: " and "))
    }
    return try channel(name, PipeHandle.self, "pipe", for: command)
  }
}
