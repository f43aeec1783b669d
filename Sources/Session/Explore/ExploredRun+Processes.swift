import Explore
import Glibc
import Posix
import Processes

/// The processes of a run: how they go from gate to gate, and what they say.
extension ExploredRun {
  // MARK: From gate to gate

  /// A new process goes up to its first operation.
  func attach(_ path: ProcessPath, _ socket: Int32, _ pid: Int32) throws {
    try? Messages.limitWaits(socket, to: ExploredRun.slice)
    members[path] = Member(
      path: path, pid: pid, pidfd: (try? Process.descriptor(of: pid)) ?? -1, socket: socket)
    pids[pid] = path
    born.insert(path)
    if let numbers, !numbers.allow(pid) { throw Coincidence() }
    try advance(path)
  }

  /// After how long it is looked whether a process that says nothing still lives (ns).
  private static let slice: Int64 = 1_000_000_000

  /// Until a process stands before an operation, or has ended.
  func advance(_ path: ProcessPath) throws {
    while let message = receive(path) {
      switch message {
      case .stands(var point):
        point.operation.name = Gate.shortened(masked(point.operation.name))
        if point.ends {
          point.operation.accesses += endings(of: path, members[path], isAware: true)
        }
        members[path]?.point = point
        return
      case .forked(let place, let pid):
        if let socket = takeDescriptor() { try attach(path.child(place), socket, pid) }
        if let member = members[path] { send(.go, to: member) }
      case .uses(let what): used.insert(what)
      case .needs(let detail): wanted.formUnion(detail)
      case .leaves(let children):
        for child in children { history.find("\(path) ends and has not waited for \(child)") }
      case .refuses(let what, let place, let help):
        throw Refused(what: what, place: place, help: help)
      case .asks(let pid):
        if let member = members[path] {
          send(.answer, to: member, name(of: pid)?.description ?? "")
        }
      default: break
      }
    }
  }

  /// A process has ended, or is about to: waits until it is a zombie.
  func awaitEnd(of path: ProcessPath) {
    guard let member = members[path] else { return }
    if member.pidfd >= 0 {
      var descriptor = pollfd(fd: member.pidfd, events: Int16(POLLIN), revents: 0)
      while poll(&descriptor, 1, 10_000) < 0, errno == EINTR {}
    }
    drop(path)
  }

  private func drop(_ path: ProcessPath) {
    guard let member = members.removeValue(forKey: path) else { return }
    ended[path] = member.held
    gone.append(path)
    Descriptors.close(member.socket)
    Descriptors.close(member.pidfd)
  }

  /// Ends what is left of the run.
  func end() {
    for member in members.values where member.pid > 0 { endNow(member) }
    for path in members.keys.sorted() { awaitEnd(of: path) }
  }

  /// Which process of the run has a pid.
  func name(of pid: Int32) -> ProcessPath? {
    let path = pids[pid]
    numbers?.show(pid, isPid: path != nil)
    return path
  }

  /// A text with the pids of the run's processes as `<2.1>`.
  func masked(_ text: String) -> String {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    var result: [UInt8] = []
    // What of the text was taken over, and where the digits begin before the place that is looked at.
    var (done, start, number) = (0, -1, 0)
    var text = text
    let isChanged = text.withUTF8 { bytes -> Bool in
      for place in 0...bytes.count {
        if place < bytes.count, digits.contains(bytes[place]) {
          if start < 0 { (start, number) = (place, 0) }
          if number < 1 << 32 { number = number * 10 + Int(bytes[place] - 0x30) }
        } else if start >= 0 {
          if let path = Int32(exactly: number).flatMap({ name(of: $0) }) {
            result += bytes[done..<start]
            result += "<\(path)>".utf8
            done = place
          }
          start = -1
        }
      }
      if done > 0 { result += bytes[done...] }
      return done > 0
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : text
  }

  // MARK: Messages

  private func takeDescriptor() -> Int32? {
    guard let first = arrived.first else { return nil }
    arrived.removeFirst()
    return (try? Descriptors.makePrivate(first)) ?? first
  }

  func send(_ order: Gate.Order, to member: Member, _ text: String = "") {
    let text = Array(text.utf8.prefix(400))
    withUnsafeTemporaryAllocation(byteCount: 9 + text.count, alignment: 8) { bytes in
      bytes[0] = order.rawValue
      bytes.storeBytes(of: now, toByteOffset: 1, as: Int64.self)
      for (place, byte) in text.enumerated() { bytes[9 + place] = byte }
      _ = try? Messages.send(member.socket, UnsafeRawBufferPointer(bytes))
    }
  }

  /// The next message of a process; nil where it has ended, or computes for longer than is waited for.
  func receive(_ path: ProcessPath) -> GateMessage? {
    guard let member = members[path] else { return nil }
    let buffer = ExploredRun.buffer
    var deadline: Int64?
    while true {
      let received: ReceivedMessage?
      do {
        received = try Messages.receive(member.socket, into: buffer, waits: true)
      } catch {
        break
      }
      if let message = received {
        if message.count == 0 { break }
        arrived += message.descriptors
        return GateMessage(UnsafeRawBufferPointer(rebasing: buffer[..<message.count]))
      }
      // A signal has come, or nothing for a while.
      let now = Clock.monotonic
      // Once one was given up, others are not waited for as long.
      let limit = deadline ?? now &+ (isLost ? 0 : limits.timeLimit)
      deadline = limit
      if now >= limit {
        isLost = true
        endNow(member)
      } else if hasEnded(member), !isReadable(member.socket) {
        break
      }
    }
    awaitEnd(of: path)
    return nil
  }

  private func hasEnded(_ member: Member) -> Bool { isReadable(member.pidfd) }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return descriptor >= 0 && poll(&watched, 1, 0) > 0
  }
}
