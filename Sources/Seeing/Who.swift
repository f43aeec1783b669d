import Posix
import Processes
import Waits

/// Which processes have a thing, and what they do with it.
public struct Who: Sendable {
  /// One process, once for each descriptor.
  public struct Row: Sendable, Equatable {
    public var name: String
    public var pid: Int32
    public var descriptor: Int32?
    /// Words of `WaitObject.Roles`.
    public var does: [String]
    public var count = 1
    /// For how long (ns).
    public var since: Int64?
    /// What the process waits for now.
    public var waits: String
  }

  /// What the thing is: `pipe:[4711]: 2 ends`.
  public var head: String
  public var rows: [Row]
  /// What could not be read.
  public var gaps: [String] = []

  public init(head: String, rows: [Row], gaps: [String] = []) {
    self.head = head
    self.rows = rows
    self.gaps = gaps
  }

  /// The line of what it is, then a table.
  public var text: String {
    var lines = [head]
    func width(_ texts: [String]) -> Int { texts.map(\.count).max() ?? 0 }
    let names = rows.map { "\($0.name) (\($0.pid))" }
    let does = rows.map { row in
      row.does.joined(separator: ",") + (row.descriptor.map { " fd \($0)" } ?? "")
    }
    let first = width(names)
    let second = width(does)
    for (at, row) in rows.enumerated() {
      let name = names[at] + String(repeating: " ", count: first - names[at].count)
      let does = does[at] + String(repeating: " ", count: second - does[at].count)
      let waits = row.waits.isEmpty ? "" : "  in: \(row.waits)"
      let since = row.since.map { "  for \(Wording.duration($0))" } ?? ""
      var line = "  \(name)  \(does)\(since)\(waits)"
      while line.last == " " { line.removeLast() }
      lines.append(line)
    }
    lines += gaps.map { "  cannot tell: \($0)" }
    return lines.joined(separator: "\n")
  }
}

extension Who {
  /// Asks /proc who has a thing; nil if there is no such thing.
  public init?(_ thing: Thing, files: ProcFiles = ProcFiles(), reader: ProcReader = ProcReader()) {
    let first = Survey([], files: files, reader: reader, wait: { _ in })
    var search = WhoSearch(files: files, survey: first)
    guard search.find(thing) else { return nil }
    // What they do now, by two looks.
    let pids = search.rows.map(\.pid)
    let survey = Survey(pids, files: files, reader: reader)
    let explainer = Explainer(survey)
    rows = search.rows.map { row in
      var row = row
      let told = explainer.explain(row.pid)
      row.waits = told.waits
      let sleep = survey.graph.sleep(of: row.pid)
      let isWaiting = sleep?.targets.contains { search.means($0.object) } ?? false
      if isWaiting, survey.member(row.pid).map({ search.uses(row, $0.sleep) }) ?? false {
        row.does.append("waits")
        row.since = told.since
      }
      return row
    }
    head = search.head
    gaps = search.gaps
    // The longest first, of those that wait.
    rows.sort { one, other in
      let left = one.does.contains("waits")
      let right = other.does.contains("waits")
      if left != right { return !left }
      if left, one.since != other.since { return one.since ?? 0 > other.since ?? 0 }
      return (one.pid, one.descriptor ?? -1) < (other.pid, other.descriptor ?? -1)
    }
  }
}

/// The search for all who have a thing.
private struct WhoSearch {
  let files: ProcFiles
  let survey: Survey
  private(set) var head = ""
  private(set) var rows: [Who.Row] = []
  private(set) var gaps: [String] = []
  private var objects: Set<ObjectID> = []

  init(files: ProcFiles, survey: Survey) {
    self.files = files
    self.survey = survey
    gaps = survey.gaps
  }

  func means(_ object: ObjectID) -> Bool { objects.contains(object) }

  /// Whether a sleep is in the very descriptor of a row.
  func uses(_ row: Who.Row, _ sleep: Sleep?) -> Bool {
    guard let descriptor = row.descriptor, let sleep else { return true }
    switch sleep.awaited {
    case .input(let number), .room(let number), .connection(let number), .answer(let number),
      .lock(let number, _), .posted(let number, _):
      return number == descriptor
    case .events(let list): return list.contains { $0.descriptor == descriptor }
    default: return true
    }
  }

  mutating func find(_ thing: Thing) -> Bool {
    switch thing {
    case .process(let pid): return process(pid)
    case .descriptor(let pid, let number): return descriptor(number, of: pid)
    case .path(let path): return self.path(path)
    case .tcp(let port): return tcp(port)
    case .unix(let name): return unix(name)
    case .pipe(let inode):
      let file = FileID(device: 0, inode: inode)
      guard !survey.holders.of(file).isEmpty else { return false }
      ends(of: file, "pipe:[\(inode)]", .rawPipe)
      return true
    }
  }

  private func name(_ pid: Int32) -> String { survey.stat(pid)?.name ?? "" }

  /// A process: its parent, and all who have a descriptor of it or are waiting for its end.
  private mutating func process(_ pid: Int32) -> Bool {
    guard let stat = survey.stat(pid) else { return false }
    objects = [.process(pid)]
    let parent = survey.stat(stat.parent)
    let ancestry = parent.map { ", child of \($0.name) (\(stat.parent))" } ?? ""
    head = "process \(stat.name) (\(pid))\(ancestry)"
    if stat.parent > 0 {
      add(stat.parent, nil, ["has"])
    }
    for other in survey.processes.keys.sorted() {
      for descriptor in survey.holders.table(of: other) ?? [] where descriptor.kind == .process {
        let facts = files.facts(of: other, descriptor: descriptor.number).value
        if facts?.process == pid { add(other, descriptor.number, ["has"]) }
      }
    }
    note(survey.holders.hidden)
    return true
  }

  private mutating func descriptor(_ number: Int32, of pid: Int32) -> Bool {
    guard survey.stat(pid) != nil else { return false }
    guard survey.holders.table(of: pid) != nil else {
      head = "descriptor \(number) of \(name(pid)) (\(pid))"
      gaps.append("the descriptors of \(name(pid)) (\(pid)) may not be read")
      return true
    }
    guard let found = survey.holders.descriptor(number, of: pid) else { return false }
    let target = files.link(pid, "fd/\(number)").value ?? "descriptor \(number)"
    switch found.kind {
    case .pipe, .namedPipe: ends(of: found.file, target, .rawPipe)
    case .socket: socket(found.file.inode, found.file)
    case .file: file(found.file, target)
    case .process:
      guard let other = files.facts(of: pid, descriptor: number).value?.process, other > 0 else {
        return false
      }
      return process(other)
    case .event:
      guard let id = files.facts(of: pid, descriptor: number).value?.eventID else { return false }
      objects = [ObjectID(.other, UInt64(id), device: 1)]
      for holder in survey.holders.ofEvent(id) {
        add(holder.pid, holder.descriptor.number, ["reads", "writes"])
      }
      head = "eventfd \(id): \(rows.count) descriptors"
      note(survey.holders.hidden)
    default:
      head = target
      add(pid, number, ["has"])
    }
    return true
  }

  private mutating func path(_ path: String) -> Bool {
    if let file = files.namedPipe(at: path) {
      ends(of: file, path, .rawPipe)
      return true
    }
    // The kernel knows a socket by the path that it was bound to.
    if unix(path) { return true }
    guard let file = files.file(at: path) else { return false }
    self.file(file, path)
    return true
  }

  /// Each end of a pipe with all who have it.
  private mutating func ends(of file: FileID, _ name: String, _ kind: ObjectID.Kind) {
    objects = [ObjectID(kind, file.inode, device: file.device)]
    for holder in survey.holders.of(file) {
      var does: [String] = []
      if holder.descriptor.isReadable { does.append("reads") }
      if holder.descriptor.isWritable { does.append("writes") }
      add(holder.pid, holder.descriptor.number, does)
    }
    let readers = rows.count { $0.does.contains("reads") }
    let writers = rows.count { $0.does.contains("writes") }
    head = "\(name): \(readers) to read, \(writers) to write"
    note(survey.holders.hidden)
  }

  private mutating func file(_ file: FileID, _ name: String) {
    objects = [ObjectID(.file, file.inode, device: file.device)]
    let locks = (survey.locks.value ?? []).filter { $0.inode == file.inode }
    for holder in survey.holders.of(file) {
      var does: [String] = []
      if !locks.isEmpty {
        let facts = files.facts(of: holder.pid, descriptor: holder.descriptor.number).value
        if !(facts?.locks.isEmpty ?? true) { does.append("holds") }
      }
      if holder.descriptor.isReadable { does.append("reads") }
      if holder.descriptor.isWritable { does.append("writes") }
      add(holder.pid, holder.descriptor.number, does.isEmpty ? ["has"] : does)
    }
    let held = locks.count { !$0.isWaiting }
    let waiting = locks.count { $0.isWaiting }
    let told = held == 0 ? "no locks" : "\(held) locked, \(waiting) waiting"
    head = "\(name): open in \(Set(rows.map(\.pid)).count) processes, \(told)"
    note(survey.holders.hidden)
  }

  private mutating func socket(_ inode: UInt64, _ file: FileID) {
    guard let facts = survey.socket(inode).value else {
      head = "socket:[\(inode)]"
      for holder in survey.holders.of(file) { add(holder.pid, holder.descriptor.number, ["has"]) }
      note(survey.holders.hidden)
      return
    }
    add(facts, file.device)
    if let peer = facts.peer, let other = survey.socket(peer).value { add(other, file.device) }
    let state = facts.isListening ? "listens" : facts.peer == nil ? "no peer here" : "connected"
    head =
      "socket:[\(inode)] \(facts.name)\(facts.remote.isEmpty ? "" : " – \(facts.remote)"): \(state)"
    note(survey.holders.hidden)
  }

  private mutating func add(_ socket: SocketFacts, _ device: UInt64) {
    objects.insert(ObjectID(socket.isListening ? .listener : .socket, socket.inode))
    for holder in survey.holders.of(FileID(device: device, inode: socket.inode)) {
      add(
        holder.pid, holder.descriptor.number,
        socket.isListening ? ["listens"] : ["reads", "writes"])
    }
  }

  private mutating func tcp(_ port: UInt16) -> Bool {
    let sockets = (files.tcpSockets().value ?? [:]).values.filter { $0.port == port }
    return add(sockets, "tcp:\(port)")
  }

  private mutating func unix(_ name: String) -> Bool {
    let sockets = (files.unixSockets().value ?? [:]).values.filter { $0.name == name }
    return add(sockets, "unix:\(name)")
  }

  private mutating func add(_ sockets: [SocketFacts], _ name: String) -> Bool {
    if sockets.isEmpty { return false }
    for socket in sockets.sorted(by: { $0.inode < $1.inode }) { add(socket, 0) }
    let listening = sockets.count(where: \.isListening)
    let waiting = sockets.filter(\.isListening).reduce(0) { $0 + $1.waiting }
    head = "\(name): \(listening) listening, \(sockets.count - listening) connected"
    if waiting > 0 { head += ", \(waiting) not accepted yet" }
    note(survey.holders.hidden)
    return true
  }

  private mutating func add(_ pid: Int32, _ descriptor: Int32?, _ does: [String]) {
    rows.append(
      Who.Row(name: name(pid), pid: pid, descriptor: descriptor, does: does, waits: ""))
  }

  /// Others may have it, too, whose descriptors may not be read.
  private mutating func note(_ hidden: [Int32]) {
    if hidden.isEmpty { return }
    gaps.append("\(hidden.count) processes may have it, too, but may not be looked into")
  }
}
