import Explore
import Glibc
import Language
import Posix
import Processes

/// Processes that make runs ahead for an explorer, which puts the results together in the order in which it
/// would have made them itself; so these are the same, however many there are.
///
/// Each is a fork of the explorer at the time, knows all that it knows, and gets a part of the tree to which
/// the explorer is likely to come. What it finds there counts only where the explorer comes to the same
/// decisions; else the explorer makes its runs itself.
final class RunCrew {
  /// A process that makes runs.
  private final class Worker {
    /// The decisions that lead to its part of the tree; empty where runs are drawn.
    let steps: [Step]
    let process: ProcessHandle
    let source: Int32
    /// The number of its directory.
    let place: Int
    var buffer: [UInt8] = []
    var results: [RunResult] = []
    var isOver = false

    init(_ steps: [Step], _ process: ProcessHandle, _ source: Int32, _ place: Int) {
      self.steps = steps
      self.process = process
      self.source = source
      self.place = place
    }
  }

  private let session: Session
  private let interpreter: Interpreter
  private let count: Int
  private var workers: [Worker] = []
  /// Those that are of no use any more, and end after the run that they make.
  private var leaving: [Worker] = []
  private var chunk = [UInt8](repeating: 0, count: 16384)

  /// So many results of one worker wait at most; then it does.
  private static let mostWaiting = 500

  /// - Parameter count: how many runs are made at a time, those of the explorer itself included.
  init(_ session: Session, _ interpreter: Interpreter, _ count: Int) {
    self.session = session
    self.interpreter = interpreter
    self.count = count
  }

  // MARK: Results

  /// The result of the next run of a search, which has taken its decisions then; nil where the explorer is
  /// to make it.
  ///
  /// - Parameter work: what a worker does, with the number of its directory and where results go.
  func result(
    _ search: Search, _ work: @escaping (Int, Int32, Subtree) throws -> Void
  ) throws -> RunResult? {
    for worker in workers where !search.awaits(worker.steps) { dismiss(worker) }
    while true {
      var awaited: Worker?
      let own = workers.filter { search.isIn($0.steps) }
        .sorted { $0.steps.count > $1.steps.count }
      for worker in own {
        if let first = worker.results.first {
          if let trace = first.trace, search.take(trace) {
            worker.results.removeFirst()
            for other in own where other !== worker { dismiss(other) }
            return first
          }
          dismiss(worker)
        } else if worker.isOver || awaited != nil {
          dismiss(worker)
        } else {
          awaited = worker
        }
      }
      try hire(for: search, most: awaited == nil ? count - 1 : count, work)
      guard let awaited else {
        try read(nil)
        return nil
      }
      try read(awaited)
    }
  }

  /// The result of a run that is drawn; nil where the explorer is to make it.
  ///
  /// - Parameter work: what a worker does that makes each `count`-th run, from this one on.
  func result(_ run: Int, _ work: @escaping (Int, Int32) throws -> Void) throws -> RunResult? {
    let place = run % count
    if place == 0 {
      try read(nil)
      return nil
    }
    if run <= place {
      workers.append(try hire([], place) { try work(place, $0) })
    }
    guard let worker = workers.first(where: { $0.place == place }) else { return nil }
    while worker.results.isEmpty, !worker.isOver { try read(worker) }
    return worker.results.isEmpty ? nil : worker.results.removeFirst()
  }

  // MARK: Workers

  private func hire(
    for search: Search, most: Int, _ work: @escaping (Int, Int32, Subtree) throws -> Void
  ) throws {
    guard workers.count(where: { !$0.isOver }) < most, workers.count < 4 * count else { return }
    for subtree in search.subtrees {
      if workers.contains(where: { $0.steps == subtree.steps }) { continue }
      let used = Set((workers + leaving).map(\.place))
      let place = (1...).first { !used.contains($0) } ?? 1
      workers.append(try hire(subtree.steps, place) { try work(place, $0, subtree) })
      if workers.count(where: { !$0.isOver }) >= most { return }
    }
  }

  private func hire(
    _ steps: [Step], _ place: Int, _ work: @escaping (Int32) throws -> Void
  ) throws -> Worker {
    let ends = try mapErrors("cannot explore") { try Descriptors.pipe() }
    do {
      let source = try mapErrors("cannot explore") { try Descriptors.makePrivate(ends.read) }
      var options = ForkOptions(kind: .helper, command: "explore")
      options.prefix = "explorer"
      let process = try session.fork(options, interpreter) { [session] in
        session.isPoolWorker = false
        try mapErrors { try Process.adoptOrphans(true) }
        let target = try mapErrors { try Descriptors.makePrivate(ends.write) }
        // Whatever goes wrong here the explorer comes to itself, and tells.
        try? work(target)
        return .null
      }
      Descriptors.close(ends.write)
      return Worker(steps, process, source, place)
    } catch {
      Descriptors.close(ends.write)
      throw error
    }
  }

  private func dismiss(_ worker: Worker) {
    Descriptors.close(worker.source)
    workers.removeAll { $0 === worker }
    leaving.append(worker)
    // It is reaped here unless a run has done so.
    leaving.removeAll { worker in
      guard worker.process.record == nil else { return true }
      return (try? session.reapNow(worker.process)) != nil
    }
  }

  /// Ends all, with the processes of their runs.
  func end() {
    for worker in workers { dismiss(worker) }
    for worker in leaving where worker.process.record == nil {
      try? Process.send(.kill, to: worker.process.pid)
      _ = try? session.wait(for: worker.process, interpreter)
    }
    leaving = []
    // What they have left has come here.
    while true {
      let left = session.reader.children(of: Process.pid)
      if left.isEmpty { return }
      for pid in left { try? Process.send(.kill, to: pid) }
      for pid in left { _ = try? Reaper.wait(pid: pid, keepsZombie: false, until: .max) }
    }
  }

  // MARK: Messages

  /// Takes in what has come; waits for a worker, if one is named.
  private func read(_ awaited: Worker?) throws {
    let readable = workers.filter {
      !$0.isOver && ($0 === awaited || $0.results.count < RunCrew.mostWaiting)
    }
    if readable.isEmpty { return }
    var watched = readable.map { pollfd(fd: $0.source, events: Int16(POLLIN), revents: 0) }
    let found = poll(&watched, nfds_t(watched.count), awaited == nil ? 0 : -1)
    if found < 0, errno != EINTR { throw SystemError(call: "poll", code: errno).asError() }
    if found <= 0 { return }
    for (index, worker) in readable.enumerated() where watched[index].revents != 0 {
      try read(from: worker)
    }
  }

  private func read(from worker: Worker) throws {
    let count = chunk.withUnsafeMutableBytes { Glibc.read(worker.source, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { return }
    if count <= 0 {
      worker.isOver = true
      return
    }
    worker.buffer += chunk[..<count]
    var place = 0
    while worker.buffer.count - place >= 4 {
      let size = worker.buffer.withUnsafeBytes {
        Int($0.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      }
      guard worker.buffer.count - place - 4 >= size else { break }
      let result = worker.buffer.withUnsafeBytes { bytes -> RunResult? in
        var reader = TraceReader(
          UnsafeRawBufferPointer(rebasing: bytes[place + 4..<place + 4 + size]))
        return RunResult(from: &reader, session.codec.decoder)
      }
      place += 4 + size
      guard let result else {
        worker.isOver = true
        return
      }
      worker.results.append(result)
    }
    worker.buffer.removeFirst(place)
  }

  /// In a worker: hands a result on; false where nobody wants it.
  static func send(_ writer: TraceWriter, to target: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4)
    bytes += writer.bytes
    let size = UInt32(truncatingIfNeeded: writer.bytes.count)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: size, as: UInt32.self) }
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        write(target, all.baseAddress?.advanced(by: done), all.count - done)
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }
}
