import Glibc
import Language
import Machines
import Posix
import Processes

/// How the connection to a host ends, and what follows.
extension FarHost {
  // MARK: The end

  /// The connection is of no use: what ran there is lost at once.
  func giveUp(_ reason: String, isFinal: Bool) {
    guard state != .waiting, cause == nil else { return }
    cause = reason
    self.isFinal = isFinal
    connection?.close()
    kill()
    if process == nil || process?.record != nil { hasEnded() }
  }

  func hasClosed(_ end: FarConnection.End) {
    switch end {
    case .broken(.changed(let old, let new)):
      return giveUp(FarHost.text(changed: old, new), isFinal: true)
    case .broken(.garbage): return giveUp("something else than messages came", isFinal: false)
    case .broken(.tooLarge): return giveUp("it sends more than there may be", isFinal: false)
    case .broken(.noFrame): return giveUp("no agent greeted; much else came", isFinal: true)
    case .closed, .failed: break
    }
    if state == .drained { return }
    // How the launcher ended says more; it is not waited for long.
    let process = process
    _ = session.loop.addTimer(at: Clock.deadline(after: FarTimes.second)) { [weak self] in
      guard let self, self.process === process, process != nil else { return }
      giveUp("its connection was closed", isFinal: false)
    }
  }

  func kill() {
    guard let process, process.record == nil else { return }
    try? Process.send(.kill, toGroup: process.group)
  }

  /// Its launcher has ended.
  func hasEnded() {
    connection?.receive(rounds: .max)
    readErrors()
    let record = process.flatMap { (try? session.reapNow($0)) ?? $0.record }
    let wasOrderly = state == .drained
    var reason = cause ?? "its agent has ended"
    if cause == nil, let record {
      let text = String(decoding: errors, as: UTF8.self)
      var line = text.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
      let remedy = remedy(text)
      if !remedy.isEmpty, line.hasSuffix(".") { line.removeLast() }
      let how = record.exit.map { "exit \($0)" } ?? "ended by \(record.signal?.name ?? "a signal")"
      reason = "\(place.words.first ?? ""): \(how)\(TerminalText.line(line))"
      // A program that is not there, or cannot be run (POSIX, sh).
      isFinal =
        hello == nil && (126...127).contains(record.exit ?? 0)
        || FarHost.finalTexts.contains { text.contains($0) }
      reason += remedy
      if let connection, !connection.skipped.isEmpty, hello == nil {
        look(at: connection.skipped)
        if let cause { reason = cause }
      }
      if place.words.first == "srun",
        let (_, meaning) = FarHost.endsOfAllocations.first(where: { text.contains($0.text) })
      {
        isFinal = true
        reason += "; \(meaning)"
      }
      let isLauncherMissing = ["", "command "].contains {
        text.contains("\(place.name): \($0)not found")
      }
      if hello == nil, record.exit == 127, place.isCommand, hosts.placement.installs == nil,
        !isLauncherMissing
      {
        reason += "; to a place without a brood --install brings this one"
      }
    }
    release()
    if wasOrderly { return hosts.hasDrained(self) }
    fail(reason)
  }

  /// What is to be done about what ssh says.
  private func remedy(_ text: String) -> String {
    if place.login.isEmpty { return "" }
    if text.contains("IDENTIFICATION HAS CHANGED") {
      return "; its key is another than the known one: see what this says: \(place.login)"
    }
    if text.contains("Host key verification failed") {
      return "; its key is not known yet: log in once by hand: \(place.login)"
    }
    if text.contains("Permission denied") {
      return "; this must log in without a question first: \(place.login)"
    }
    return ""
  }

  /// What ssh says where trying again does not help.
  private static let finalTexts = [
    "Permission denied", "Host key verification failed", "Could not resolve hostname",
    "Too many authentication failures", "no matching host key",
  ]

  /// What srun says where trying again does not help, and what it means.
  private static let endsOfAllocations: [(text: String, meaning: String)] = [
    ("Requested node configuration is not available", "Slurm gives it no step in this allocation"),
    ("has expired", "the allocation has ended"),
    ("Invalid job id specified", "the allocation has ended"),
    ("already completing or completed", "the allocation has ended"),
  ]

  func release() {
    installer = nil
    isPlacing = false
    files?.close()
    files = nil
    let unanswered = questions.values
    questions = [:]
    for answer in unanswered { answer(FarAnswer(problem: "it is lost")) }
    connection?.close()
    connection = nil
    for watch in [exitWatch, errorWatch] { if let watch { session.loop.remove(watch) } }
    (exitWatch, errorWatch) = (nil, nil)
    Descriptors.close(errorEnd)
    Descriptors.close(pidfd)
    (errorEnd, pidfd) = (-1, -1)
    if let timer { session.loop.cancel(timer) }
    timer = nil
    process = nil
  }

  func fail(_ reason: String) {
    // The client may let go of all hosts on the way.
    let hosts = hosts
    let wasConnected = isConnected
    let wasDraining = state == .draining
    set(.lost(reason))
    lastReason = reason
    cause = nil
    hello = wasConnected ? hello : nil
    if wasConnected { hosts.client?.isLost(self, reason) }
    if hosts.isEnding { return }
    failures += 1
    if !isFinal, !wasDraining {
      let most = FarTimes.mostRetry * 2 / 3
      let wait = min(FarTimes.firstRetry << Int64(min(failures - 1, 6)), most)
      let moment = Clock.deadline(after: wait + Int64.random(in: 0...(wait / 2)))
      timer = session.loop.addTimer(at: moment) { [weak self] in
        guard let self else { return }
        timer = nil
        hello = nil
        set(.waiting)
        hosts.startMore()
      }
    }
    hosts.hasLost(self, reason, isFinal: isFinal || wasDraining, wasConnected: wasConnected)
  }

  /// Ends it, whatever it does.
  func end() {
    if isConnected {
      send(FarOrder.bye())
      connection?.finish(within: FarTimes.second / 10)
    }
    set(.drained)
    connection?.onEnd = nil
    // Its launcher ends by itself, or is ended after a while.
    if let process {
      _ = session.loop.addTimer(at: Clock.deadline(after: 2 * FarTimes.second)) {
        if process.record == nil { try? Process.send(.kill, toGroup: process.group) }
      }
    }
    release()
  }
}
