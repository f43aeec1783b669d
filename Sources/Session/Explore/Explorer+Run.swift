import Channels
import Explore
import Glibc
import Language
import Posix
import Processes
import Waits

/// One run: its first process, its steps, and what comes of it.
extension Explorer {
  /// Does what holds for all runs, so that each of their processes finds it done.
  func settle() throws {
    try? Process.adoptOrphans(true)
    // What is explored waits as it is told to.
    WaitLookout.asked = nil
    fixesPids = limits.jobs == 1 && RunPids.arePossible(session)
    // With effects no run is made that was not asked for.
    if !fixesPids, !limits.isReal { numbers = RunNumbers() }
    outerDirectory = try? Directory.current()
    prepare()
    try enter(directory)
    warm()
  }

  func enter(_ directory: RunDirectory?) throws {
    guard let path = directory?.path else { return }
    try mapErrors("cannot explore") { try Directory.change(to: path) }
    try interpreter.host.setEnvironment("PWD", .text(path))
    try interpreter.host.setEnvironment("TMPDIR", .text(path))
  }

  /// Uses what each process of a run uses: what Swift finds out at a first use is known to a fork then.
  private func warm() {
    let access = Access("c", .write)
    let point = GatePoint(operation: Operation("warm", [access]), fact: .read)
    for message in [GateMessage.stands(point), .looks(point.outlook), .forked(place: 1, pid: 2)] {
      _ = message.bytes.withUnsafeBytes { GateMessage($0) }
    }
    _ = try? session.codec.encoder.encode(.items([.text("value"), .null]))
    warmTypes()
    try? warmGate()
  }

  /// Of lists and tables that a process makes first in a run.
  private func warmTypes() {
    var channels: [UInt64: Unmanaged<Channel>] = [:]
    channels.reserveCapacity(2)
    var blocks: ContiguousArray<() -> Void> = []
    blocks.reserveCapacity(2)
    var signals: [RecordedSignal] = []
    signals.reserveCapacity(2)
    var variables: [(name: String, value: Value)] = []
    variables.reserveCapacity(2)
    var targets: [WaitTarget] = []
    targets.reserveCapacity(2)
    var numbers: [Int32] = []
    numbers.reserveCapacity(2)
    withExtendedLifetime(channels) {}
    withExtendedLifetime(blocks) {}
    withExtendedLifetime(signals) {}
    withExtendedLifetime(variables) {}
    withExtendedLifetime(targets) {}
    withExtendedLifetime(numbers) {}
    let types: [Any.Type] = [(any Error).self, Value?.self, Int64?.self, String?.self]
    withExtendedLifetime(types.map { ObjectIdentifier($0) }) {}
  }

  /// Passes a gate whose orders are there already.
  private func warmGate() throws {
    let (own, other) = try Descriptors.messagePair()
    defer { Descriptors.close(own) }
    let gate = try Gate(other, ProcessPath([1]))
    defer { gate.closeSocket() }
    var order = [UInt8](repeating: 0, count: 9)
    order[0] = Gate.Order.look.rawValue
    _ = try Messages.send(own, order)
    order[0] = Gate.Order.go.rawValue
    _ = try Messages.send(own, order)
    let access = [Access("c[0]", .write), Access("c", .writePart)]
    _ = try gate.stop(
      Operation(Gate.words("warm", "2"), access), fact: .writes(isConstant: true),
      outlook: { .goes })
    gate.send(.forked(place: 1, pid: 2), descriptors: [own])
  }

  /// A run was given up, since the time is over.
  struct OutOfTime: Error {}

  /// Something is to be a step of its own that was none in a run.
  struct MoreDetail: Error {}

  /// A number was taken for a pid.
  struct Mistaken: Error {}

  /// When a run is given up; the first one has some time more.
  private var deadline: Int64? {
    guard let time = limits.time, !confirms else { return nil }
    return began + time + (report.outcomes.isEmpty ? 10_000_000_000 : 0)
  }

  /// Makes a run, again as long as a process gets a pid that is a number of what is explored, too.
  ///
  /// - Parameter forget: what a run that does not count has left.
  func untilApart(
    forget: () -> Void = {}, _ make: () throws -> RunResult
  ) throws -> RunResult {
    while true {
      do { return try make() } catch is ExploredRun.Coincidence { forget() }
    }
  }

  /// A name in a new outcome could be a number of what is explored: the same run with other pids shows it.
  func confirm(_ result: RunResult, _ make: () throws -> RunResult) throws {
    guard let numbers, numbers.haveNames, isNew(result) else { return }
    confirms = true
    defer { confirms = false }
    _ = try untilApart { try make() }
  }

  typealias Decision = (choice: Step, took: (Operation, Int?) -> Void)

  func run(
    _ decide: (ExploredRun, Moment) throws -> Decision?
  ) throws -> RunResult {
    keepToCPU()
    let output = try mapErrors("cannot explore") { try MemoryFile.make("brood explored") }
    let run = ExploredRun(limits, output, numbers)
    defer {
      Descriptors.close(output)
      directory?.clear()
    }
    let root = try begin(run, output)
    var isEndless = false
    do {
      while true {
        run.keepMoment()
        if numbers?.wereMistaken ?? false { throw Mistaken() }
        if run.steps >= limits.steps || run.isLost {
          run.note(
            use: run.isLost
              ? "a process computed for too long, and was given up"
              : "a run was given up after \(limits.steps) operations")
          isEndless = true
          break
        }
        if let deadline, Clock.monotonic >= deadline { throw OutOfTime() }
        guard let (choice, took) = try decide(run, run.lastMoment) else {
          isEndless = run.loops
          break
        }
        let (effects, cause) = try run.take(choice)
        took(effects, cause)
        wanted.formUnion(run.wanted)
        if !wanted.isSubset(of: detail) { throw MoreDetail() }
      }
    } catch {
      run.end()
      group?.leave()
      _ = try? session.wait(for: root, interpreter)
      throw error
    }
    let waiting = run.waiting
    let graph = waiting.isEmpty ? nil : run.graph
    run.end()
    group?.leave()
    let record = try session.wait(for: root, interpreter)
    while let gone = try? Reaper.reapAny(), gone.pid > 0 { _ = session.reaped(gone) }
    var outcome = outcome(run, record, waiting, isEndless)
    outcome.graph = outcome.kind == .deadlock ? graph : nil
    outcome.hasDeaths = !run.history.killed.isEmpty
    if limits.comparesOutput { outcome.output = masked(text(of: output), run) }
    let key = masked(outcome.key, run)
    outcome.error = masked(outcome.error, run)
    outcome.value = masked(outcome.value, run)
    if numbers?.wereMistaken ?? false { throw Mistaken() }
    numbers?.keep()
    return RunResult(
      outcome: outcome, key: key, end: run.lastMoment,
      killed: run.history.killed, used: run.used.sorted())
  }

  /// As one process goes on at a time, each would wake an idle CPU for the next one; now and then the
  /// kernel may move all to a CPU that has less to do.
  private func keepToCPU() {
    if limits.isReal { return }
    switch made % 16 {
    case 0: Process.keep(to: made == 0 && limits.jobs > 1 ? .numbered(place) : .current)
    case 15: Process.keep(to: .any)
    default: break
    }
    made += 1
  }

  /// Forks the first process of a run.
  private func begin(_ run: ExploredRun, _ output: Int32) throws -> ProcessHandle {
    let ends = try mapErrors("cannot explore") { try Descriptors.messagePair() }
    let own = try mapErrors("cannot explore") { try Descriptors.makePrivate(ends.0) }
    var options = ForkOptions(name: "explored", kind: .fork, command: "explored")
    options.prepare = { [session, group] in
      try group?.enter()
      try mapErrors("cannot explore") {
        let null = try Descriptors.open("/dev/null", O_RDONLY)
        try Descriptors.copy(null, onto: 0)
        Descriptors.close(null)
        for fd: Int32 in [1, 2] { try Descriptors.copy(output, onto: fd) }
        Descriptors.close(output)
      }
      session.output.descriptorChanged()
    }
    let secret = UInt64.random(in: .min ... .max)
    let limits = self.limits
    if fixesPids { RunPids.prepare(ProcessPath()) }
    let root = try session.fork(options, interpreter) {
      [session, body, directory, outerDirectory, fixesPids, detail] in
      let gate = try Gate(ends.1, ProcessPath())
      gate.isReal = limits.isReal
      gate.ignoresOutput = !limits.comparesOutput
      gate.fixesPids = fixesPids
      gate.detail = detail
      gate.secret = secret
      gate.expiresAnytime = limits.anyTimeouts
      if let path = directory?.path {
        gate.directory = path
        gate.outerDirectory = outerDirectory
      }
      session.setSeed(0)
      session.processes.countAnew()
      gate.open()
      do {
        return .items([.text("value"), try body()])
      } catch let error as ErrorObject where !ExitRequest.isStop(error) {
        return .items([.text("error"), .text(error.kind.rawValue), .text(error.message)])
      }
    }
    // Only the process of the run has its end from now on, so that its death is seen.
    Descriptors.close(ends.1)
    do {
      try run.begin(own, root.pid)
    } catch {
      run.end()
      _ = try? session.wait(for: root, interpreter)
      throw error
    }
    return root
  }

  private func outcome(
    _ run: ExploredRun, _ record: WaitRecord?, _ waiting: [(ProcessPath, GatePoint)],
    _ isEndless: Bool
  ) -> ExploredOutcome {
    var outcome = ExploredOutcome(kind: .value)
    if isEndless {
      outcome.kind = .endless
    } else if !waiting.isEmpty {
      outcome.kind = .deadlock
      outcome.error = waiting.map { "\($0) in \($1.operation.name)" }.joined(separator: ", ")
    } else if let signal = record?.signal {
      outcome.kind = .signal
      outcome.error = signal.name
    } else if case .list(let parts)? = record?.value, parts.items.count >= 2 {
      if parts.items[0].asText == "error", parts.items.count == 3 {
        outcome.kind = .error
        outcome.error = "\(parts.items[1].asText): \(parts.items[2].asText)"
      } else {
        outcome.value = parts.items[1]
      }
    } else if let status = record?.exit {
      outcome.value = .null
      if status != 0 {
        outcome.kind = .error
        outcome.error = "exit status \(status)"
      }
    }
    outcome.findings = run.history.findings
    return outcome
  }

  private func text(of file: Int32) -> String {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size > 0 else { return "" }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      let part = bytes.withUnsafeMutableBytes { all in
        try? MemoryFile.read(
          file, into: UnsafeMutableRawBufferPointer(rebasing: all[count...]), at: count)
      }
      guard let part, part > 0 else { break }
      count += part
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// A text with the pids of the run's processes as `<2.1>`, and its directory as `<dir>`: they differ from
  /// run to run, or from one time to the next.
  func masked(_ text: String, _ run: ExploredRun) -> String {
    let path = directory?.path ?? ""
    // Where they are the same in each run they are what they are.
    let text = path.isEmpty ? text : Explorer.replaced(Array(path.utf8), with: "<dir>", in: text)
    return fixesPids ? text : run.masked(text)
  }

  /// A text with another one in place of each part that has just these bytes.
  private static func replaced(
    _ part: [UInt8], with other: StaticString, in text: String
  ) -> String {
    var text = text
    var result: [UInt8] = []
    let isChanged = text.withUTF8 { bytes -> Bool in
      guard let base = bytes.baseAddress, let first = part.first else { return false }
      var (done, place) = (0, 0)
      while place + part.count <= bytes.count {
        guard bytes[place] == first, memcmp(base + place, part, part.count) == 0 else {
          place += 1
          continue
        }
        result += bytes[done..<place]
        other.withUTF8Buffer { result += $0 }
        place += part.count
        done = place
      }
      if !result.isEmpty { result += bytes[done...] }
      return done > 0
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : text
  }

  /// A value with the pids of the run's processes as their names, where pids differ from run to run.
  func masked(_ value: Value, _ run: ExploredRun) -> Value {
    if fixesPids { return value }
    switch value {
    case .int(let number):
      guard let pid = Int32(exactly: number), let path = run.name(of: pid) else { return value }
      return .text("<\(path)>")
    case .list(let list): return .items(list.items.map { masked($0, run) })
    case .map(let map):
      let copy = map.copy()
      for (key, item) in map.pairs { copy.set(key, masked(item, run)) }
      return .map(copy)
    default: return value
    }
  }
}
