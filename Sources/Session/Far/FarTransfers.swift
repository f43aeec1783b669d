import Language
import Machines
import Pools
import Posix
import Processes

/// Files that programs on other machines need, and those that they make.
extension ProgramRun {
  /// Opens what is to be sent for a task; throws where that cannot be read.
  func filesToSend(_ record: TaskRecord, _ slot: Int) throws -> [SentFile] {
    guard let sends = options.sends else { return [] }
    return try sends(record.input, record.index, slot).flatMap { try SentFile.all(at: $0) }
  }

  /// Sends the files of an attempt; its program is started when all are there.
  func send(_ files: [SentFile], for attempt: FarAttempt, at place: FarPlace) {
    for file in files {
      var number: UInt64 = 0
      let put = place.host.files?.put(file, isOfTask: true) {
        [weak self, weak place, weak attempt] in
        guard let self, let place, let attempt else { return }
        let problem = $0.map { "cannot send '\(FarPath.text(file.path))': \($0)" }
        hasMoved(number, attempt, at: place, problem)
      }
      guard let put else { continue }
      number = put
      attempt.files.append(number)
      attempt.transfers.insert(number)
    }
  }

  /// Fetches what a program has made; the attempt is over when all of it is here.
  func fetch(_ paths: [[UInt8]], _ attempt: FarAttempt, _ end: FarEnd, at place: FarPlace) {
    attempt.phase = .fetching(end)
    for path in paths {
      var number: UInt64 = 0
      let begun = place.host.files?.fetch(path) { [weak self, weak place, weak attempt] in
        guard let self, let place, let attempt else { return }
        hasMoved(number, attempt, at: place, $0)
      }
      guard let begun else { continue }
      number = begun
      attempt.transfers.insert(number)
    }
  }

  private func hasMoved(
    _ number: UInt64, _ attempt: FarAttempt, at place: FarPlace, _ problem: String?
  ) {
    attempt.transfers.remove(number)
    attempt.problem = attempt.problem ?? problem
    if !attempt.transfers.isEmpty, attempt.problem == nil { return }
    guard place.attempt === attempt else { return }
    changes += 1
    switch attempt.phase {
    case .sending where attempt.problem == nil:
      attempt.phase = .running
      send(attempt.request, attempt.batch, to: place)
    case .sending: conclude(place, attempt, nil, .error)
    case .fetching(let end):
      // A program whose results are not here has done nothing.
      conclude(place, attempt, attempt.problem == nil ? end : nil, .error)
    case .running, .over: return
    }
    scheduler.pump()
  }

  /// The attempt is not wanted any more, while its files are under way.
  func abandonTransfers(_ place: FarPlace, _ attempt: FarAttempt) {
    // The scheduler is not told while it asks.
    _ = session.loop.addTimer(at: Clock.monotonic) { [weak self, weak place, weak attempt] in
      guard let self, let place, let attempt, place.attempt === attempt else { return }
      var ended: FarEnd?
      if case .fetching(let end) = attempt.phase { ended = end }
      conclude(place, attempt, ended, .ended)
      scheduler.pump()
    }
  }

  /// Whether a program was cut off by the end of its host's time after more than half of it, twice.
  func isCutOff(_ attempt: FarAttempt, _ far: FarRun) -> Bool {
    let now = Clock.monotonic
    let host = attempt.host
    guard host.isEnding, now - attempt.begun > (now - host.readyAt) / 2 else { return false }
    far.cutOffs[attempt.index, default: 0] += 1
    return far.cutOffs[attempt.index, default: 0] >= 2
  }
}
