import Glibc
import Language
import Machines
import Posix
import Processes

/// The hosts of a pool or of a run.
final class FarHosts {
  let session: Session
  /// Whose they are; a forked child cannot use them.
  let owner = Process.pid
  let placement: FarPlacement
  /// For messages: `pool far`.
  let title: String
  private(set) var all: [FarHost] = []
  weak var client: (any FarClient)?
  var memoryLimit = 0
  /// The message of what each worker begins with.
  var initializer: [UInt8]?
  var sharesVariables = false
  private(set) var isEnding = false
  private var finals: Set<ObjectIdentifier> = []
  private var checkTimer: TimerID?
  private var waitTimer: TimerID?
  private var hasToldNone = false
  private var hasToldKill = false
  /// Says something where more than standard error is to be looked after.
  var speak: ((String) -> Void)?
  /// None is left, and none was to be had in the time that was given.
  private(set) var isHopeless = false
  private var signals: RunSignals?
  /// Whether Ctrl-Z is dealt with here.
  var handlesStop = true
  /// At most so many are started at once.
  private static let mostStarts = 8

  init(_ placement: FarPlacement, title: String, _ session: Session) {
    self.placement = placement
    self.title = title
    self.session = session
    all = placement.places.map { FarHost(self, $0) }
  }

  var hello: Hello {
    var hello = Hello()
    hello.host = Machine.hostName
    hello.pid = Process.pid
    hello.cpus = 1
    return hello
  }

  /// How many run at a time at a host with so many CPUs that has no number of its own; nil for one each.
  var jobsAt: ((_ cpus: Int) -> Int)?

  var ready: [FarHost] { all.filter(\.isReady) }

  /// How many can run at a time, as far as that is known.
  var capacity: Int { ready.reduce(0) { $0 + ($1.capacity ?? 0) } }

  /// The least time of the way there and back (ns), by the slowest host.
  var roundTrip: Int64 { ready.compactMap(\.roundTrip).max() ?? 0 }

  func begin() throws {
    try mapErrors {
      try Heartbeat.begin(Frame.frames(of: FarMessage(.ping))[0], every: FarTimes.period)
    }
    let signals = RunSignals(session)
    if handlesStop { signals.on(.tstp) { [weak self] in self?.stop() } }
    self.signals = signals
    session.machines.append(self)
    startMore()
    check()
  }

  func startMore() {
    if isEnding { return }
    var starting = all.count { $0.state == .starting }
    for host in all where host.state == .waiting {
      if starting >= FarHosts.mostStarts { return }
      starting += 1
      host.start()
    }
  }

  private func check() {
    let now = Clock.monotonic
    for host in all { host.check(now) }
    if isEnding { return }
    checkTimer = session.loop.addTimer(at: Clock.deadline(after: FarTimes.period / 5)) {
      [weak self] in self?.check()
    }
  }

  /// Something about a host is otherwise now.
  func noteChange() {
    startMore()
    guard !ready.isEmpty else { return }
    hasToldNone = false
    isHopeless = false
    if let waitTimer { session.loop.cancel(waitTimer) }
    waitTimer = nil
  }

  /// A host is lost, or could not be had.
  func hasLost(_ host: FarHost, _ reason: String, isFinal: Bool, wasConnected: Bool) {
    startMore()
    if isFinal {
      finals.insert(ObjectIdentifier(host))
      // Where no other is left either, the error has it.
      let isLast = all.allSatisfy { finals.contains(ObjectIdentifier($0)) || $0.state == .drained }
      if !wasConnected, !isLast { say("\(host.name): \(reason)") }
    } else if !wasConnected, host.failures == 1, all.count > 1 {
      // Of a single one `lookWhatIsLeft` tells.
      say("\(host.name): \(reason); trying again")
    }
    lookWhatIsLeft("\(host.name): \(reason)")
  }

  /// A host has done what it had, and gets nothing more.
  func hasDrained(_ host: FarHost) {
    if isEnding { return }
    startMore()
    lookWhatIsLeft("\(host.name): drained")
  }

  private func lookWhatIsLeft(_ news: String) {
    if isEnding || all.contains(where: { $0.isConnected }) { return }
    let mayCome = all.filter { !finals.contains(ObjectIdentifier($0)) && $0.state != .drained }
    if mayCome.isEmpty {
      isHopeless = true
      client?.lostAll(reasons)
      return
    }
    // The first attempts of others may still be under way.
    if mayCome.contains(where: { $0.state == .starting || $0.state == .waiting }), !hasToldNone {
      return
    }
    if !hasToldNone {
      hasToldNone = true
      say(
        "no host is left (\(news)); trying again for "
          + durationText(Int(placement.waitHosts)))
    }
    if waitTimer != nil { return }
    waitTimer = session.loop.addTimer(at: Clock.deadline(after: placement.waitHosts)) {
      [weak self] in
      guard let self else { return }
      waitTimer = nil
      guard ready.isEmpty else { return }
      isHopeless = true
      client?.lostAll(reasons)
    }
  }

  var reasons: [String] {
    all.compactMap { host in
      if host.state == .drained { return "\(host.name): drained" }
      return host.lastReason.map { "\(host.name): \($0)" }
    }
  }

  /// Tells that a host is lost, and what becomes of what ran there.
  func tell(_ host: FarHost, _ reason: String, lost: Int, repeated: Int, of what: String) {
    func count(_ number: Int) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
    let fate =
      if lost == 0 {
        ""
      } else if repeated == lost {
        "; \(count(lost)) that ran there \(lost == 1 ? "is" : "are") made again elsewhere"
      } else if repeated == 0 {
        "; \(count(lost)) that ran there \(lost == 1 ? "has" : "have") failed with it"
      } else {
        "; of \(count(lost)) that ran there \(repeated) \(repeated == 1 ? "is" : "are") made again"
      }
    say("\(host.name) is lost (\(reason))\(fate)")
    guard placement.isForeignAllocation, !hasToldKill, all.count > 1 else { return }
    hasToldKill = true
    say("an allocation made without --no-kill ends with the first node that fails")
  }

  /// Tells that a host's time has ended with something that ran there.
  func tellEnd(of host: FarHost, isRepeated: Bool, _ what: String) {
    let fate = isRepeated ? "is made again elsewhere" : "has failed with it"
    say("the time of \(host.name) has ended; a \(what) that ran there \(fate)")
  }

  func say(_ text: String) {
    if let speak { return speak(text) }
    Session.say("\(title): \(text)")
  }

  // MARK: Stopping

  /// Ctrl-Z: agents stop what runs there, and forgive silence until this process goes on.
  private func stop() {
    hold(true)
    kill(getpid(), SIGSTOP)
    hold(false)
  }

  func hold(_ isHeld: Bool) {
    for host in all where host.isConnected {
      host.send(FarMessage(.hold, 0, [isHeld ? 1 : 0]))
      host.connection?.finish(within: FarTimes.second)
      if !isHeld { host.connection?.noteGap() }
    }
  }

  func setAsynchronous(_ on: Bool) {
    for host in all where host.isConnected { host.connection?.setAsynchronous(on) }
  }

  func look() { for host in all { host.connection?.receive(rounds: 4) } }

  /// Lets go of all of them; what runs there is ended by their agents.
  func end() {
    if isEnding { return }
    isEnding = true
    session.machines.removeAll { $0 === self }
    signals?.end()
    for timer in [checkTimer, waitTimer] { if let timer { session.loop.cancel(timer) } }
    for host in all { host.end() }
    placement.grant?.release()
  }

  /// For whom the hosts were is gone.
  func letGo() {
    end()
    all = []
  }
}

extension Session {
  /// Lets other machines go, so that their ends are no news.
  func endMachines() { for hosts in machines where hosts.owner == Process.pid { hosts.end() } }
}
