import Glibc
import Language
import Machines
import Pools
import Posix
import Processes

/// A program that an agent has started for a session.
final class AgentProgram {
  let attempt: UInt64
  let process: ProcessHandle
  let pidfd: Int32
  let mark: UInt32?
  let outputs: [AgentRelay]
  let lane: UInt32
  let begun = Clock.monotonic
  var watch: Watch?
  var isUnwanted = false
  var isLate = false
  var timer: TimerID?

  init(
    _ attempt: UInt64, _ process: ProcessHandle, pidfd: Int32, mark: UInt32?,
    _ outputs: [AgentRelay], lane: UInt32
  ) {
    self.lane = lane
    self.attempt = attempt
    self.process = process
    self.pidfd = pidfd
    self.mark = mark
    self.outputs = outputs
  }

  func end(_ step: EndStep) {
    isUnwanted = true
    let group = process.group
    switch step {
    case .terminate:
      try? Process.send(.term, toGroup: group)
      try? Process.send(.cont, toGroup: group)
    case .kill:
      try? Process.send(.kill, toGroup: group)
      if let mark { Guardian.send(.kill, toTask: mark) }
    }
  }

  func grant(_ count: Int, _ agent: FarAgent) { for output in outputs { output.grant(count) } }
}

/// Programs that run one after the other.
struct AgentLane {
  /// The one that runs.
  var running: UInt64?
  /// Those that wait for it, with their attempts.
  var waiting: [(attempt: UInt64, program: FarProgram)] = []
}

/// What a session asks an agent to run.
struct FarProgram {
  /// Of the programs of one lane only one runs at a time, in the order in which they came.
  var lane: UInt32 = 0
  var words: [[UInt8]] = []
  /// NAME=VALUE, beside what all have.
  var environment: [[UInt8]] = []
  /// Where it runs, below the agent's directory if it is relative; empty for there.
  var directory: [UInt8] = []
  var memoryLimit = 0
  var niceness: Int32?
  var timeout: Int64 = 0
  var grace: Int64 = 0
  var keepsBackground = false

  init() {}

  func write(to writer: inout FieldWriter) {
    writer.add(lane)
    for list in [words, environment] {
      writer.add(UInt32(clamping: list.count))
      for word in list { writer.add(block: word) }
    }
    writer.add(block: directory)
    writer.add(Int64(memoryLimit))
    writer.add(niceness != nil)
    writer.add(niceness ?? 0)
    writer.add(timeout)
    writer.add(grace)
    writer.add(keepsBackground)
  }

  init(_ reader: inout FieldReader) throws(FieldReader.Malformed) {
    lane = try reader.number()
    words = try reader.blocks()
    environment = try reader.blocks()
    directory = try reader.block()
    memoryLimit = Int(try reader.number(Int64.self))
    let isNice = try reader.flag()
    let niceness: Int32 = try reader.number()
    if isNice { self.niceness = niceness }
    timeout = try reader.number()
    grace = try reader.number()
    keepsBackground = try reader.flag()
    let all = words + environment + [directory]
    guard !words.isEmpty, !all.contains(where: { $0.contains(0) }) else {
      throw FieldReader.Malformed()
    }
  }
}

extension FarAgent {
  func startProgram(_ attempt: UInt64, _ reader: inout FieldReader) throws(FieldReader.Malformed) {
    let program = try FarProgram(&reader)
    guard programs[attempt] == nil else { throw FieldReader.Malformed() }
    if lanes[program.lane]?.running != nil {
      lanes[program.lane]?.waiting.append((attempt, program))
    } else {
      begin(program, attempt)
    }
  }

  /// Whether it was begun; else that is told.
  @discardableResult
  private func begin(_ program: FarProgram, _ attempt: UInt64) -> Bool {
    do {
      let started = try start(program, attempt)
      programs[attempt] = started
      lanes[program.lane, default: AgentLane()].running = attempt
      var writer = FieldWriter()
      writer.add(started.process.pid)
      send(FarMessage(.start, attempt, writer.bytes))
      started.watch = try mapErrors("cannot watch a program") {
        try session.loop.watchExit(started.pidfd, as: .worker) { [weak self, weak started] in
          if let self, let started { ended(started) }
        }
      }
      if program.timeout > 0 { limit(started, program) }
      return true
    } catch {
      if let unseen = programs.removeValue(forKey: attempt) {
        // Its end would never be seen.
        unseen.end(.kill)
        Descriptors.close(unseen.pidfd)
        for output in unseen.outputs { output.close() }
      }
      var writer = FieldWriter()
      writer.add(false)
      let name = String(decoding: program.words[0], as: UTF8.self)
      let object =
        (error as? SystemError)?.asError("cannot start '\(name)'") ?? error as? ErrorObject
      writer.add(object?.message ?? "\(error)")
      writer.add(object?.kind == .missing ? Int32(127) : 126)
      send(FarMessage(.result, attempt, writer.bytes))
      return false
    }
  }

  private func beginNext(in lane: UInt32) {
    lanes[lane]?.running = nil
    while let next = lanes[lane]?.waiting.first {
      lanes[lane]?.waiting.removeFirst()
      if begin(next.program, next.attempt) { return }
    }
    lanes[lane] = nil
  }

  /// Gives back a program that has not begun; one that has begun, or is not known, is not.
  func giveBack(_ attempt: UInt64) {
    var count: UInt32 = 0
    for (lane, entry) in lanes {
      guard let place = entry.waiting.firstIndex(where: { $0.attempt == attempt }) else { continue }
      lanes[lane]?.waiting.remove(at: place)
      count = 1
      break
    }
    var writer = FieldWriter()
    writer.add(count)
    send(FarMessage(.back, attempt, writer.bytes))
  }

  /// Gives back all programs that have not begun.
  func giveBackAll() {
    for entry in lanes.values { for waiting in entry.waiting { giveBack(waiting.attempt) } }
  }

  private func start(_ program: FarProgram, _ attempt: UInt64) throws -> AgentProgram {
    guard let host = interpreter.host as? any ProgramFinder else {
      throw ErrorObject(.system, "programs cannot be found")
    }
    let name = String(decoding: program.words[0], as: UTF8.self)
    let own = program.environment.map { String(decoding: $0, as: UTF8.self) }
    let names = Set(own.map { $0.prefix { $0 != "=" } })
    let environment = host.environmentEntries.filter { entry in
      !names.contains(entry.prefix { $0 != "=" })
    }
    var request = SpawnRequest(path: "", arguments: [], environment: environment + own)
    request.argumentBytes = program.words
    if program.directory.isEmpty {
      request.path = try host.findProgram(name)
    } else {
      let typed = String(decoding: program.directory, as: UTF8.self)
      let directory = typed.hasPrefix("/") ? typed : "\(self.directory.path)/\(typed)"
      guard (try? FileStatus(directory))?.kind == .directory else {
        throw ErrorObject(.missing, "there is no directory '\(typed)' there")
      }
      request.directory = directory
      let isBelow = name.contains("/") && !name.hasPrefix("/")
      request.path = try host.findProgram(isBelow ? "\(directory)/\(name)" : name)
    }
    request.group = .new
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDONLY) }
    defer { Descriptors.close(null) }
    var ends: [(read: Int32, write: Int32)] = []
    defer { for end in ends { Descriptors.close(end.write) } }
    for _ in 0..<2 {
      let (read, write) = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
      ends.append((try mapErrors { try Descriptors.makePrivate(read) }, write))
    }
    request.descriptors = [(null, 0), (ends[0].write, 1), (ends[1].write, 2)]
    let ticket = try session.prepareSpawn(name: nil, prefix: "run", command: name)
    if program.keepsBackground {
      request.task = 0
    } else if Guardian.isMarked, let slot = ticket.slot {
      request.task = Guardian.firstTask + UInt32(clamping: slot.place.number)
    }
    let relays = ends.enumerated().map { place, end in
      AgentRelay(self, end.read, UInt8(place + 1), attempt: attempt)
    }
    do {
      let (pid, pidfd) = try Processes.spawn(request)
      if let niceness = program.niceness {
        try? Process.setNiceness(ofGroup: pid, to: niceness)
      }
      if program.memoryLimit > 0 { try? Process.limitMemory(of: pid, to: program.memoryLimit) }
      let process = session.register(
        ticket, pid: pid, pidfd: -1, command: name, kind: .helper, group: pid)
      for relay in relays { try relay.begin() }
      return AgentProgram(
        attempt, process, pidfd: pidfd, mark: program.keepsBackground ? nil : request.task, relays,
        lane: program.lane)
    } catch {
      session.abandon(ticket)
      for relay in relays { relay.close() }
      throw error
    }
  }

  private func limit(_ program: AgentProgram, _ request: FarProgram) {
    program.timer = session.loop.addTimer(at: Clock.deadline(after: request.timeout)) {
      [weak self, weak program] in
      guard let self, let program, programs[program.attempt] === program else { return }
      program.isLate = true
      program.end(.terminate)
      program.timer = session.loop.addTimer(at: Clock.deadline(after: request.grace)) {
        [weak self, weak program] in
        guard let self, let program, programs[program.attempt] === program else { return }
        program.end(.kill)
      }
    }
  }

  private func ended(_ program: AgentProgram) {
    programs[program.attempt] = nil
    if let timer = program.timer { session.loop.cancel(timer) }
    let record = (try? session.reapNow(program.process)) ?? program.process.record
    Descriptors.close(program.pidfd)
    var left = 0
    for output in program.outputs { output.pass(rounds: .max, isLast: true) }
    let isHeld = program.outputs.contains { !$0.hasEnded }
    if isHeld || program.isUnwanted, let mark = program.mark {
      let count = Guardian.send(.kill, toTask: mark)
      if !program.isUnwanted { left = count }
      for output in program.outputs { output.pass(rounds: .max, isLast: true) }
    }
    for output in program.outputs { output.close() }
    var end = record.map { FarEnd($0.info) } ?? FarEnd()
    end.pid = program.process.pid
    end.elapsed = Clock.monotonic - program.begun
    end.isLate = program.isLate
    tell(end, wasWanted: program.isUnwanted) { [weak self] in
      var writer = FieldWriter()
      writer.add(true)
      end.write(to: &writer)
      writer.add(UInt32(clamping: left))
      self?.send(FarMessage(.result, program.attempt, writer.bytes))
      self?.beginNext(in: program.lane)
    }
  }
}

/// A host that knows where programs are, and what they inherit.
public protocol ProgramFinder: AnyObject {
  var environmentEntries: [String] { get }
  /// The path of a program; throws `missing` if there is none.
  func findProgram(_ name: String) throws -> String
}
