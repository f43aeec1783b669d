import Channels
import Glibc
import Posix
import Processes

// Channels whose processes are killed at each point of an operation, or stopped, without a shell.
//   channel-faults CASE     put, large, courier, woken

#if !DEBUG
print("channel-faults needs a debug build")
exit(2)
#endif

/// Runs a body for the points 0, 1, … until it yields false: the operation went through.
func eachPoint(_ body: (Int) throws -> Bool) throws -> Int {
  var point = 0
  while try body(point) {
    point += 1
    if point > 2000 { throw Broken("the operation has no end") }
  }
  return point
}

/// Runs an operation in a process that is killed at a point; false if it ended before.
func killed(_ channel: Channel, at point: Int, _ body: () throws -> Void) throws -> Bool {
  let child = try Child(having: [channel]) {
    dies(at: point)
    try body()
  }
  switch try child.end(within: 10_000_000_000) {
  case .signaled(.kill, _)?: return true
  case .exited(0)?: return false
  case let cause: throw Broken("at point \(point) it ended by \(String(describing: cause))")
  }
}

/// One sleeps for an item, and the one who puts it dies: either there is none, or it gets it.
func put() throws -> Int {
  try eachPoint { point in
    let queue = try Queue()
    let getter = try Child(having: [queue]) { _ = try queue.get(forever) { _ in } }
    try getter.awaitSleep()
    let isKilled = try killed(queue, at: point) {
      try withUnsafeBytes(of: 7) { try queue.put($0, now) }
    }
    // Nothing that this process does may wake it: an item that is there has to.
    var end = try getter.end(within: 500_000_000)
    if end == nil {
      if try queue.count(now) > 0 { throw Broken("point \(point): the sleeper missed an item") }
      try withUnsafeBytes(of: 8) { try queue.put($0, now) }
      end = try getter.end(within: 5_000_000_000)
    }
    guard case .exited(0)? = end else { throw Broken("point \(point): the getter got nothing") }
    return isKilled
  }
}

/// What dead processes were writing or reading takes neither room nor memory.
func large() throws -> Int {
  let bytes = [UInt8](repeating: 1, count: 300_000)
  func send(_ queue: Queue) throws { try bytes.withUnsafeBytes { try queue.put($0, now) } }
  func take(_ queue: Queue) throws -> Int {
    try queue.get(now) { item in
      var got = [UInt8](repeating: 0, count: item.count)
      return got.withUnsafeMutableBytes { item.read(into: $0) }
    }
  }
  /// Takes all that is there, and puts as much as goes in.
  func check(_ queue: Queue, _ point: Int, _ what: String) throws {
    while try queue.count(now) > 0 {
      guard try take(queue) == bytes.count else { throw Broken("\(what) \(point): torn") }
    }
    for _ in 0..<2 {
      do {
        try send(queue)
      } catch {
        throw Broken("\(what) \(point): no room in an empty queue: \(error)")
      }
    }
    for _ in 0..<2 where try take(queue) != bytes.count {
      throw Broken("\(what) \(point): torn")
    }
    let facts = try queue.facts(now)
    if facts.items != 0 || facts.bytes != 0 { throw Broken("\(what) \(point): counted wrongly") }
  }
  let writing = try eachPoint { point in
    let queue = try Queue(mostItems: 2, mostMemory: 1 << 20)
    // Several, since one may leave what only the next one would miss.
    var isKilled = false
    for _ in 0..<3 {
      if try queue.count(now) > 1 { _ = try take(queue) }
      isKilled = try killed(queue, at: point) { try send(queue) }
    }
    try check(queue, point, "writing")
    return isKilled
  }
  let reading = try eachPoint { point in
    let queue = try Queue(mostItems: 2, mostMemory: 1 << 20)
    var isKilled = false
    for _ in 0..<3 {
      if try queue.count(now) == 0 { try send(queue) }
      isKilled = try killed(queue, at: point) { _ = try take(queue) }
    }
    try check(queue, point, "reading")
    return isKilled
  }
  return writing + reading
}

/// Each item comes with its own descriptors, though others are stepped over by processes that die.
func courier() throws -> Int {
  func inode(_ fd: Int32) throws -> UInt64 { try FileStatus(descriptor: fd).inode }
  return try eachPoint { point in
    let queue = try Queue()
    var expected: [UInt64] = []
    for number in 0..<4 {
      let pipe = try Descriptors.pipe()
      expected.append(try inode(pipe.read))
      try withUnsafeBytes(of: number) { try queue.put($0, descriptors: [pipe.read], now) }
      Descriptors.close(pipe.read)
      Descriptors.close(pipe.write)
    }
    func take(lease: Int64? = nil, _ wait: Wait = now) throws {
      try queue.get(lease: lease, wait) { item in
        let number = item.bytes.loadUnaligned(as: Int.self)
        guard item.descriptors.count == 1, let fd = item.descriptors.first else {
          throw Broken("point \(point): item \(number) has \(item.descriptors.count) descriptors")
        }
        defer { Descriptors.close(fd) }
        if try inode(fd) != expected[number] {
          throw Broken("point \(point): item \(number) has those of another")
        }
      }
    }
    // Two are lent and come back, so the one that is put first is behind the others by then.
    let isKilled = try killed(queue, at: point) {
      try take(lease: .max)
      try take(lease: .max)
      _ = try queue.giveBack(now)
      try take(lease: .max)
    }
    // What it had is lent still until it is seen that it has ended.
    for _ in 0..<4 { try take(within(5_000_000_000)) }
    return isKilled
  }
}

/// One that was woken and has not run yet can act: the other side must not give up.
func woken() throws -> Int {
  let pipe = try Pipe(.duplex)
  func receive(_ end: Pipe.End) throws {
    try pipe.receive(at: end, watchesPeers: true, forever) { _ in }
  }
  func send(_ end: Pipe.End) throws {
    try withUnsafeBytes(of: 1) { try pipe.send($0, from: end, watchesPeers: false, now) }
  }
  let server = try Child(having: [pipe]) {
    try receive(.b)
    try send(.b)
  }
  try server.awaitSleep()
  try Process.send(.stop, to: server.pid)
  // There is only the one who was woken then.
  pipe.leave()
  let client = try Child(having: [pipe]) {
    try send(.a)
    try receive(.a)
  }
  let end = try client.end(within: 1_000_000_000)
  try Process.send(.cont, to: server.pid)
  if end != nil { throw Broken("the client gave up beside a process that can answer") }
  guard case .exited(0)? = try client.end(within: 5_000_000_000) else {
    throw Broken("the client got no answer")
  }
  guard case .exited(0)? = try server.end(within: 5_000_000_000) else {
    throw Broken("the server failed")
  }
  return 1
}

let cases = ["put": put, "large": large, "courier": courier, "woken": woken]
guard CommandLine.arguments.count == 2, let chosen = cases[CommandLine.arguments[1]] else {
  print("usage: channel-faults \(cases.keys.sorted().joined(separator: "|"))")
  exit(2)
}
_ = slots
do {
  print("\(try chosen()) points, all promises kept")
} catch {
  print("broken: \(error)")
  exit(1)
}
