import Glibc
import Language
import Machines
import Posix
import Processes

/// Who has hosts: a pool, or a run of programs.
protocol FarClient: AnyObject {
  /// A host's agent has greeted.
  func isReady(_ host: FarHost)
  func take(_ message: FarMessage, from host: FarHost) throws(FieldReader.Malformed)
  /// What ran there is lost.
  func isLost(_ host: FarHost, _ reason: String)
  /// Nothing further is to be begun there.
  func drains(_ host: FarHost)
  /// No host is left, and none is tried any more.
  func lostAll(_ reasons: [String])
}

/// One host: its launcher, the connection to its agent, and what is known of it.
final class FarHost {
  enum State: Equatable {
    /// Not started yet, or to be started again.
    case waiting
    /// What starts the agent runs.
    case starting
    case ready
    /// It finishes what it has.
    case draining
    case drained
    case lost(String)
  }

  /// The cycle is broken by `FarHosts.letGo`.
  let hosts: FarHosts
  let place: FarPlacement.Place
  var state = State.waiting
  private(set) var since = Clock.realtime
  /// Why it was lost last.
  var lastReason: String?
  var hello: Hello?
  var connection: FarConnection?
  var process: ProcessHandle?
  var pidfd: Int32 = -1
  var exitWatch: Watch?
  var errorEnd: Int32 = -1
  var errorWatch: Watch?
  var errors: [UInt8] = []
  var timer: TimerID?
  var installer: FarInstaller?
  /// Why the connection was given up, until it is known how its launcher ended.
  var cause: String?
  var isFinal = false
  /// Starts that failed, one after the other.
  var failures = 0
  /// Time of the way there and back, by the last answers (ns).
  var roundTrip: Int64?
  private var pingedAt: Int64 = 0
  /// When it could take tasks first, since it was started.
  var readyAt: Int64 = 0
  /// Its machine wants it gone: what runs there has a time.
  var isEnding = false
  /// The signals by which it said so.
  var endings: Set<Int32> = []
  var tasksDone = 0
  /// Attempts that went with it.
  var lost = 0
  /// Functions and the directory that its agent knows.
  var known: Set<UInt32> = []
  /// The directory that it was told last.
  var directory = ""
  /// What goes between this machine and it.
  var files: FarFiles?
  /// What it was asked and has not answered, by the number of the question.
  var questions: [UInt64: (FarAnswer) -> Void] = [:]
  var questionCount: UInt64 = 0
  /// It has settled, and gets the files that all tasks there need.
  var isPlacing = false

  init(_ hosts: FarHosts, _ place: FarPlacement.Place) {
    self.hosts = hosts
    self.place = place
  }

  var name: String { place.name }
  var session: Session { hosts.session }
  var isReady: Bool { state == .ready }
  var isConnected: Bool { state == .ready || state == .draining }

  /// How many it may run at a time; nil before it has greeted.
  var capacity: Int? {
    place.workers ?? hello.map { hosts.jobsAt?($0.cpus) ?? $0.cpus }
  }

  func send(_ message: FarMessage) { connection?.send(message) }

  /// Whether what ended there was ended with the machine's time, and not by what it did.
  func hasCutOff(_ end: FarEnd) -> Bool {
    guard isEnding, Signal.ofDrains.contains(where: { $0.number == end.causeBySignal }) else {
      return false
    }
    // A status says so only where such a signal has come.
    return end.exit == nil || endings.contains(end.causeBySignal)
  }

  func set(_ state: State) {
    self.state = state
    since = Clock.realtime
  }

  // MARK: Messages

  func take(_ message: FarMessage) {
    if hello == nil {
      guard state == .starting, message.kind == .hello else {
        return giveUp("something else than a greeting came first", isFinal: true)
      }
      return greeted(message)
    }
    do throws(FieldReader.Malformed) {
      switch message.kind {
      case .pong:
        guard message.bytes.count == 8 else { return }
        var reader = FieldReader(message.bytes)
        let trip = Clock.monotonic - (try reader.number(Int64.self))
        guard trip >= 0, trip < FarTimes.hold else { throw FieldReader.Malformed() }
        roundTrip = roundTrip.map { min($0, trip) } ?? trip
        if state == .starting { settle() }
      case .drain:
        isEnding = true
        if let signal = message.bytes.first { endings.insert(Int32(signal)) }
        drain()
      case .file: try files?.take(message)
      case .answer:
        questions.removeValue(forKey: message.attempt)?(try FarAnswer(message, from: name))
      case .window:
        var reader = FieldReader(message.bytes)
        files?.grant(message.attempt, Int(try reader.number(UInt32.self)))
      case .bye:
        let reason = String(decoding: message.bytes.prefix(500), as: UTF8.self)
        if state == .draining, reason.isEmpty {
          set(.drained)
          hosts.noteChange()
        } else {
          // What an agent says of its settings will be so the next time, too.
          giveUp(reason.isEmpty ? "its agent has ended" : reason, isFinal: !reason.isEmpty)
        }
      default: try hosts.client?.take(message, from: self)
      }
    } catch {
      giveUp("it sends what means nothing", isFinal: false)
    }
  }

  /// It is to finish what it has, and to end; one that is not there is not tried any more.
  func drain() {
    if state == .draining || state == .drained { return }
    guard state == .ready else {
      set(.drained)
      kill()
      if process == nil || process?.record != nil { release() }
      return hosts.hasDrained(self)
    }
    set(.draining)
    hosts.noteChange()
    hosts.client?.drains(self)
  }

  /// Nothing is left to be done there.
  func dismiss() {
    guard isConnected else { return }
    set(.draining)
    send(FarOrder.bye())
  }

  /// Asks about processes there.
  func ask(_ question: FarQuestion, answer: @escaping (FarAnswer) -> Void) {
    questionCount += 1
    questions[questionCount] = answer
    send(FarMessage(.ask, questionCount, question.bytes))
  }

  func ping() {
    pingedAt = Clock.monotonic
    send(FarOrder.ping(.ping, pingedAt))
  }

  /// Looks whether it lives; called a few times in each period.
  func check(_ now: Int64) {
    guard isConnected || isPlacing, let connection else { return }
    if now - pingedAt >= FarTimes.period { ping() }
    guard now - connection.lastHeard >= FarTimes.lost else { return }
    // This process may have stood still itself: what has come counts.
    connection.receive(rounds: .max)
    guard isConnected || isPlacing,
      Clock.monotonic - connection.lastHeard >= FarTimes.lost
    else { return }
    giveUp("nothing was heard for \(durationText(Int(FarTimes.lost)))", isFinal: false)
  }

  /// How long nothing was heard, if that is long (ns).
  var silence: Int64? {
    guard isConnected, let connection else { return nil }
    let silence = Clock.monotonic - connection.lastHeard
    return silence > FarTimes.period + FarTimes.period / 5 ? silence : nil
  }
}
