import Glibc
import Posix
import Processes
import Waits

/// An object that a process waits for, and who could move it, each once.
struct SeenObject {
  let object: WaitObject
  let want: Want
  let wakers: [Int32]

  init(_ object: WaitObject, _ want: Want) {
    self.object = object
    self.want = want
    var seen: Set<Int32> = []
    wakers = object.wakers(of: want).pids.filter { seen.insert($0).inserted }
  }
}

/// Turns what one process waits for into objects of a graph, with all who could move them.
struct Resolution {
  let survey: Survey
  let pid: Int32
  private(set) var targets: [WaitTarget] = []
  private(set) var objects: [WaitObject] = []
  private(set) var wakers: [Int32] = []
  /// Something that is waited for is not known.
  private(set) var hasMore = false
  /// When a timer that is watched ends (monotonic ns).
  private(set) var deadline: Int64?
  var situation = Survey.Situation()

  init(_ survey: Survey, _ pid: Int32) {
    self.survey = survey
    self.pid = pid
  }

  var files: ProcFiles { survey.files }
  var holders: Holders { survey.holders }

  /// Whether it waits for something that it has itself, as the reader of a pipe whose only other
  /// end is its own.
  var isOwnWaker: Bool { wakers == [pid] }

  mutating func resolve(_ sleep: Sleep) {
    switch sleep.awaited {
    case .input(let number): descriptor(number, .value)
    case .room(let number): descriptor(number, .room)
    case .connection(let number): descriptor(number, .value)
    case .answer(let number): answer(number)
    case .events(let list): events(list, depth: 0)
    case .child(let choice): children(choice)
    case .futex(let futex): self.futex(futex)
    case .lock(let number, let style): lock(number, style)
    case .partner(let path, let directory, let isForReading):
      partner(path, directory, isForReading: isForReading)
    case .time: add(ObjectID(.time, 0), .time, reach: .members)
    case .signal(let signals): signal(signals)
    case .message(let queue, let isRoom):
      let id = ObjectID(.messageQueue, UInt64(UInt32(bitPattern: queue)), device: 1)
      add(
        id, isRoom ? .room : .value, name: "System V queue \(queue)",
        reach: .outsiders("any process that knows its number"))
    case .semaphore(let set, let numbers): semaphore(set, numbers)
    case .posted(let number, let isRoom): posted(number, isRoom: isRoom)
    case .borrowedMemory: borrower()
    case .other: hasMore = true
    }
  }

  // MARK: Objects

  mutating func add(
    _ id: ObjectID, _ want: Want, name: String = "", detail: String = "",
    _ shares: [WaitObject.Share] = [], reach: WaitObject.Reach, isTrue: Bool? = false
  ) {
    var object = WaitObject(id, name: name, detail: detail, shares, reach: reach)
    // A sleep in the kernel ends with what it waits for: the sleeper is the proof.
    if let isTrue { object.isTrue[want] = isTrue }
    add(SeenObject(object, want))
  }

  mutating func add(_ seen: SeenObject) {
    objects.append(seen.object)
    targets.append(WaitTarget(seen.object.id, seen.want))
    if wakers.isEmpty {
      wakers = seen.wakers
    } else {
      let known = Set(wakers)
      wakers += seen.wakers.filter { !known.contains($0) }
    }
    if case .outsiders(let who) = seen.object.reach { situation.outsider = who }
    if case .unknown(let gap) = seen.object.reach { survey.gap(gap) }
  }

  mutating func unknown(_ gap: String) {
    hasMore = true
    survey.gap(gap)
  }

  mutating func end(of child: Int32) {
    targets.append(WaitTarget(.process(child), .end))
    if !wakers.contains(child) { wakers.append(child) }
  }

  /// Whether others could have an end that were not seen: a relative of those who have it, whose
  /// descriptors may not be read.
  func reach(_ shares: [WaitObject.Share]) -> WaitObject.Reach {
    guard let hidden = holders.hidden.first(where: { isRelative($0, of: shares) }) else {
      return .members
    }
    let name = survey.stat(hidden)?.name ?? ""
    return .unknown("the descriptors of \(name) (\(hidden)) may not be read")
  }

  private func isAncestor(_ other: Int32, of stat: ProcessStat) -> Bool {
    var ancestor = stat.parent
    for _ in 0..<64 where ancestor > 1 {
      if ancestor == other { return true }
      ancestor = survey.stat(ancestor)?.parent ?? 0
    }
    return false
  }

  func isRelative(_ other: Int32, of shares: [WaitObject.Share]) -> Bool {
    guard let stat = survey.stat(other) else { return false }
    for share in shares {
      // Members of one pipeline, or programs of one script.
      guard let holder = survey.stat(share.pid) else { continue }
      if holder.group == stat.group { return true }
      if holder.session == stat.session, isAncestor(other, of: holder) { return true }
      var ancestor = stat.parent
      var steps = 0
      while ancestor > 1, steps < 64 {
        if ancestor == share.pid { return true }
        ancestor = survey.stat(ancestor)?.parent ?? 0
        steps += 1
      }
    }
    return false
  }

  // MARK: Descriptors

  private mutating func descriptor(_ number: Int32, _ want: Want) {
    guard let descriptor = holders.descriptor(number, of: pid) else {
      return unknown("descriptor \(number) of \(pid) cannot be read")
    }
    self.descriptor(descriptor, want, depth: 0)
  }

  private mutating func descriptor(_ descriptor: OpenDescriptor, _ want: Want, depth: Int) {
    let number = descriptor.number
    switch descriptor.kind {
    case .pipe: pipe(descriptor, want, path: nil)
    case .namedPipe:
      pipe(descriptor, want, path: files.link(pid, "fd/\(number)").value ?? "?")
    case .socket: socket(descriptor, want)
    case .terminal:
      let path = files.link(pid, "fd/\(number)").value ?? "a terminal"
      add(
        ObjectID(.terminal, descriptor.file.inode, device: descriptor.file.device), want,
        name: path, reach: .outsiders("a person at \(path)"))
    case .file:
      add(
        ObjectID(.other, descriptor.file.inode, device: descriptor.file.device), .other,
        name: files.link(pid, "fd/\(number)").value ?? "a file", reach: .outsiders("the disk"))
    case .device:
      let path = files.link(pid, "fd/\(number)").value ?? "a device"
      add(
        ObjectID(.other, descriptor.file.inode, device: descriptor.file.device), want,
        name: path, reach: .outsiders(path))
    case .event: event(number, want)
    case .process:
      guard let facts = holders.facts(of: pid, descriptor: number).value, let child = facts.process,
        child > 0
      else { return unknown("descriptor \(number) of \(pid) cannot be read") }
      end(of: child)
    case .timer:
      // What is left of its time is read anew.
      guard let left = files.facts(of: pid, descriptor: number).value?.timeLeft, left > 0 else {
        return unknown("the timer \(number) of \(pid) is not set, or cannot be read")
      }
      deadline = min(deadline ?? Int64.max, Survey.now + left)
      add(ObjectID(.time, 0), .time, reach: .members)
    case .signals:
      signal(holders.facts(of: pid, descriptor: number).value?.signals ?? [])
    case .watch:
      add(
        ObjectID(.other, UInt64(UInt32(bitPattern: number)), device: own), .other,
        name: "changes of files", reach: .outsiders("any process that changes the files"))
    case .poll:
      guard depth < 4, let facts = holders.facts(of: pid, descriptor: number).value else {
        return unknown("what descriptor \(number) of \(pid) watches cannot be read")
      }
      events(facts.watched, depth: depth + 1)
    case .other: unknown("descriptor \(number) of \(pid) is of a kind that is not known here")
    }
  }

  /// A number for what only this process has.
  var own: UInt64 { UInt64(UInt32(bitPattern: pid)) << 32 }

  private mutating func pipe(_ descriptor: OpenDescriptor, _ want: Want, path: String?) {
    // Hundreds of processes may read one pipe.
    let key = Survey.PipeKey(file: descriptor.file, want: want, path: path)
    if let known = survey.pipes[key] { return add(known) }
    let made = SeenObject(pipeObject(descriptor, want, path: path), want)
    survey.pipes[key] = made
    add(made)
  }

  private func pipeObject(
    _ descriptor: OpenDescriptor, _ want: Want, path: String?
  ) -> WaitObject {
    var shares: [WaitObject.Share] = []
    for holder in holders.of(descriptor.file) {
      var roles: WaitObject.Roles = []
      if holder.descriptor.isReadable { roles.insert(.reads) }
      if holder.descriptor.isWritable { roles.insert(.writes) }
      shares.append(.init(holder.pid, roles, descriptor: holder.descriptor.number))
    }
    let other: WaitObject.Roles = want == .room ? .reads : .writes
    var reach = reach(shares)
    if !shares.contains(where: { $0.roles.contains(other) }) {
      // Without anybody at the other end it would not sleep.
      reach = .unknown("the other end of pipe:[\(descriptor.file.inode)] is out of sight")
    }
    if let path, !path.hasSuffix(" (deleted)") {
      reach = .outsiders("any process that opens \(path)")
    }
    return WaitObject(
      ObjectID(.rawPipe, descriptor.file.inode, device: descriptor.file.device),
      name: path ?? "pipe:[\(descriptor.file.inode)]", detail: want == .room ? "full" : "empty",
      shares, reach: reach, isTrue: [want: false])
  }

  private mutating func socket(_ descriptor: OpenDescriptor, _ want: Want) {
    let inode = descriptor.file.inode
    let id = ObjectID(.socket, inode)
    guard let facts = survey.socket(inode).value else {
      // Of a family that is not asked for: the network, or the kernel itself.
      add(
        id, want, name: "socket:[\(inode)]", reach: .unknown("the peer of socket:[\(inode)]"),
        isTrue: nil)
      return
    }
    if facts.isListening {
      let listeners = holders.of(descriptor.file).map {
        WaitObject.Share($0.pid, .listens, descriptor: $0.descriptor.number)
      }
      add(
        ObjectID(.listener, inode), .value, name: name(of: facts), listeners,
        reach: .outsiders("any process that connects to \(name(of: facts))"))
      return
    }
    var shares = holders.of(descriptor.file).map {
      WaitObject.Share($0.pid, .has, descriptor: $0.descriptor.number)
    }
    guard let peer = facts.peer else {
      let who: WaitObject.Reach =
        switch facts.family {
        case .tcp: .outsiders("the other end of the connection, \(facts.remote)")
        case .unix where facts.isDatagram:
          .outsiders("any process that sends to \(name(of: facts))")
        case .unix: .unknown("the peer of socket:[\(inode)]")
        }
      add(id, want, name: name(of: facts), shares, reach: who)
      return
    }
    let others = holders.of(FileID(device: descriptor.file.device, inode: peer))
    shares += others.map {
      WaitObject.Share($0.pid, [.reads, .writes], descriptor: $0.descriptor.number)
    }
    var reach = reach(shares)
    if others.isEmpty { reach = .unknown("the peer of socket:[\(inode)] is out of sight") }
    if facts.isDatagram, !facts.name.isEmpty, want == .value {
      reach = .outsiders("any process that sends to \(facts.name)")
    }
    add(
      id, want, name: name(of: facts), detail: want == .room ? "full" : "empty", shares,
      reach: reach)
  }

  private func name(of socket: SocketFacts) -> String {
    switch socket.family {
    case .tcp: "tcp:\(socket.name)"
    case .unix where socket.name.isEmpty: "socket:[\(socket.inode)]"
    case .unix: "unix:\(socket.name)"
    }
  }

  private mutating func event(_ number: Int32, _ want: Want) {
    guard let id = holders.facts(of: pid, descriptor: number).value?.eventID else {
      return unknown("the eventfd \(number) of \(pid) cannot be told from others")
    }
    // Each that has it may write to it, and read.
    let shares = holders.ofEvent(id).map {
      WaitObject.Share($0.pid, [.reads, .writes], descriptor: $0.descriptor.number)
    }
    add(
      ObjectID(.other, UInt64(id), device: 1), want, name: "eventfd \(id)", shares,
      reach: reach(shares))
  }

  private mutating func events(_ list: [Awaited.Polled], depth: Int) {
    if list.isEmpty, depth == 0 { return signal([]) }
    for item in list {
      guard let descriptor = holders.descriptor(item.descriptor, of: pid) else {
        unknown("descriptor \(item.descriptor) of \(pid) cannot be read")
        continue
      }
      // An eventfd that it alone has wakes it from a handler, at most.
      if list.count > 1, descriptor.kind == .event,
        let id = holders.facts(of: pid, descriptor: item.descriptor).value?.eventID,
        holders.ofEvent(id).allSatisfy({ $0.pid == pid })
      {
        continue
      }
      // What was added under a number can be another one by now, or have been closed.
      if let inode = item.inode, descriptor.file.inode != 0, inode != descriptor.file.inode {
        unknown("a descriptor that \(pid) watches has another number now")
        continue
      }
      if item.wantsInput { self.descriptor(descriptor, .value, depth: depth) }
      if item.wantsRoom { self.descriptor(descriptor, .room, depth: depth) }
    }
  }

  private mutating func answer(_ number: Int32) {
    guard let descriptor = holders.descriptor(number, of: pid), descriptor.kind == .socket else {
      return unknown("descriptor \(number) of \(pid) cannot be read")
    }
    add(
      ObjectID(.socket, descriptor.file.inode), .value, name: "socket:[\(descriptor.file.inode)]",
      reach: .outsiders("what it connects to"))
  }

  // MARK: Processes

  private mutating func children(_ choice: Awaited.Children) {
    let all = (survey.children[pid] ?? []).filter { survey.stat($0) != nil }
    switch choice {
    case .one(let child):
      end(of: child)
    case .any:
      for child in all { end(of: child) }
    case .group(let group):
      let wanted = group == 0 ? survey.stat(pid)?.group : group
      for child in all where survey.stat(child)?.group == wanted { end(of: child) }
    case .descriptor(let number):
      guard let child = holders.facts(of: pid, descriptor: number).value?.process, child > 0 else {
        return unknown("descriptor \(number) of \(pid) cannot be read")
      }
      end(of: child)
    }
    // A child that came after the list was made.
    if targets.isEmpty { unknown("the children of \(pid) have changed meanwhile") }
  }

  /// The child of vfork(2), which has this process's memory until it ends or becomes a program.
  private mutating func borrower() {
    let all = survey.children[pid] ?? []
    let sharing = all.filter { files.shareMemory(pid, $0).value ?? true }
    for child in sharing { end(of: child) }
    if sharing.isEmpty { unknown("the child of \(pid) is out of sight") }
  }
}
