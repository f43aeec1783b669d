import Channels
import Glibc
import Language
import Posix
import Session

/// Kills workers at random instants while they work on a channel, and starts others in their place.
///
/// All that the workers count lies in shared memory of its own, so that nothing is lost with them.
final class TortureRig {
  /// A worker's part: begins anew with each process; ends when `isOver` says so.
  struct Role {
    let name: String
    let body: (_ incarnation: Int) throws -> Void
  }

  struct Outcome {
    var kills = 0
    var elapsed: Int64 = 0
    /// The longest time in which nothing went on, in ns.
    var longestStall: Int64 = 0
    /// Whether nothing went on for so long that the run was given up.
    var isStuck = false
    /// How many processes each role has had.
    var incarnations: [Int] = []
  }

  let session: Session
  private let interpreter: Interpreter
  private let roles: [Role]
  /// What tells that something goes on.
  private let progress: () -> Int
  /// 0: whether all is over.
  private let flags: SharedArray
  private var processes: [ProcessHandle] = []
  private var outcome = Outcome()
  private var random = SystemRandomNumberGenerator()

  /// Nothing goes on for so long: stuck.
  private static let timeout: Int64 = 20_000_000_000
  /// Workers are left alone for at most this long between two kills (ns).
  private static let longestPause: Int64 = 600_000

  init(
    _ call: borrowing Call, roles: [Role], flags: SharedArray, progress: @escaping () -> Int
  ) {
    session = call.session
    interpreter = call.interpreter
    self.roles = roles
    self.flags = flags
    self.progress = progress
    outcome.incarnations = roles.map { _ in 0 }
  }

  /// Kills until there were `kills`, or the time is over; then lets the workers end by themselves.
  func run(kills: Int, until deadline: Int64, finish: () throws -> Void) throws -> Outcome {
    let began = Clock.monotonic
    var last = (progress: progress(), time: began)
    func look() {
      let now = Clock.monotonic
      let current = progress()
      if current != last.progress { last = (current, now) }
      outcome.longestStall = max(outcome.longestStall, now - last.time)
      outcome.isStuck = outcome.isStuck || now - last.time > TortureRig.timeout
    }
    defer { endAll() }
    for index in roles.indices { processes.append(try start(index)) }
    while outcome.kills < kills, Clock.monotonic < deadline, !outcome.isStuck {
      let pause = Int64.random(in: 0...TortureRig.longestPause, using: &random)
      _ = try session.pause(interpreter, until: Clock.deadline(after: pause)) { false }
      look()
      try killOne()
      look()
    }
    // The process killed last may have left the rest waiting.
    let before = progress()
    _ = try session.pause(interpreter, until: Clock.deadline(after: TortureRig.timeout)) {
      look()
      if progress() != before { return true }
      usleepBriefly()
      Attention.raise()
      return false
    }
    flags.store(0, 1)
    try finish()
    let limit = Clock.deadline(after: TortureRig.timeout)
    for process in processes {
      if try session.wait(for: process, interpreter, until: limit) == nil { outcome.isStuck = true }
    }
    outcome.elapsed = Clock.monotonic - began
    return outcome
  }

  private func usleepBriefly() {
    var time = timespec(tv_sec: 0, tv_nsec: 200_000)
    nanosleep(&time, nil)
  }

  private func killOne() throws {
    let index = Int.random(in: roles.indices, using: &random)
    let process = processes[index]
    try mapErrors("cannot kill a worker") { try Process.send(.kill, to: process.pid) }
    _ = try session.wait(for: process, interpreter)
    outcome.kills += 1
    processes[index] = try start(index)
  }

  private func start(_ index: Int) throws -> ProcessHandle {
    let incarnation = outcome.incarnations[index]
    outcome.incarnations[index] += 1
    var options = ForkOptions(kind: .helper, command: "torture \(roles[index].name)")
    options.prefix = "torture"
    return try session.fork(options, interpreter) {
      try roles[index].body(incarnation)
      return .null
    }
  }

  private func endAll() {
    for process in processes where process.record == nil {
      try? Process.send(.kill, to: process.pid)
      session.postponing { _ = try session.wait(for: process, interpreter) }
    }
  }
}

extension Flag {
  static let kills = Flag("kills", .int.atLeast(1), "how many; 1000 if it is left out")
  static let seconds = Flag("seconds", .duration, "at most this long")
}

extension Call {
  /// `--kills` and `--seconds`.
  func tortureLimits() throws -> (kills: Int, deadline: Int64) {
    var kills: Int?
    if case .int(let number)? = flag("kills") {
      kills = number
    }
    let seconds = nanoseconds("seconds")
    return (
      kills ?? (seconds == nil ? 1000 : .max),
      seconds.map { Clock.deadline(after: Int64($0)) } ?? .max
    )
  }

  /// How many of something there are to be, as a flag says.
  func count(_ name: String, standard: Int) -> Int {
    if case .int(let number)? = flag(name) { number } else { standard }
  }
}
